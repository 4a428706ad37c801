import itertools

import mpmath
import numpy as np
import pytest

from normcheck.cases.bounds.domain import masks
from normcheck.cases.bounds.normalization import Bounds, exact_of
from normcheck.cases.oracle.moving import first_state, moving
from normcheck.cases.oracle.normalization import Layout, Problem, Statistics, solve
from normcheck.tests.numerics import SUBJECTS, number, precise, problem, rows, values

LAYOUTS = {
    "rows": rows(2, 5),
    "one": rows(3, 1),
    "all": Layout((7,), None, (0,), (0,)),
    "two axes": Layout((2, 3, 2), None, (1, 2), (1, 2)),
    "axes reversed": Layout((2, 3, 2), None, (1, 2), (2, 1)),
    "channels": Layout((4, 2, 3), None, (0, 1), (2,)),
    "channels first": Layout((3, 2, 2), None, (0, 2), (1,)),
    "groups": Layout((2, 2, 4), (2, 2), (1, 3), (2, 3)),
    "groups first": Layout((2, 4, 2), (1, 2), (2, 3), (1, 2)),
}
FAMILIES = (
    "normal",
    "large-mean",
    "huge-mean",
    "outlier",
    "scaled-to-epsilon",
    "tiny-variance",
    "heavy-tails",
)


def given(layout, seed):
    size = (int(np.prod(layout.statistics_shape)),)
    return Statistics(values("moving_mean", size, seed), values("moving_variance", size, seed))


def variants(layout, seed):
    return (
        {},
        {"centred": False},
        {"statistics": given(layout, seed)},
        {"statistics": given(layout, seed), "floor": 1e-7, "epsilon": 1e-3},
        {"statistics": given(layout, seed), "floor": 0.75, "invert": True},
    )


def problems(dtype):
    for name, layout in LAYOUTS.items():
        for family in FAMILIES:
            for seed in ("1", "2"):
                for index, fields in enumerate(variants(layout, seed)):
                    yield problem(layout, family, dtype, f"{name}/{family}/{seed}/{index}", **fields)


def worst_ratio(asked):
    """The largest |oracle - truth| / T over everything in the domain."""
    answer, truth = solve(asked), precise(asked)
    bounds, worst = Bounds(answer), 0.0
    for subject in SUBJECTS:
        if getattr(answer, subject) is None:
            continue
        exact = exact_of(answer, subject)
        tolerance, judged = bounds.tolerance(subject, "A"), masks(bounds, subject).judged
        for index in itertools.product(*map(range, exact.shape)):
            if judged[index]:
                error = abs(number(exact, index) - truth[subject][index])
                worst = max(worst, float(error / mpmath.mpf(float(tolerance[index]))))
    return worst


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_thousand_answers_agree_with_arbitrary_precision(dtype):
    with mpmath.workdps(60):
        ratios = [worst_ratio(asked) for asked in problems(dtype)]
    assert len(ratios) == 630
    assert max(ratios) <= 1e-3


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_moving_statistics_agree_with_arbitrary_precision_over_three_steps(dtype):
    layout = LAYOUTS["channels"]
    state = first_state(values("moving_mean", (3,)), values("moving_variance", (3,)))
    alpha, factor = mpmath.mpf(0.1), mpmath.mpf(8 / 7)
    with mpmath.workdps(60):
        means = [mpmath.mpf(float(value)) for value in state.mean.hi]
        variances = [mpmath.mpf(float(value)) for value in state.variance.hi]
        for step, family in enumerate(("normal", "huge-mean", "outlier")):
            asked = problem(layout, family, dtype, str(step))
            truth = precise(asked)
            state = moving(solve(asked), state, 0.1, 8 / 7, dtype)
            means = [(1 - alpha) * old + alpha * new for old, new in zip(means, truth["mean"], strict=True)]
            variances = [
                (1 - alpha) * old + alpha * factor * new for old, new in zip(variances, truth["variance"], strict=True)
            ]
            bounds = state.mean_tolerance("A"), state.variance_tolerance("A")
            for index in range(3):
                assert abs(number(state.mean, (index,)) - means[index]) <= 1e-3 * bounds[0][index]
                assert abs(number(state.variance, (index,)) - variances[index]) <= 1e-3 * bounds[1][index]


def test_the_double_double_answer_is_far_below_the_last_bit_of_float64_at_a_mean_of_1e7():
    layout = rows(1, 12)
    asked = problem(layout, "normal", "float64")
    x = asked.x + 1e7
    shifted = Problem(x, "float64", layout, 2.0**-10, asked.gamma, asked.beta, asked.upstream)
    with mpmath.workdps(60):
        truth = precise(shifted)["output"]
        exact = solve(shifted).output
        errors = [abs(number(exact, i) - truth[i]) / abs(truth[i]) for i in np.ndindex(1, 12)]
    assert max(errors) < 2.0**-85


def test_one_element_per_group_is_answered_with_beta_and_no_gradient_to_the_input():
    asked = problem(rows(3, 1))
    answer = solve(asked)
    np.testing.assert_array_equal(answer.output.nearest, np.broadcast_to(asked.beta, (3, 1)))
    np.testing.assert_array_equal(answer.gradient_input.nearest, 0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["rows", "channels", "groups"])
def test_an_empty_batch_has_an_empty_output_and_zero_gradients_of_the_parameters(dtype, name):
    layout = LAYOUTS[name]
    empty = Layout((0, *layout.shape[1:]), layout.split, layout.reduce_axes, layout.parameter_axes)
    answer = solve(problem(empty, "normal", dtype))
    assert answer.output.shape == answer.gradient_input.shape == empty.shape
    np.testing.assert_array_equal(answer.gradient_gamma.nearest, np.zeros(empty.parameter_shape))
    assert Bounds(answer).tolerance("output", "A").shape == empty.shape


def test_parameters_follow_the_order_of_their_axes():
    forward, reverse = LAYOUTS["two axes"], LAYOUTS["axes reversed"]
    asked = problem(forward)
    turned = problem(reverse, gamma=asked.gamma.T, beta=asked.beta.T)
    one, other = solve(asked), solve(turned)
    np.testing.assert_array_equal(one.output.nearest, other.output.nearest)
    np.testing.assert_array_equal(one.gradient_gamma.nearest, other.gradient_gamma.nearest.T)


def test_group_normalization_keeps_one_parameter_per_channel():
    answer = solve(problem(LAYOUTS["groups"]))
    assert answer.gradient_gamma.shape == (4,)
    assert answer.moments[0].shape == (4,)


def test_what_was_not_given_has_no_gradient():
    asked = problem(rows(2, 5), gamma=None, beta=None)
    answer = solve(asked)
    assert answer.gradient_gamma is None
    assert answer.gradient_beta is None
    assert solve(problem(rows(2, 5), upstream=None)).gradient_input is None


def test_a_nan_stays_in_its_group():
    for dtype in ("float32", "float64"):
        output = solve(problem(rows(3, 5), "nan-row", dtype)).output.nearest
        np.testing.assert_array_equal(np.isnan(output).all(axis=1), [False, True, False])
        assert np.isfinite(output[[0, 2]]).all()


def test_groups_that_do_not_divide_the_axis_are_refused():
    with pytest.raises(ValueError, match="3 groups do not divide axis 1"):
        solve(Problem(np.zeros((2, 4)), "float32", Layout((2, 4), (1, 3), (2,), (1, 2)), 1e-3))


def test_a_floor_needs_given_statistics():
    with pytest.raises(ValueError, match="needs given statistics"):
        problem(rows(2, 5), floor=1e-7)
