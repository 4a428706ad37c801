import math

import numpy as np
import pytest

from normcheck.adapters.arrays import bfloat16_bits
from normcheck.cases.arithmetic.exact import as_exact
from normcheck.cases.bounds.domain import masks
from normcheck.cases.bounds.grades import measure
from normcheck.cases.bounds.normalization import Bounds
from normcheck.cases.oracle.answered import Masks
from normcheck.cases.oracle.normalization import Layout, solve
from normcheck.tests.numerics import graded, problem, rows

BATCH = Layout((6, 2, 3), None, (0, 1), (2,))
HOSTILE = (
    "normal",
    "scaled-to-epsilon",
    "large-mean",
    "huge-mean",
    "tiny-variance",
    "zero-variance",
    "constant-rows",
    "heavy-tails",
    "outlier",
    "alternating",
    "ramp",
    "one-hot",
    "subnormal",
    "near-overflow",
    "integers",
    "exact",
)


def narrowed(array, dtype):
    """One rounding to `dtype`, kept in float32 or wider."""
    if dtype != "bfloat16":
        return array.astype(dtype)
    return (bfloat16_bits(array).astype(np.uint32) << 16).view(np.float32)


def textbook(asked, accumulate=np.float32, one_pass=False, clamp=True):
    """Output and gradients as a textbook computes them, in one dtype throughout."""
    layout, kind = asked.layout, accumulate
    axes, shared, n = layout.reduce_axes, layout.shared_axes, kind(layout.group_size)
    x = asked.x.reshape(layout.split_shape).astype(kind)
    gamma, beta = layout.spread(asked.gamma).astype(kind), layout.spread(asked.beta).astype(kind)
    g = asked.upstream.reshape(layout.split_shape).astype(kind)
    mean = x.sum(axis=axes, keepdims=True, dtype=kind) / n
    if one_pass:
        variance = (x * x).sum(axis=axes, keepdims=True, dtype=kind) / n - mean * mean
        variance = np.maximum(variance, kind(0)) if clamp else variance
    else:
        variance = ((x - mean) ** 2).sum(axis=axes, keepdims=True, dtype=kind) / n
    with np.errstate(invalid="ignore"):
        r = kind(1) / np.sqrt(variance + kind(asked.epsilon))
    z = (x - mean) * r
    a = g * gamma
    c_1 = a.sum(axis=axes, keepdims=True, dtype=kind) / n
    c_2 = (a * z).sum(axis=axes, keepdims=True, dtype=kind) / n
    return {
        "output": (z * gamma + beta).reshape(layout.shape),
        "gradient_input": (r * (a - c_1 - z * c_2)).reshape(layout.shape),
        "gradient_gamma": layout.gathered((g * z).sum(axis=shared, dtype=kind)),
        "gradient_beta": layout.gathered(g.sum(axis=shared, dtype=kind)),
    }


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("family", HOSTILE)
@pytest.mark.parametrize("layout", [rows(3, 12), rows(2, 33), BATCH, Layout((2, 6, 4), (2, 2), (1, 3), (2, 3))])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_textbook_is_grade_a(layout, family, dtype):
    if family == "exact" and layout.shape[-1] % 4:
        family = "integers"
    asked = problem(layout, family, dtype)
    answer = solve(asked)
    for subject, got in textbook(asked, np.float64 if dtype == "float64" else np.float32).items():
        found = graded(answer, narrowed(got, dtype), subject)
        assert (found.grade, found.headroom <= 1) == ("A", True), (subject, found)


@pytest.mark.parametrize(("family", "grade"), [("normal", "A"), ("large-mean", "B1"), ("huge-mean", "B1")])
def test_one_pass_with_a_clamp_is_b1_at_a_mean_of_100(family, grade):
    asked = problem(rows(8, 33), family, epsilon=1e-5)
    assert graded(solve(asked), textbook(asked, one_pass=True)["output"]).grade == grade


def test_one_pass_without_a_clamp_is_f_at_a_mean_of_1e4():
    asked = problem(rows(8, 33), "huge-mean", epsilon=1e-5)
    got = textbook(asked, one_pass=True, clamp=False)["output"]
    found = graded(solve(asked), got)
    assert (found.grade, found.headroom) == ("F", math.inf)
    assert math.isnan(found.got)


def test_sums_kept_in_16_bits_are_c():
    asked = problem(rows(8, 33), "large-mean", "float16")
    assert graded(solve(asked), textbook(asked, np.float16)["output"]).grade == "C"


def test_two_more_roundings_in_the_storage_dtype_are_a2():
    asked = problem(rows(8, 33), "normal", "bfloat16")
    z = narrowed((textbook(asked)["output"] - asked.beta) / asked.gamma, "bfloat16")
    got = narrowed(narrowed(z * asked.gamma, "bfloat16") + asked.beta, "bfloat16")
    assert graded(solve(asked), got).grade == "A2"


@pytest.mark.parametrize(("centred", "error"), [(True, 2e-6), (False, 1e-6)])
def test_a_small_relative_error_of_the_reciprocal_deviation_is_f(centred, error):
    asked = problem(rows(8, 12), "scaled-to-epsilon", beta=None, centred=centred)
    answer = solve(asked)
    got = (answer.output.nearest * (1 + error)).astype(np.float32)
    assert graded(answer, got).grade == "F"


def test_float32_is_not_enough_for_float64():
    asked = problem(rows(8, 33), "normal", "float64")
    assert graded(solve(asked), textbook(asked, np.float32)["output"]).grade == "F"


def test_a_nan_where_a_number_is_wanted_is_f():
    asked = problem(rows(3, 12))
    got = textbook(asked)["output"]
    got[1, 4] = np.nan
    found = graded(solve(asked), got)
    assert (found.grade, found.index, found.headroom) == ("F", (1, 4), math.inf)


def test_a_laundered_nan_is_f_and_a_kept_one_is_judged():
    asked = problem(rows(3, 12), "nan-row")
    got = textbook(asked)["output"]
    kept = graded(solve(asked), got)
    assert (kept.grade, kept.judged, kept.information) == ("A", 36, 0)
    laundered = graded(solve(asked), np.nan_to_num(got))
    assert (laundered.grade, laundered.index[0]) == ("F", 1)


def test_an_infinity_in_a_group_must_not_leave_a_finite_output():
    asked = problem(rows(3, 12), "inf-row")
    with np.errstate(invalid="ignore"):
        got = textbook(asked)["output"]
    found = graded(solve(asked), got)
    assert (found.grade, found.judged, found.information) == ("A", 36, 0)
    assert graded(solve(asked), np.nan_to_num(got)).grade == "F"


def test_the_worst_element_is_reported_in_ulps_of_the_dtype():
    asked = problem(rows(3, 12), "integers", epsilon=2.0**-10)
    answer = solve(asked)
    got = answer.output.nearest.astype(np.float32)
    got[2, 5] += 1024 * np.spacing(np.abs(got[2, 5]))
    found = graded(answer, got)
    assert found.index == (2, 5)
    assert found.ulps == pytest.approx(1024, abs=1)
    assert (found.got, found.expected) == (float(got[2, 5]), float(answer.output.nearest[2, 5]))
    assert found.headroom == pytest.approx(abs(found.got - found.expected) / found.bound, rel=1e-6)


def test_a_shape_that_differs_is_an_error():
    with pytest.raises(ValueError, match="shape"):
        graded(solve(problem(rows(3, 12))), np.zeros((12, 3)))


def test_an_empty_array_is_judged_nowhere():
    found = graded(solve(problem(rows(0, 12))), np.zeros((0, 12), np.float32))
    assert (found.grade, found.judged, found.index) == ("A", 0, ())


def test_a_value_without_any_tolerance_must_be_met_exactly():
    exact, flags = as_exact(np.array([1.0, 0.0])), np.ones(2, np.bool_)
    for got, grade in (([1.0, 0.0], "A"), ([1.0, 1e-300], "F")):
        found = measure(
            np.array(got), exact, lambda _: np.zeros(2), Masks(flags, ~flags, np.zeros_like(flags)), "float64"
        )
        assert found.grade == grade


def test_a_bound_that_is_not_finite_is_met_by_nothing():
    asked = problem(rows(1, 12), "huge-mean", epsilon=0.0)
    bounds = Bounds(solve(asked))
    assert np.isinf(bounds.tolerance("output", "B")).any()
    assert masks(bounds, "output").judged.all()
    assert graded(bounds.answer, np.full((1, 12), 1e6, np.float32)).grade == "F"
