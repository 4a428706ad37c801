"""Exponentials, logarithms and real powers of double-double arrays, good for about 95 bits.

exp: Taylor's series of a 512th of what is left after taking out powers of two, then squared nine times (as Hida, Li and
Bailey do, "Algorithms for quad-double precision floating point arithmetic", 2001). log: one step of Newton's iteration,
with the next term, from float64's logarithm.
"""

from __future__ import annotations

import numpy as np

from .exact import Exact, Floats, Value, as_exact, sqrt

LN2 = Exact(np.float64(0.6931471805599453) + np.zeros(()), np.float64(2.3190468138462996e-17) + np.zeros(()))
TERMS = 9
HALVINGS = 9


def power(values: Value, exponent: Exact | float) -> Value:
    """`values`, none of them negative, to a real exponent other than 0; 1, 2 and 1/2 without a logarithm."""
    by = as_exact(exponent)
    if float(by.lo) == 0.0 and float(by.hi) in (0.5, 1.0, 2.0):
        return {0.5: sqrt(values), 1.0: values, 2.0: values * values}[float(by.hi)]
    if not isinstance(values, Exact):
        return np.power(values, by.hi)
    plain = np.power(values.hi, by.hi)
    usual = np.isfinite(values.hi) & (values.hi > 0)
    safe = Exact(np.where(usual, values.hi, 1.0), np.where(usual, values.lo, 0.0))
    found = exp(by * log(safe))
    return Exact(np.where(usual, found.hi, plain), np.where(usual, found.lo, 0.0))


def exp(values: Exact) -> Exact:
    """The exponential function."""
    twos = np.rint(values.hi / LN2.hi)
    small = _scaled(values - LN2 * twos, np.full(values.shape, -HALVINGS))
    total = term = small
    for n in range(2, TERMS + 1):
        term = term * small / float(n)
        total = total + term
    for _ in range(HALVINGS):
        total = total * 2.0 + total * total
    return _scaled(total + 1.0, np.clip(twos, -4000, 4000).astype(np.int64))


def log(values: Exact) -> Exact:
    """The natural logarithm of positive numbers."""
    _, twos = np.frexp(values.hi)
    part = _scaled(values, -twos)
    first = np.log(part.hi)
    rest = part * exp(-as_exact(first)) - 1.0
    return LN2 * twos.astype(np.float64) + (as_exact(first) + (rest - rest * rest * 0.5))


def _scaled(values: Exact, twos: Floats) -> Exact:
    """`values` times powers of two."""
    return Exact(np.ldexp(values.hi, twos), np.ldexp(values.lo, twos))
