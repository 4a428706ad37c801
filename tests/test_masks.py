"""Masks: the exact answer against its definition, and what the judge makes of a mask that comes out."""

from dataclasses import replace

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.observe import observe
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.cases.bounds.grades import measure
from normcheck.cases.bounds.normalization import Bounds
from normcheck.cases.judgement.judge import judge
from normcheck.cases.oracle.normalization import Layout, solve
from normcheck.cases.requests.ask import request_for
from normcheck.cases.suite import suite
from normcheck.tests.numerics import problem

LAYOUT = Layout((5, 3, 4), None, (0, 1), (2,))
MASK = np.broadcast_to((np.arange(15) % 4 != 1).reshape(5, 3, 1), LAYOUT.shape)


def asked(**fields):
    return problem(LAYOUT, "normal", "float64", mask=MASK, **fields)


def loss(one, x):
    found = solve(replace(one, x=x)).output.nearest
    return float((found * one.upstream).sum())


def test_statistics_are_those_of_the_elements_that_count():
    one = asked()
    answer = solve(one)
    chosen = one.x[MASK[:, :, 0]]
    assert np.allclose(answer.mean.nearest.ravel(), chosen.mean(axis=0), rtol=1e-14)
    assert np.allclose(answer.variance.nearest.ravel(), chosen.var(axis=0), rtol=1e-14)


@pytest.mark.parametrize("index", [(0, 0, 0), (0, 1, 0), (4, 2, 3), (3, 0, 2)])
def test_the_gradient_is_the_slope_whether_an_element_counts_or_not(index):
    one = asked()
    step = np.zeros(LAYOUT.shape)
    step[index] = 1e-6
    slope = (loss(one, one.x + step) - loss(one, one.x - step)) / 2e-6
    assert solve(one).gradient_input.nearest[index] == pytest.approx(slope, rel=1e-6)


def test_a_mask_that_is_true_everywhere_changes_no_bit():
    one = asked()
    plain, masked = (solve(replace(one, mask=mask)) for mask in (None, np.ones(LAYOUT.shape, np.bool_)))
    for name in ("output", "gradient_input", "gradient_gamma", "mean", "variance"):
        assert np.array_equal(getattr(plain, name).hi, getattr(masked, name).hi), name
    for grade in ("A", "C"):
        bounds = [Bounds(one).tolerance("gradient_input", grade) for one in (plain, masked)]
        assert np.array_equal(*bounds)


def test_what_does_not_count_may_hold_anything():
    one = asked()
    wild = replace(one, x=np.where(MASK, one.x, np.nan))
    assert np.array_equal(solve(wild).mean.hi, solve(one).mean.hi)
    flags = Bounds(solve(wild)).masks("output")
    assert np.array_equal(flags.judged, MASK)
    assert np.array_equal(flags.required_nan, ~MASK)


def case_of(name):
    return suite().by_id[f"batch_normalization/{name}"]


def results(case, seen, aspect):
    return [(one.result, one.symptom) for one in judge(case, "keras", seen) if one.aspect == aspect]


def test_a_mask_that_is_lost_or_turned_round_is_found():
    case = case_of("one-that-counts")
    case = replace(case, requirements={**case.requirements, "mask": ("MK-1",)})
    seen = observe(ReferenceAdapter(), request_for(case, "keras"))
    lost = replace(seen, steps=(replace(seen.steps[0], mask=None),))
    turned = replace(seen, steps=(replace(seen.steps[0], mask=encode(~decode(seen.steps[0].mask))),))
    assert [result for result, _ in results(case, seen, "mask")] == ["right"]
    assert results(case, lost, "mask") == [("wrong", "no mask came out")]
    assert results(case, turned, "mask") == [("wrong", "another mask came out than went in")]


def test_where_nothing_counts_a_number_that_is_not_finite_is_found():
    case = case_of("none-that-counts")
    seen = observe(ReferenceAdapter(), request_for(case, "keras"))
    output = seen.steps[0].output
    broken = replace(seen, steps=(replace(seen.steps[0], output=encode(decode(output) * np.nan, output.dtype)),))
    assert [result for result, _ in results(case, seen, "mask")] == ["right", "right"]
    assert [result for result, _ in results(case, broken, "mask")] == ["right", "wrong"]


def test_an_adapter_without_masks_is_unsupported():
    class Maskless(ReferenceAdapter):
        def masked(self, *given):
            return super(ReferenceAdapter, self).masked(*given)

    case = case_of("masked-nan")
    seen = observe(Maskless(), request_for(case, "keras"))
    assert seen.unsupported == {"mask": "reference has no masks"}


def test_the_bound_of_a_masked_gradient_holds_in_float32():
    """A right answer in float32, and one whose gradient goes through the statistics of elements that do not count."""
    one = replace(asked(), dtype="float32")
    one = replace(one, x=one.x.astype(np.float32).astype(np.float64))
    bounds = Bounds(solve(one))
    exact = bounds.exact("gradient_input")
    flags = bounds.masks("gradient_input")
    right = exact.nearest.astype(np.float32)
    wrong = (solve(replace(one, mask=None)).gradient_input.nearest).astype(np.float32)
    grades = [
        measure(got, exact, lambda grade: bounds.tolerance("gradient_input", grade), flags, "float32").grade
        for got in (right, wrong)
    ]
    assert grades == ["A", "F"]
