import itertools
import json
import operator
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from normcheck.cases.bounds.domain import masks
from normcheck.cases.bounds.normalization import Bounds
from normcheck.cases.oracle.moving import first_state, moving
from normcheck.cases.oracle.normalization import Layout, solve
from normcheck.tests.false_alarms import OUTPUT, judged, main, numbered, table
from normcheck.tests.numerics import problem, rows
from normcheck.tests.trials import DTYPES, KINDS
from normcheck.tests.variants import VARIANTS, moments, scaling, sums
from normcheck.tests.variants.flushing import flushed
from normcheck.tests.variants.fused import fused
from normcheck.tests.variants.method import Method, answered

TRIALS = range(80)


@pytest.fixture(scope="module")
def found():
    """Every check of the first trials."""
    return [check for number in TRIALS for check in numbered(number)]


def worst(method, asked, subject="output"):
    """How much of the bound a method uses on one problem."""
    with np.errstate(all="ignore"):
        return judged(Bounds(solve(asked)), subject, answered(method, asked).arrays[subject]).headroom


def exactly(a, b, c):
    """a b + c, rounded once to float64, by whole numbers."""
    return float(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)))


def test_no_right_implementation_is_outside_a_bound(found):
    assert [check for check in found if check.alarm] == []


def test_every_variant_is_judged_on_every_layer_dtype_and_subject(found):
    seen = Counter((check.variant, check.kind, check.dtype) for check in found if check.judged)
    assert set(seen) == set(itertools.product(VARIANTS, KINDS, DTYPES))
    assert {check.subject for check in found} == {
        *("output", "gradient_input", "gradient_gamma", "gradient_beta", "moving_mean", "moving_variance"),
        *(f"{name} in inference" for name in ("output", "gradient_input", "gradient_gamma", "gradient_beta")),
    }


def test_the_variants_differ_in_what_they_answer():
    asked = problem(rows(40, 300), "heavy-tails")
    answers = {name: answered(method, asked) for name, method in VARIANTS.items()}
    bits = {
        b"".join(np.ascontiguousarray(array).tobytes() for array in one.arrays.values()) for one in answers.values()
    }
    assert len(bits) >= len(VARIANTS) - 2  # in float32 nothing is stored in between, and nothing here is subnormal


def test_a_shift_by_the_first_element_is_no_right_implementation():
    method = Method(moments=moments.shifted)
    assert worst(method, problem(rows(8, 33), "large-mean", epsilon=1e-5)) <= 1
    assert worst(method, problem(rows(4, 1026), "outlier", epsilon=1e-3)) > 1


def test_a_reciprocal_root_that_is_off_by_two_millionths_is_seen():
    def rough(s):
        return np.asarray(1 / np.sqrt(s) * s.dtype.type(1 + 2.0**-19), s.dtype)

    assert worst(Method(reciprocal=rough), problem(rows(4, 12), "scaled-to-epsilon")) > 1


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_fused_multiply_add_is_rounded_once(kind):
    bits = np.random.default_rng(5).standard_normal((3, 4000)).astype(kind)
    a, b, c = bits[0], bits[1], bits[2] * kind(2.0) ** np.tile(np.arange(-60, 20), 50).astype(kind)
    c[::2] = -(a * b)[::2]  # what is left is the rounding error of the product
    if kind is np.float64:
        np.testing.assert_array_equal(fused(a, b, c), list(map(exactly, a, b, c)))
        return
    exact = [Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z)) for x, y, z in zip(a, b, c, strict=True)]
    got = fused(a, b, c)
    beside = [[abs(Fraction(float(n)) - e) for n in near] for near, e in zip(neighbours(got), exact, strict=True)]
    own = [abs(Fraction(float(value)) - e) for value, e in zip(got, exact, strict=True)]
    assert all(map(operator.le, own, map(min, beside)))


def neighbours(values):
    """The float32 numbers below and above each value."""
    ends = (np.float32(-np.inf), np.float32(np.inf))
    return list(zip(*(np.nextafter(values, end) for end in ends), strict=True))


def test_a_fused_multiply_add_goes_where_two_roundings_would_not():
    a, b, c = (np.float32([x]) for x in (1 + 2.0**-23, 2.0**-24 * (1 - 2.0**-23), 1 + 2.0**-23))
    assert (a.astype(np.float64) * b + c).astype(np.float32)[0] == 1 + 2.0**-22
    assert fused(a, b, c)[0] == 1 + 2.0**-23


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 129])
def test_every_order_of_summation_adds_every_element_once(count):
    whole = np.arange(3 * count, dtype=np.float32).reshape(3, count)
    for total in {method.total for method in VARIANTS.values()}:
        np.testing.assert_array_equal(total(whole), whole.sum(axis=1, keepdims=True))


def test_kahans_sum_keeps_what_a_serial_one_loses():
    ones = np.ones((1, 2049), np.float32)
    ones[0, 0] = 2.0**24
    assert (sums.serial(ones)[0, 0], sums.kahan(ones)[0, 0]) == (2.0**24, 2.0**24 + 2048)


def test_flushing_arithmetic_knows_no_subnormal_number():
    small = flushed(np.float32([2.0**-126, 2.0**-127, -1.0]))
    np.testing.assert_array_equal(np.asarray(small), np.float32([2.0**-126, 0, -1]))
    np.testing.assert_array_equal(np.asarray(small * np.float32(0.5)), np.float32([0, 0, -0.5]))


@pytest.mark.parametrize("alpha", [0.01, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("update", [scaling.weighted, scaling.by_difference, scaling.fused_weighted])
def test_moving_statistics_may_be_moved_by_a_difference(update, alpha):
    layout = Layout((16, 64), None, (0,), (1,))
    answer = solve(problem(layout, "tiny-variance"))
    before = np.linspace(1, 100, 64) + 1 / 3
    old = before.astype(np.float32)
    state = moving(answer, first_state(old.astype(np.float64), old.astype(np.float64)), alpha, 1.0, "float32")
    for exact, bound, moment in zip(
        (state.mean, state.variance), (state.mean_tolerance, state.variance_tolerance), answer.moments, strict=True
    ):
        got = update(old, moment.nearest.astype(np.float32), alpha)
        assert (exact.distance(got) <= bound("A")).all()


def test_what_follows_from_a_moving_statistic_that_its_dtype_cannot_hold_has_no_verdict():
    asked = problem(Layout((16, 2), None, (0,), (1,)), "normal", "float16")
    asked = replace(asked, x=asked.x * [1024.0, 1.0])
    state = moving(solve(asked), first_state(np.zeros(2), np.ones(2)), 1.0, 1.0, "float16")
    np.testing.assert_array_equal(state.judged, [False, True])
    bounds = Bounds(solve(replace(asked, statistics=state.statistics())))
    for subject in ("output", "gradient_input"):
        np.testing.assert_array_equal(masks(bounds, subject).judged, np.tile([False, True], (16, 1)))
    np.testing.assert_array_equal(masks(bounds, "gradient_gamma").judged, [False, True])


def test_the_table_and_the_exit_status_tell_of_false_alarms(tmp_path, capsys, monkeypatch):
    full, short = tmp_path / "headroom.json", tmp_path / "false_alarms.json"
    words = ["--problems", "3", "--processes", "1", "--table", str(full), "--output", str(short)]
    assert main(words) == 0
    assert ", 3 problems, " in capsys.readouterr().out
    lines = json.loads((tmp_path / "headroom.json").read_text(encoding="utf-8"))
    assert lines == table([check for number in range(3) for check in numbered(number)])
    wrong = {"off": Method(place=lambda rows, mean, s, r: (rows.x, rows.x))}
    monkeypatch.setattr("normcheck.tests.false_alarms.VARIANTS", wrong)
    assert json.loads(short.read_text(encoding="utf-8"))["problems"] == 3
    assert main(words) == 1
    assert "false alarm: " in capsys.readouterr().out


def test_the_published_figures_are_those_of_a_whole_run_without_an_alarm():
    published = json.loads(OUTPUT.read_text(encoding="utf-8"))
    assert published["problems"] >= 1000
    assert [variant["id"] for variant in published["variants"]] == sorted(VARIANTS)
    assert sum(variant["alarms"] for variant in published["variants"]) == 0
