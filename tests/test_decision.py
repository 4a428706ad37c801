"""The statistics of the gate, on simulated noise of two levels with fixed seeds: no clock is read here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from normcheck.cases.benchmarks.decision import (
    Decision,
    Launch,
    Rules,
    decide,
    fails,
    launched,
    spreads,
    standard_error,
    summarised,
    variances,
)
from normcheck.cases.benchmarks.gate import LOOKS, PLACES
from normcheck.cases.benchmarks.student import cumulative, quantile

BENCHMARKS = 12
RULES = Rules(benchmarks=BENCHMARKS, looks=len(LOOKS))
QUIET, LAYOUT, LAUNCHES = (0.01, 0.002), (0.15, 0.0), (0.02, 0.02)


def decided(chance, shift, within, between):
    """One benchmark, launched until it is decided; the noise is (place to place, launch to launch)."""
    launches = []
    for look in LOOKS:
        while len(launches) < look:
            launches.append(summarised(shift + chance.normal(0, between) + chance.normal(0, within, PLACES)))
        found = decide(launches, RULES)
        if found.verdict != "undecided":
            return found
    return found


def many(shift, noise, count=400):
    chance = np.random.default_rng(20261121)
    return [decided(chance, math.log1p(shift), *noise) for _ in range(count)]


def share(found, *verdicts):
    return sum(one.verdict in verdicts for one in found) / len(found)


@pytest.mark.parametrize(
    ("probability", "degrees", "value"),
    [(0.975, 1, 12.7062), (0.975, 2, 4.30265), (0.995, 3, 5.84091), (0.975, 5, 2.57058), (0.999, 10, 4.14370)],
)
def test_the_quantiles_of_t_are_those_of_the_tables(probability, degrees, value):
    assert quantile(probability, degrees) == pytest.approx(value, rel=1e-5)
    assert cumulative(value, degrees) == pytest.approx(probability, abs=1e-6)


def test_t_is_symmetric_and_becomes_normal():
    assert cumulative(-1.3, 4) == pytest.approx(1 - cumulative(1.3, 4))
    assert quantile(0.975, 2000) == pytest.approx(1.9612, abs=2e-4)


def test_the_sides_are_compared_place_by_place_in_logarithms():
    base = np.asarray([[1.0, 1.0], [2.0, 8.0], [4.0, 4.0]])
    assert launched(base, 1.1 * base) == Launch(pytest.approx(math.log(1.1)), pytest.approx(0.0, abs=1e-12), 3)
    assert launched(base, np.asarray([[1.0, 1.0], [4.0, 4.0], [2.0, 8.0]])).middle == pytest.approx(0.0, abs=1e-12)


def test_a_place_in_four_may_be_disturbed_by_any_amount():
    quiet = np.linspace(-0.01, 0.01, PLACES)
    disturbed = np.where(np.arange(PLACES) < PLACES // 4, 3.0, quiet)
    assert abs(summarised(disturbed).middle) < 0.012
    assert summarised(disturbed).spread < 0.02


def test_both_levels_of_noise_are_estimated_apart():
    chance = np.random.default_rng(3)
    launches = [summarised(chance.normal(0, 0.04) + chance.normal(0, 0.02, PLACES)) for _ in range(4000)]
    within, between = spreads(launches)
    assert within == pytest.approx(0.02, rel=0.05)
    assert between == pytest.approx(0.04, rel=0.05)


def test_the_middle_of_a_launch_is_as_sure_as_it_is_said_to_be():
    chance = np.random.default_rng(4)
    inside, outside = variances([summarised(chance.normal(0, 0.05, PLACES)) for _ in range(4000)])
    assert inside == pytest.approx(outside, rel=0.1)


def test_launches_that_agree_too_well_do_not_make_the_error_small():
    launches = [summarised(np.asarray([-0.2, 0.2] * (PLACES // 2)))] * 3
    inside, outside = variances(launches)
    assert outside == 0.0 < inside
    assert standard_error(launches)[0] >= math.sqrt(inside / 3)


def test_launches_that_disagree_widen_the_interval():
    alike = decide([Launch(0.0, 0.0, PLACES)] * 4, RULES)
    apart = decide([Launch(shift, 0.0, PLACES) for shift in (-0.04, 0.04, -0.03, 0.03)], RULES)
    assert apart.high - apart.low > 2 * (alike.high - alike.low)
    assert (alike.verdict, apart.verdict) == ("same", "undecided")


def test_where_launches_differ_by_more_than_is_expected_they_alone_are_believed():
    launches = [Launch(shift, 0.0, PLACES) for shift in (-0.04, 0.04, -0.03, 0.03)]
    error, degrees = standard_error(launches)
    assert degrees == 3
    assert error == pytest.approx(math.sqrt(variances(launches)[1] / 4))


@pytest.mark.parametrize("noise", [QUIET, LAYOUT, LAUNCHES], ids=["quiet", "layout", "launches"])
def test_the_same_code_is_called_slower_in_less_than_one_benchmark_of_a_hundred(noise):
    found = many(0.0, noise, 1200)
    assert share(found, "slower") <= 0.004  # 5 % of runs of twelve, both sides together
    assert not any(fails(one, 0.10) for one in found)


@pytest.mark.parametrize("noise", [QUIET, LAYOUT, LAUNCHES], ids=["quiet", "layout", "launches"])
def test_a_slowdown_of_ten_percent_is_found(noise):
    found = many(0.10, noise)
    assert share(found, "slower") >= 0.95
    assert sum(fails(one, 0.10) for one in found) >= 0.95 * len(found)


@pytest.mark.parametrize("noise", [QUIET, LAYOUT, LAUNCHES], ids=["quiet", "layout", "launches"])
def test_a_slowdown_of_five_percent_is_found_or_left_open_and_never_bounded_away(noise):
    found = many(0.05, noise, 1200)
    assert share(found, "slower") >= 0.80
    assert share(found, "same") <= 0.004


def test_hardly_a_quiet_benchmark_needs_more_than_the_first_look():
    assert sum(one.launches == LOOKS[0] for one in many(0.0, QUIET)) >= 396


def test_the_smallest_slowdown_that_would_be_seen_is_told_from_none_four_times_in_five():
    chance = np.random.default_rng(5)

    def found(shift):
        noise = shift + chance.normal(0, 0.1, (400, 8, PLACES))
        return [decide([summarised(one) for one in launches], RULES) for launches in noise]

    detectable = float(np.median([one.detectable for one in found(0.0)]))
    seen = sum(one.low > 1 for one in found(math.log1p(detectable))) / 400
    assert 0.7 <= seen <= 0.9


def test_a_run_fails_for_what_is_surely_slower_and_may_be_as_slow():
    def one(verdict, low, high):
        return Decision(verdict, (low + high) / 2, low, high, 0.05, 3, PLACES, 0.01, 0.01)

    assert fails(one("slower", 1.08, 1.12), 0.10)
    assert not fails(one("slower", 1.04, 1.06), 0.10)
    assert not fails(one("undecided", 0.95, 1.20), 0.10)
    assert not fails(one("faster", 0.8, 0.9), 0.10)


def test_more_benchmarks_ask_for_more_certainty():
    assert Rules(benchmarks=12).tail == pytest.approx(Rules(benchmarks=1).tail / 12)
