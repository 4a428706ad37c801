"""From block times of two sides to a decision: pure functions, derived in docs/track-benchmarks.md.

Two levels of noise are estimated apart: from one place in memory to the next within a launch of both processes, and
from one launch to the next.
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
"""How many launches what is expected of the spread between launches is worth, when that is judged."""
LAUNCH_NOISE = 0.015
"""What launches of the same code are expected to differ by, as a standard deviation, beyond what places differ by."""
NORMAL = 1 / statistics.NormalDist().inv_cdf(0.75)
"""The standard deviation over the median of the distances from the middle, of normal values."""
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


@dataclass(frozen=True, slots=True)
class Launch:
    """What one launch of both sides says: the logarithm of new over base in the middle of its places.

    spread: the standard deviation from place to place.
    """

    middle: float
    spread: float
    places: int


def launched(base: Floats, new: Floats) -> Launch:
    """From blocks to what they say. base, new: seconds by (place, block), all positive.

    The blocks of a place were timed in turns, so that what lasts longer than they do disturbs both sides, and the means
    of their logarithms are compared place by place.
    """
    return summarised(np.asarray((np.log(new) - np.log(base)).mean(axis=1), np.float64))


def summarised(differences: Floats) -> Launch:
    """The differences of all places, as one launch.

    The middle is the median of the means of all pairs, each with itself too (Hodges and Lehmann, 1963): nearly as sure
    as the mean where the noise is normal, and not moved by a place in four that was disturbed. The spread is that of
    normal values with the same median distance from the middle.
    """
    one, other = np.triu_indices(len(differences))
    middle = float(np.median((differences[one] + differences[other]) / 2))
    return Launch(middle, NORMAL * float(np.median(np.abs(differences - middle))), len(differences))


def decide(launches: Sequence[Launch], rules: Rules) -> Decision:
    """What all launches so far say."""
    middle = statistics.fmean(one.middle for one in launches)
    error, degrees = standard_error(launches)
    reach = quantile(1 - rules.tail, degrees) * error
    told = Decision(
        "undecided",
        math.exp(middle),
        math.exp(middle - reach),
        math.exp(middle + reach),
        math.expm1(reach + quantile(POWER, degrees) * error),
        len(launches),
        min(one.places for one in launches),
        *spreads(launches),
    )
    return _judged(told, rules)


def spreads(launches: Sequence[Launch]) -> tuple[float, float]:
    """Standard deviations from place to place within a launch, and from launch to launch beyond that."""
    inside, outside = variances(launches)
    within = statistics.fmean(one.spread**2 for one in launches)
    return math.sqrt(within), math.sqrt(max(0.0, outside - inside))


def variances(launches: Sequence[Launch]) -> tuple[float, float]:
    """Of the middle of a launch: as the places within say, and as the launches do; one launch says the first alone.

    The middle of n normal values has the variance pi/3 times that of one over n.
    """
    inside = math.pi / 3 * statistics.fmean(one.spread**2 / one.places for one in launches)
    if len(launches) < 2:
        return inside, inside
    return inside, statistics.variance(one.middle for one in launches)


def standard_error(launches: Sequence[Launch]) -> tuple[float, int]:
    """Of the mean over launches, and its degrees of freedom.

    The spread between launches is known from few of them. Expected of it is what the places within say, and what
    launches of the same code usually differ by. Where launches differ by more than that, they alone are believed;
    where by less, it is moderated by what is expected, which counts as much as `PRIOR_LAUNCHES` more launches would
    (Smyth, "Linear models and empirical Bayes methods", 2004), and never below what the places say.
    """
    inside, outside = variances(launches)
    count, expected = len(launches), inside + LAUNCH_NOISE**2
    if outside > expected:
        return math.sqrt(outside / count), count - 1
    degrees = PRIOR_LAUNCHES + count - 1
    moderated = (PRIOR_LAUNCHES * expected + (count - 1) * outside) / degrees
    return math.sqrt(max(moderated, inside) / count), degrees


def _judged(told: Decision, rules: Rules) -> Decision:
    if 1 / (1 + rules.limit) < told.low and told.high < 1 + rules.limit:
        return replace(told, verdict="same")
    if told.low <= 1 <= told.high:
        return told
    return replace(told, verdict="slower" if told.low > 1 else "faster")


def fails(decision: Decision, slowdown: float) -> bool:
    """Whether a run is to fail: it is surely slower, and `slowdown`, as a share, cannot be ruled out."""
    return decision.verdict == "slower" and decision.high >= 1 + slowdown
