"""Unit and local response normalization: the oracle against arbitrary precision, the bounds against right and wrong."""

import itertools
from dataclasses import replace

import mpmath
import numpy as np
import pytest

from normcheck.adapters.arrays import decode
from normcheck.cases.oracle import response, unit
from normcheck.cases.oracle.response import Response
from normcheck.cases.oracle.unit import Unit
from normcheck.cases.requests.inputs import drawn, generate, structured
from normcheck.cases.suite import suite
from normcheck.tests.numerics import assert_right_ways_stay_inside, headroom, worst_ratio
from normcheck.tests.trials import DTYPES, Draw
from normcheck.tests.variants.formulas import WAYS, Way
from normcheck.tests.variants.formulas import response as by_way_response
from normcheck.tests.variants.formulas import unit as by_way_unit

FAMILIES = ("normal", "heavy-tails", "outlier", "huge-mean", "tiny-variance", "one-hot", "subnormal", "near-overflow")
TRIALS = range(60)


def arrays(family, shape, dtype, seed):
    x, g = generate(family, shape, dtype, seed, 1e-3), drawn("upstream", shape, dtype, seed)
    return tuple(decode(one).astype(np.float64) for one in (x, g))


def a_unit(family="normal", shape=(3, 7), dtype="float32", seed="s", axes=(1,), order=2.0, epsilon=1e-12):
    x, g = arrays(family, shape, dtype, seed)
    return Unit(x, dtype, axes, order, epsilon, g, structured(family))


def a_response(family="normal", shape=(2, 6, 3), dtype="float32", seed="s", size=3, alpha=2.0, beta=0.75, k=0.5):
    x, g = arrays(family, shape, dtype, seed)
    return Response(x, dtype, size, alpha, beta, k, g, structured(family))


def precise_unit(asked):
    """Output and gradient in mpmath, vector by vector."""
    output, inward = (np.full(asked.x.shape, mpmath.mpf(0), object) for _ in range(2))
    kept = [axis for axis in range(asked.x.ndim) if axis not in asked.axes]
    for place in itertools.product(*(range(asked.x.shape[axis]) for axis in kept)):
        where = [slice(None)] * asked.x.ndim
        for axis, index in zip(kept, place, strict=True):
            where[axis] = index
        x = [mpmath.mpf(float(one)) for one in asked.x[tuple(where)].ravel()]
        g = [mpmath.mpf(float(one)) for one in asked.upstream[tuple(where)].ravel()]
        y, dx = _vector(x, g, asked.order, mpmath.mpf(asked.epsilon))
        shape = asked.x[tuple(where)].shape
        output[tuple(where)] = np.array(y, object).reshape(shape)
        inward[tuple(where)] = np.array(dx, object).reshape(shape)
    return {"output": output, "gradient_input": inward}


def _vector(x, g, order, epsilon):
    largest = max(abs(one) for one in x)
    norm = largest if order == np.inf else mpmath.nsum(lambda i: 0, [0, 0]) + sum(abs(one) ** order for one in x)
    norm = norm if order == np.inf else norm ** (mpmath.mpf(1) / mpmath.mpf(order))
    if norm <= epsilon:
        return [one / epsilon for one in x], [one / epsilon for one in g]
    along = sum(one * other for one, other in zip(g, x, strict=True)) / norm
    if order == np.inf:
        steep = [mpmath.sign(one) if abs(one) == largest else mpmath.mpf(0) for one in x]
    else:
        steep = [mpmath.sign(one) * (abs(one) / norm) ** (mpmath.mpf(order) - 1) if one else mpmath.mpf(0) for one in x]
    gradient = [(one - along * slope) / norm for one, slope in zip(g, steep, strict=True)]
    return [one / norm for one in x], gradient


def precise_response(asked):
    """Output and gradient in mpmath, by the derivative of every output after every input."""
    channels = asked.x.shape[1]
    output, inward = (np.full(asked.x.shape, mpmath.mpf(0), object) for _ in range(2))
    share = mpmath.mpf(asked.alpha) / asked.size
    for n, p in itertools.product(range(asked.x.shape[0]), range(asked.x.shape[2])):
        x, g = ([mpmath.mpf(float(one)) for one in values[n, :, p]] for values in (asked.x, asked.upstream))
        for c in range(channels):
            window = [c + step for step in range(-(asked.size // 2), (asked.size + 1) // 2) if 0 <= c + step < channels]
            s = mpmath.mpf(asked.k) + share * sum(x[j] ** 2 for j in window)
            output[n, c, p] = x[c] * s ** -mpmath.mpf(asked.beta)
            inward[n, c, p] += g[c] * s ** -mpmath.mpf(asked.beta)
            for j in window:
                inward[n, j, p] -= (
                    g[c] * x[c] * mpmath.mpf(asked.beta) * s ** -mpmath.mpf(asked.beta + 1) * share * 2 * x[j]
                )
    return {"output": output, "gradient_input": inward}


UNITS = [
    {"order": order, **more}
    for order in (1.0, 2.0, 3.0, 1.5, np.inf)
    for more in ({}, {"axes": (0,)}, {"axes": (0, 2), "shape": (2, 3, 2)}, {"epsilon": 2.5})
]
RESPONSES = [
    {"size": size, "beta": beta, "k": k}
    for size, beta, k in itertools.product((1, 2, 3, 4, 9), (0.75, 2.0, 1.0), (0.5, 0.0))
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_units_agree_with_arbitrary_precision(dtype):
    with mpmath.workdps(60):
        for fields, family in itertools.product(UNITS, FAMILIES):
            asked = a_unit(family, **{"shape": (3, 5), **fields}, dtype=dtype)
            assert worst_ratio(unit.solve(asked), precise_unit(asked)) <= 1e-3, (fields, family)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_responses_agree_with_arbitrary_precision(dtype):
    with mpmath.workdps(60):
        for fields, family in itertools.product(RESPONSES, ("normal", "outlier", "heavy-tails", "near-overflow")):
            asked = a_response(family, (1, 5, 2), dtype=dtype, **fields)
            assert worst_ratio(response.solve(asked), precise_response(asked)) <= 1e-3, (fields, family)


def test_fine_answers_are_those_of_the_usual_arithmetic():
    for solve, asked in ((unit.solve, a_unit(order=3.0)), (response.solve, a_response())):
        usual, fine = solve(asked), solve(asked, finely=True)
        for subject in usual.subjects:
            np.testing.assert_allclose(usual.exact(subject).nearest, fine.exact(subject).nearest, rtol=1e-9)


def drawn_unit(number):
    draw = Draw(f"unit trial {number}")
    shape = (draw.one("rows", (1, 2, 3)), draw.one("length", (1, 2, 3, 7, 8, 33, 127, 300)))
    order = draw.one("order", (1.0, 2.0, 2.0, 3.0, 1.5, np.inf))
    epsilon = draw.one("epsilon", (1e-12, 1e-12, 0.0, 0.5, 4.0))
    return a_unit(draw.one("family", FAMILIES), shape, draw.one("dtype", DTYPES), draw.seed, (1,), order, epsilon)


def drawn_response(number):
    draw = Draw(f"response trial {number}")
    shape = (draw.one("rows", (1, 2)), draw.one("channels", (1, 2, 5, 9, 64)), draw.one("places", (1, 3)))
    return a_response(
        *(draw.one("family", FAMILIES), shape, draw.one("dtype", DTYPES), draw.seed, draw.one("size", (1, 2, 3, 5, 8))),
        alpha=draw.one("alpha", (1e-4, 1.0, 3.0)),
        beta=draw.one("beta", (0.75, 0.5, 1.0, 2.0)),
        k=draw.one("k", (1.0, 2.0, 0.25)),
    )


@pytest.mark.parametrize(
    ("draw", "solve", "answered"),
    [(drawn_unit, unit.solve, by_way_unit), (drawn_response, response.solve, by_way_response)],
    ids=["unit", "response"],
)
def test_no_right_implementation_is_outside_a_bound(draw, solve, answered):
    assert_right_ways_stay_inside(TRIALS, WAYS, draw, solve, answered)


def test_a_power_that_is_off_by_a_millionth_is_seen():
    rough = Way(power=lambda values, exponent: np.float32(values**exponent) * np.float32(1 + 2.0**-19))
    with np.errstate(all="ignore"):
        asked = a_unit(shape=(8, 12))
        assert headroom(unit.solve(asked), "output", by_way_unit(rough, asked)["output"]) > 1
        local = a_response(shape=(4, 12, 2))
        assert headroom(response.solve(local), "output", by_way_response(rough, local)["output"]) > 1


def test_a_vector_of_zeros_gives_zeros_and_the_incoming_gradient_over_epsilon():
    asked = replace(a_unit(shape=(2, 3)), x=np.array([[0.0, 0, 0], [3, 0, 4]]))
    answer = unit.solve(asked)
    np.testing.assert_array_equal(answer.exact("output").nearest, [[0, 0, 0], [0.6, 0, 0.8]])
    np.testing.assert_array_equal(answer.exact("gradient_input").nearest[0], asked.upstream[0] / 1e-12)
    assert answer.masks("output").judged.all()
    assert answer.masks("gradient_input").judged.all()


def test_there_is_no_verdict_where_there_is_no_derivative():
    tied = replace(a_unit(order=np.inf), x=np.array([[2.0, -2.0, 1.0], [3.0, 1.0, 0.0]]), upstream=np.ones((2, 3)))
    judged = unit.solve(tied).masks("gradient_input").judged
    np.testing.assert_array_equal(judged, [[False] * 3, [True] * 3])
    kink = replace(tied, order=1.0)
    np.testing.assert_array_equal(unit.solve(kink).masks("gradient_input").judged, [[True] * 3, [True, True, False]])


def test_a_nan_spoils_what_is_computed_from_it_and_nothing_else():
    asked = a_unit(shape=(3, 5), family="nan-row")
    required = unit.solve(asked).masks("output").required_nan
    np.testing.assert_array_equal(required, np.repeat([[False], [True], [False]], 5, axis=1))
    local = a_response("nan-row", (1, 7, 1), size=2)
    masks = {
        subject: response.solve(local).masks(subject).required_nan[0, :, 0] for subject in ("output", "gradient_input")
    }
    assert np.flatnonzero(masks["output"]).tolist() == [3, 4]
    assert np.flatnonzero(masks["gradient_input"]).tolist() == [2, 3, 4]


def test_squares_that_overflow_have_no_verdict():
    asked = replace(a_unit(shape=(2, 2)), x=np.array([[1e25, 1.0], [1.0, 2.0]]))
    np.testing.assert_array_equal(unit.solve(asked).masks("output").judged[:, 0], [False, True])


def test_the_window_of_an_even_size_stands_before_the_channel():
    asked = replace(
        a_response(shape=(1, 4, 1), size=2, alpha=2.0, beta=1.0, k=0.0), x=np.array([[[1.0], [2], [3], [4]]])
    )
    np.testing.assert_allclose(response.solve(asked).exact("output").nearest[0, :, 0], [1, 2 / 5, 3 / 13, 4 / 25])


def test_the_cause_of_a_wrong_answer_is_named():
    asked = a_response(size=3)
    wrong = response.solve(replace(asked, alpha=6.0)).exact("output").nearest
    assert response.solve(asked).cause("output", wrong) == "alpha is not divided by the size"
    one = a_unit(order=1.0)
    assert "order 2, not 1" in unit.solve(one).cause(
        "output", unit.solve(replace(one, order=2.0)).exact("output").nearest
    )


def test_every_case_of_the_two_layers_proves_something():
    from normcheck.cases.oracle.expected import expected_steps

    for case in suite().cases:
        if case.layer in ("unit_normalization", "local_response_normalization") and case.raises is None:
            for step in expected_steps(case, (case.dialects or ("keras",))[0]):
                assert not step.bounds.proves_nothing(), case.id
