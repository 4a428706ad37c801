"""Change points of a series, by optimal partitioning; and the largest movements."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .history import Series

FEWEST = 3
"""Runs on either side of a change: fewer are not told from one bad day."""
SMALLEST = 0.01
"""What the noise of a series is taken to be at the least, as a share: times that repeat exactly know no noise."""
NORMAL = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A change point. at: the first point of the new level. before, after: the seconds of both levels."""

    series: Series
    at: int
    before: float
    after: float

    @property
    def change(self) -> float:
        """The new level against the old one, as a share."""
        return self.after / self.before - 1


def noise(values: Sequence[float]) -> float:
    """The standard deviation from one run to the next, of logarithms; a few changes of level leave it as it is."""
    steps = [after - before for before, after in pairwise(values)]
    if not steps:
        return SMALLEST
    spread = NORMAL * statistics.median(map(abs, steps)) / math.sqrt(2)
    return max(spread, SMALLEST)


def change_points(values: Sequence[float]) -> list[int]:
    """Where the level of `values` (logarithms) changes: the indices of the first value of each new level.

    Exact least squares over all partitions with at least `FEWEST` values in each part, with a penalty of
    3 log n variances for a change (Jackson et al., "An algorithm for optimal partitioning of data on an interval",
    2005; the penalty as in Killick, Fearnhead and Eckley, "Optimal detection of changepoints", 2012). O(n^2), for some
    hundred runs at most.
    """
    count = len(values)
    penalty = 3 * math.log(max(count, 2)) * noise(values) ** 2
    sums, squares = [0.0], [0.0]
    for value in values:
        sums.append(sums[-1] + value)
        squares.append(squares[-1] + value * value)

    def cost(start: int, end: int) -> float:
        total = sums[end] - sums[start]
        return squares[end] - squares[start] - total * total / (end - start)

    best, last = [-penalty] + [math.inf] * count, [0] * (count + 1)
    for end in range(FEWEST, count + 1):
        for start in (0, *range(FEWEST, end - FEWEST + 1)):
            found = best[start] + cost(start, end) + penalty
            if found < best[end]:
                best[end], last[end] = found, start
    ends, at = [], count
    while at > 0 and count >= FEWEST:
        at = last[at]
        ends.append(at)
    return sorted(end for end in ends if end)


def movements(series: Series) -> list[Movement]:
    """The changes of level of a series, in order."""
    logs = [math.log(value) for value in series.seconds]
    bounds = [0, *change_points(logs), len(logs)]
    levels = [math.exp(statistics.median(logs[start:end])) for start, end in pairwise(bounds)]
    return [
        Movement(series, at, before, after) for at, (before, after) in zip(bounds[1:-1], pairwise(levels), strict=True)
    ]


def largest(every: Iterable[Series]) -> list[Movement]:
    """The movements of all series, the largest first."""
    found = [movement for series in every for movement in movements(series)]
    return sorted(found, key=lambda one: -abs(math.log(one.after / one.before)))
