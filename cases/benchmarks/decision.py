"""From block times of two sides to a decision: pure functions, derived in docs/track-benchmarks.md.

Two levels of noise are estimated apart: from one place in memory to the next within a launch of both processes, and
from one launch to the next. Quads within a place are not a level: of them the median counts.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .student import quantile

Floats = NDArray[np.float64]
Verdict = Literal["faster", "slower", "same", "undecided"]

PRIOR_LAUNCHES = 2
"""How many launches the agreement within launches is worth, when the spread between launches is judged."""
LAUNCH_NOISE = 0.005
"""What two launches of the same code differ by even where a few launches happen not to show it."""
LEAST_LAUNCHES = 3
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Rules:
    """What is decided, and how surely.

    limit: what matters, as a share: `same` says that the difference is surely smaller. wrong: how often, at the most,
    any of `benchmarks` may be called slower or faster in a whole run where nothing is. looks: how often each may be
    looked at.
    """

    limit: float = 0.05
    wrong: float = 0.05
    benchmarks: int = 1
    looks: int = 4

    @property
    def tail(self) -> float:
        """How often one end of one interval, at one look, may lie on the wrong side of the truth (Bonferroni)."""
        return self.wrong / (2 * self.benchmarks * self.looks)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is known of one benchmark. ratio: new over base, with the ends of its interval.

    detectable: the smallest slowdown, as a share, whose interval would lie above 1 four times in five.
    spread_within, spread_between: of the logarithm of the ratio, from place to place and from launch to launch.
    """

    verdict: Verdict
    ratio: float
    low: float
    high: float
    detectable: float
    launches: int
    places: int
    spread_within: float
    spread_between: float


def place_differences(base: Floats, new: Floats) -> Floats:
    """The logarithm of new over base for each place in memory.

    base, new: seconds by (place, block), all positive, two blocks of each quad after one another; the result has the
    shape (place,). In each quad, whose blocks were timed within a few milliseconds, both sides are compared; of the
    quads of a place the median counts: what comes and goes disturbs few quads, and what lasts disturbs both sides.
    """
    return np.asarray(np.median(_by_quad(new) - _by_quad(base), axis=1), np.float64)


def _by_quad(blocks: Floats) -> Floats:
    return np.asarray(np.log(blocks).reshape(len(blocks), -1, 2).mean(axis=2), np.float64)


def decide(launches: Sequence[Floats], rules: Rules) -> Decision:
    """What the differences of all launches so far say. launches: for each, those by `place_differences`."""
    means = [float(one.mean()) for one in launches]
    count, places = len(launches), min(len(one) for one in launches)
    middle = statistics.fmean(means)
    within, between = spreads(launches)
    error, degrees = standard_error(launches)
    reach = quantile(1 - rules.tail, degrees) * error
    told = Decision(
        "undecided",
        math.exp(middle),
        math.exp(middle - reach),
        math.exp(middle + reach),
        math.expm1(reach + statistics.NormalDist().inv_cdf(POWER) * error),
        count,
        places,
        within,
        between,
    )
    return _judged(told, rules)


def spreads(launches: Sequence[Floats]) -> tuple[float, float]:
    """Standard deviations from place to place within a launch, and from launch to launch beyond that.

    The usual estimates of a nested design with one random factor: mean squares within and between.
    """
    inside, outside = mean_squares(launches)
    places = statistics.fmean(len(one) for one in launches)
    return math.sqrt(inside), math.sqrt(max(0.0, outside - inside) / places)


def mean_squares(launches: Sequence[Floats]) -> tuple[float, float]:
    """Within launches, and between them (per place); the second is the first where there is one launch."""
    degrees = sum(len(one) - 1 for one in launches)
    inside = sum(float(((one - one.mean()) ** 2).sum()) for one in launches) / max(1, degrees)
    if len(launches) < 2:
        return inside, inside
    places = statistics.fmean(len(one) for one in launches)
    return inside, places * statistics.variance(float(one.mean()) for one in launches)


def standard_error(launches: Sequence[Floats]) -> tuple[float, int]:
    """Of the mean over launches, and its degrees of freedom.

    The spread between launches is known from few of them. It is moderated by that within, which counts as much as
    `PRIOR_LAUNCHES` more launches would (Smyth, "Linear models and empirical Bayes methods", 2004), never below it, and
    never below what launches of the same code are known to differ by.
    """
    inside, outside = mean_squares(launches)
    count = len(launches)
    places = statistics.fmean(len(one) for one in launches)
    degrees = PRIOR_LAUNCHES + count - 1
    moderated = (PRIOR_LAUNCHES * inside + (count - 1) * outside) / degrees
    variance = max(moderated, inside) / places + LAUNCH_NOISE**2
    return math.sqrt(variance / count), degrees


def _judged(told: Decision, rules: Rules) -> Decision:
    if told.launches < LEAST_LAUNCHES:
        return told
    if 1 / (1 + rules.limit) < told.low and told.high < 1 + rules.limit:
        return replace(told, verdict="same")
    if told.low <= 1 <= told.high:
        return told
    return replace(told, verdict="slower" if told.low > 1 else "faster")


def fails(decision: Decision, slowdown: float) -> bool:
    """Whether a run is to fail: it is surely slower, and `slowdown`, as a share, cannot be ruled out."""
    return decision.verdict == "slower" and decision.high >= 1 + slowdown
