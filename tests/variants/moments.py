"""Ways to the mean and the population variance of every row, or to 0 and the mean square: (m, n) to twice (m, 1)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from normcheck.adapters.reference.textbook import Values

from .sums import Sum

Dot = Callable[[Values, Values], Values]
Moments = Callable[[Values, bool, Sum, Dot], tuple[Values, Values]]


def _count(x: Values) -> Values:
    return x.dtype.type(x.shape[1])


def _mean_square(x: Values, dot: Dot) -> tuple[Values, Values]:
    return np.zeros_like(x[:, :1]), dot(x, x) / _count(x)


def two_pass(x: Values, centred: bool, total: Sum, dot: Dot) -> tuple[Values, Values]:
    """First the mean, then the squared distances from it."""
    if not centred:
        return _mean_square(x, dot)
    mean = total(x) / _count(x)
    distance = x - mean
    return mean, dot(distance, distance) / _count(x)


def corrected(x: Values, centred: bool, total: Sum, dot: Dot) -> tuple[Values, Values]:
    """Two passes, the second taking back what the rounded mean was off (Chan, Golub and LeVeque 1983)."""
    if not centred:
        return _mean_square(x, dot)
    mean = total(x) / _count(x)
    distance = x - mean
    rest = total(distance)
    return mean + rest / _count(x), np.maximum(dot(distance, distance) - rest * rest / _count(x), 0) / _count(x)


def by_reciprocal(x: Values, centred: bool, total: Sum, dot: Dot) -> tuple[Values, Values]:
    """Two passes, with products by 1 / n for the divisions by n."""
    part = x.dtype.type(1) / _count(x)
    mean = total(x) * part if centred else np.zeros_like(x[:, :1])
    distance = x - mean
    return mean, dot(distance, distance) * part


def welford(x: Values, centred: bool, total: Sum, dot: Dot) -> tuple[Values, Values]:
    """One element at a time, mean and squared distances brought up to date (Welford 1962)."""
    mean = np.zeros_like(x[:, :1])
    squares = np.zeros_like(mean)
    for place in range(x.shape[1]):
        one, seen = x[:, place : place + 1], x.dtype.type(place + 1)
        if centred:
            before = one - mean
            mean = mean + before / seen
            squares = squares + before * (one - mean)
        else:
            squares = squares + (one * one - squares) / seen
    return mean, squares / _count(x) if centred else squares


def blocks(width: int) -> Moments:
    """Blocks of `width` elements, each in two passes, then combined one by one (Chan, Golub and LeVeque 1979)."""

    def moments(x: Values, centred: bool, total: Sum, dot: Dot) -> tuple[Values, Values]:
        mean = squares = np.zeros_like(x[:, :1])
        for start in range(0, x.shape[1], width):
            block = x[:, start : start + width]
            own_mean, own_variance = two_pass(block, centred, total, dot)
            before, own = x.dtype.type(start), _count(block)
            apart = own_mean - mean
            mean = mean + apart * (own / (before + own))
            squares = squares + own_variance * own + apart * apart * (before * own / (before + own))
        return mean, squares / _count(x)

    return moments


def shifted(x: Values, centred: bool, total: Sum, dot: Dot) -> tuple[Values, Values]:
    """One pass over x less its first element: not right wherever that element is far from the mean.

    The rounding errors are those of E[(x - x0)^2] = v + (mu - x0)^2. Where x0 is an outlier among n elements
    (mu - x0)^2 is about n v, and the variance has lost n times what two passes lose.
    """
    if not centred:
        return _mean_square(x, dot)
    distance = x - x[:, :1]
    mean = total(distance) / _count(x)
    return mean + x[:, :1], np.maximum(dot(distance, distance) / _count(x) - mean * mean, 0)
