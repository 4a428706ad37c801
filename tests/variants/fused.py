"""Fused multiply-add: a b + c, rounded once.

After Boldo and Melquiond, "Emulation of FMA and correctly rounded sums" (2008). For float32 the product is exact in
float64; the sum is rounded there *to odd* (the last bit set where anything was lost), and rounding that to float32
gives what a single rounding of the exact value gives, since float64 has more than 24 + 2 bits. For float64 the exact
value is split into a leading number and a rest that is rounded to odd; their sum is rounded once. That holds as long
as no rounding error of the product is subnormal.
"""

from __future__ import annotations

import numpy as np

from normcheck.adapters.reference.textbook import Values
from normcheck.cases.arithmetic.exact import Floats


def fused(a: Values, b: Values, c: Values) -> Values:
    """a b + c, rounded once to their dtype."""
    kind = np.result_type(a, b, c)
    wide = [np.asarray(one, np.float64) for one in (a, b, c)]
    if kind == np.float32:
        return _added_to_odd(wide[0] * wide[1], wide[2]).astype(np.float32)
    high, low = _product(wide[0], wide[1])
    middle, least = _sum(wide[2], low)
    leading, rest = _sum(high, middle)
    exact = leading + _added_to_odd(rest, least)
    return np.where(np.isfinite(exact), exact, wide[0] * wide[1] + wide[2])


def _sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The rounded sum, and the rounding error (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _added_to_odd(a: Floats, b: Floats) -> Floats:
    """a + b in float64, rounded to odd: of the two neighbours of a sum that is inexact, the one that ends in 1."""
    total, error = _sum(a, b)
    even = (np.asarray(total).view(np.uint64) & np.uint64(1)) == 0
    beyond = np.where(error > 0, np.inf, -np.inf)
    moved = even & (error != 0) & np.isfinite(error)
    return np.where(moved, np.nextafter(total, beyond), total)


def _product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The rounded product, and the rounding error (Dekker, with Veltkamp's splitting)."""
    product = a * b
    a_hi, b_hi = _upper(a), _upper(b)
    a_lo, b_lo = a - a_hi, b - b_hi
    return product, ((a_hi * b_hi - product) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo


def _upper(values: Floats) -> Floats:
    scaled = values * (2.0**27 + 1)
    return scaled - (scaled - values)


def fused_dot(a: Values, b: Values) -> Values:
    """Sums of products along rows, each product added as it is made: (m, k) to (m, 1)."""
    a, b = np.broadcast_arrays(a, b)
    total = np.zeros_like(a[:, :1])
    for place in range(a.shape[1]):
        total = fused(a[:, place : place + 1], b[:, place : place + 1], total)
    return total
