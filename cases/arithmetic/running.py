"""Running error analysis: numbers together with how far off an implementation may have them.

After Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.3. Every operation passes on the errors
of what goes into it, second-order terms included, and adds its own: u of the result's size, and N, the smallest normal
number, should the result be flushed to zero. A sum of n terms adds H(n) u times the sum of their sizes
(`bounds.growth`). A power rounds with

    u for a square, 2u for a root, (3 |p ln a| + 4) u for a^p otherwise,

the last being what exp(p log a) costs: two roundings of p log a, one of log a, and exp's and a spare one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .exact import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """The exact value, rounded to float64, and the largest error it may have."""

    value: Floats
    error: Floats

    @property
    def size(self) -> Floats:
        """The largest magnitude it may have."""
        return np.abs(self.value) + self.error

    def __neg__(self) -> Ran:
        return Ran(-self.value, self.error)


@dataclass(frozen=True, slots=True)
class Rounding:
    """The arithmetic of an implementation. u: its unit roundoff; least: its smallest normal number."""

    u: float
    least: float

    def given(self, values: Floats) -> Ran:
        """An input or a gradient that comes in; subnormal numbers may be flushed to zero."""
        size = np.abs(values)
        return Ran(values, np.where(size < self.least, size, 0.0))

    def option(self, value: float) -> Ran:
        """An argument, as the arithmetic represents it."""
        return Ran(np.asarray(value), np.asarray(abs(value) * self.u))

    def off(self, number: Ran, roundings: Floats | float) -> Ran:
        """`number` after so many more roundings."""
        return Ran(number.value, number.error + roundings * self.u * number.size + self.least)

    def times(self, a: Ran, b: Ran) -> Ran:
        """The product."""
        error = np.abs(a.value) * b.error + a.error * b.size
        return self.off(Ran(a.value * b.value, error), 1)

    def plus(self, a: Ran, b: Ran) -> Ran:
        """The sum of two."""
        return self.off(Ran(a.value + b.value, a.error + b.error), 1)

    def inverse(self, a: Ran) -> Ran:
        """The reciprocal; anything where the number may be zero."""
        room = np.abs(a.value) - a.error
        error = np.where(room > 0, a.error / (np.abs(a.value) * room), math.inf)
        return self.off(Ran(1.0 / a.value, error), 1)

    def total(self, a: Ran, h: int, over: Callable[[Floats], Floats]) -> Ran:
        """A sum. over: what adds up an array's elements. h: by how many roundings it is off."""
        return Ran(over(a.value), over(a.error) + h * self.u * over(a.size))

    def power(self, a: Ran, exponent: float) -> Ran:
        """A number that is not negative to an exponent that is not zero."""
        if exponent == 1.0:
            return a
        value = a.value**exponent
        share = np.where(a.error > 0, a.error / a.value, 0.0)
        near = np.expm1(-abs(exponent) * np.log1p(-np.minimum(share, 0.5)))
        far = a.size**exponent if exponent > 0 else np.full_like(value, math.inf)
        passed = Ran(value, np.where(share < 0.5, value * near, far))
        if exponent in (2.0, 0.5):
            return self.off(passed, 1 if exponent == 2.0 else 2)
        size = np.abs(exponent * np.log(np.where(a.value > 0, a.value, 1.0)))
        return self.off(passed, 3 * size + 4)
