"""Filter response normalization: the oracle against arbitrary precision, the bounds against right and wrong."""

import itertools
from dataclasses import replace

import mpmath
import numpy as np
import pytest

from normcheck.adapters.arrays import decode
from normcheck.cases.oracle.expected import expected_steps
from normcheck.cases.oracle.filter_response import Filtered, solve
from normcheck.cases.requests.inputs import drawn, generate, structured
from normcheck.cases.suite import suite
from normcheck.tests.numerics import assert_right_ways_stay_inside, headroom, worst_ratio
from normcheck.tests.trials import DTYPES, Draw
from normcheck.tests.variants.filter_response import WAYS, answered

FAMILIES = ("normal", "heavy-tails", "outlier", "huge-mean", "tiny-variance", "one-hot", "near-overflow")
KINDS = ({}, {"learned": -0.75}, {"tau": True}, {"learned": 0.5, "tau": True})
TRIALS = range(40)


def asked(family="normal", shape=(2, 2, 3, 2), dtype="float32", seed="s", epsilon=1e-6, learned=None, tau=False):
    def values(role, laid):
        return decode(drawn(role, laid, dtype, seed)).astype(np.float64)

    each = (1, 1, 1, shape[-1])
    return Filtered(
        x=decode(generate(family, shape, dtype, seed, 1e-3)).astype(np.float64),
        dtype=dtype,
        axes=(1, 2),
        epsilon=epsilon,
        gamma=values("gamma", each),
        beta=values("beta", each),
        learned=None if learned is None else np.array([learned]),
        tau=values("tau", each) if tau else None,
        upstream=values("upstream", shape),
        structured=structured(family),
    )


def precise(problem):
    """Output and gradients in mpmath; those of the weights by the derivative of every output."""
    x, g = (np.vectorize(mpmath.mpf, otypes=[object])(one) for one in (problem.x, problem.upstream))
    gamma, beta = (np.vectorize(mpmath.mpf, otypes=[object])(one).ravel() for one in (problem.gamma, problem.beta))
    learned = mpmath.mpf(0) if problem.learned is None else mpmath.mpf(float(problem.learned[0]))
    zero = mpmath.mpf(0)
    found = {"output": x * 0, "gradient_input": x * 0}
    found |= {f"gradient_{role}": np.full(problem.gamma.shape, zero, object) for role in ("gamma", "beta", "tau")}
    found["gradient_learned_epsilon"] = np.full(1, zero, object)
    places = list(itertools.product(range(x.shape[1]), range(x.shape[2])))
    for n, c in itertools.product(range(x.shape[0]), range(x.shape[3])):
        s = sum(x[n, i, j, c] ** 2 for i, j in places) / len(places) + abs(mpmath.mpf(problem.epsilon)) + abs(learned)
        for i, j in places:
            t = gamma[c] * x[n, i, j, c] / mpmath.sqrt(s) + beta[c]
            tau = -mpmath.inf if problem.tau is None else mpmath.mpf(float(problem.tau[0, 0, 0, c]))
            found["output"][n, i, j, c] = max(t, tau)
            if t <= tau:
                found["gradient_tau"][0, 0, 0, c] += g[n, i, j, c]
                continue
            found["gradient_beta"][0, 0, 0, c] += g[n, i, j, c]
            found["gradient_gamma"][0, 0, 0, c] += g[n, i, j, c] * x[n, i, j, c] / mpmath.sqrt(s)
            found["gradient_input"][n, i, j, c] += g[n, i, j, c] * gamma[c] / mpmath.sqrt(s)
            inner = -g[n, i, j, c] * gamma[c] * x[n, i, j, c] / (2 * s * mpmath.sqrt(s))
            found["gradient_learned_epsilon"][0] += inner * mpmath.sign(learned)
            for k, m in places:
                found["gradient_input"][n, k, m, c] += inner * 2 * x[n, k, m, c] / len(places)
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_answers_agree_with_arbitrary_precision(dtype):
    with mpmath.workdps(60):
        for kind, family, epsilon in itertools.product(KINDS, FAMILIES, (1e-6, 4.0)):
            problem = asked(family, dtype=dtype, epsilon=epsilon, **kind)
            assert worst_ratio(solve(problem), precise(problem)) <= 1e-3, (kind, family, epsilon)


def test_fine_answers_are_those_of_the_usual_arithmetic():
    problem = asked(learned=-0.5, tau=True)
    usual, fine = solve(problem), solve(problem, finely=True)
    assert len(usual.subjects) == 6
    for subject in usual.subjects:
        np.testing.assert_allclose(usual.exact(subject).nearest, fine.exact(subject).nearest, rtol=1e-9)


def drawn_problem(number_):
    draw = Draw(f"filter response trial {number_}")
    sides = [draw.one(name, (1, 2, 3, 7, 16)) for name in ("height", "width")]
    shape = (draw.one("examples", (1, 2, 5)), *sides, draw.one("channels", (1, 2, 5)))
    return asked(
        *(draw.one("family", FAMILIES), shape, draw.one("dtype", DTYPES), draw.seed),
        epsilon=draw.one("epsilon", (1e-6, 2.0**-10, 0.5, 4.0, 0.0)),
        **draw.one("kind", KINDS),
    )


def test_no_right_implementation_is_outside_a_bound():
    assert_right_ways_stay_inside(TRIALS, WAYS, drawn_problem, solve, answered)


def test_a_root_that_is_off_by_a_millionth_is_seen():
    problem = asked(shape=(8, 3, 4, 5))
    off = replace(problem, gamma=problem.gamma * (1 + 2.0**-19))
    assert headroom(solve(problem), "output", solve(off).exact("output").nearest.astype(np.float32)) > 1


def test_a_gradient_that_a_near_threshold_decides_is_not_judged_and_its_output_is():
    x = np.array([3.0, 4.0, 0.0, 5.0]).reshape(1, 2, 2, 1)
    one = np.ones((1, 1, 1, 1))
    problem = Filtered(x, "float32", (1, 2), 0.0, one, 0 * one, tau=0 * one, upstream=np.ones(x.shape))
    answer = solve(problem)
    assert answer.masks("output").judged.all()
    for subject in ("gradient_input", "gradient_gamma", "gradient_beta", "gradient_tau"):
        assert not answer.masks(subject).judged.any(), subject
    lower = solve(replace(problem, tau=-one))
    assert all(lower.masks(subject).judged.all() for subject in lower.subjects)


def test_one_channels_threshold_leaves_the_others_judged():
    x = np.array([[3.0, 4.0], [0.0, 5.0]]).reshape(1, 2, 1, 2)
    tau = np.array([0.0, -8.0]).reshape(1, 1, 1, 2)
    problem = Filtered(x, "float32", (1, 2), 1.0, np.ones(tau.shape), 0 * tau, None, tau, np.ones(x.shape))
    answer = solve(problem)
    assert answer.masks("gradient_gamma").judged.ravel().tolist() == [False, True]
    assert answer.masks("gradient_input").judged[0, :, 0].tolist() == [[False, True]] * 2


def test_there_is_no_derivative_of_a_magnitude_at_zero():
    answer = solve(asked(learned=0.0))
    assert not answer.masks("gradient_learned_epsilon").judged.any()
    assert answer.masks("output").judged.all()


def test_a_nan_spoils_its_channel_of_its_example_and_nothing_else():
    problem = asked(shape=(2, 2, 2, 3))
    problem.x[1, 0, 1, 2] = np.nan
    masks = {subject: solve(problem).masks(subject) for subject in ("output", "gradient_gamma", "gradient_beta")}
    assert np.unique(np.argwhere(masks["output"].required_nan)[:, [0, 3]], axis=0).tolist() == [[1, 2]]
    assert masks["output"].judged.sum() == 20
    assert masks["gradient_gamma"].required_nan.ravel().tolist() == [False, False, True]
    assert masks["gradient_beta"].judged.all()


def test_a_channel_of_zeros_gives_beta():
    problem = asked(shape=(1, 2, 2, 2))
    problem.x[...] = 0.0
    answer = solve(problem)
    np.testing.assert_array_equal(answer.exact("output").nearest, np.broadcast_to(problem.beta, problem.x.shape))
    assert answer.masks("gradient_input").judged.all()


@pytest.mark.parametrize(
    ("wrong", "subject", "sentence"),
    [
        ({"epsilon": 0.0}, "output", "epsilon is ignored"),
        ({"learned": None, "epsilon": 0.5}, "output", "the learned epsilon is ignored"),
        ({"tau": None}, "output", "the threshold is ignored"),
        ({"tau": None}, "gradient_gamma", "the threshold lets all of the gradient through"),
        ({"axes": (1, 2, 3)}, "output", "the mean is taken over axes 1, 2, 3"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(wrong, subject, sentence):
    right = asked(shape=(2, 3, 4, 5), epsilon=0.5, learned=0.25 if "learned" in wrong else None, tau="tau" in wrong)
    assert solve(right).cause(subject, solve(replace(right, **wrong)).exact(subject).nearest) == sentence


def test_the_sign_of_a_learned_epsilon_is_named():
    answer = solve(asked(learned=-0.25, epsilon=0.5))
    got = -answer.exact("gradient_learned_epsilon").nearest
    assert answer.cause("gradient_learned_epsilon", got) == "the sign of the learned epsilon is ignored"


def test_every_case_proves_something():
    cases = [one for one in suite().cases if one.layer == "filter_response_normalization" and one.raises is None]
    assert len(cases) > 150
    for case in cases:
        for step in expected_steps(case, "keras"):
            assert not step.bounds.proves_nothing(), case.id
