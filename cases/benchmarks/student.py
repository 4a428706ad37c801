"""Student's t distribution for whole degrees of freedom; nothing else of it is needed, and no package for it."""

from __future__ import annotations

import math
from functools import lru_cache

PRECISE = 1e-12


def cumulative(value: float, degrees: int) -> float:
    """The probability that t with `degrees` of freedom is at most `value`.

    The finite series of Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4.
    """
    angle = math.atan2(value, math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    if degrees % 2:
        term, total = cosine, cosine if degrees > 1 else 0.0
        for k in range(3, degrees - 1, 2):
            term *= cosine**2 * (k - 1) / k
            total += term
        inside = 2 / math.pi * (angle + sine * total)
    else:
        term = total = 1.0
        for k in range(2, degrees - 1, 2):
            term *= cosine**2 * (k - 1) / k
            total += term
        inside = sine * total
    return 0.5 + inside / 2


@lru_cache(maxsize=1024)
def quantile(probability: float, degrees: int) -> float:
    """The value that t stays below with `probability`, which is above 0.5; found by halving."""
    low, high = 0.0, 1.0
    while cumulative(high, degrees) < probability:
        high *= 2
    while high - low > PRECISE * high:
        middle = (low + high) / 2
        if cumulative(middle, degrees) < probability:
            low = middle
        else:
            high = middle
    return high
