"""Double-double arrays: unevaluated sums hi + lo of two float64 arrays, good for about 104 bits.

The algorithms are those of Joldes, Muller and Popescu ("Tight and rigorous error bounds for basic building
blocks of double-word arithmetic", 2017). A NaN or an infinity lives in `hi` alone; `lo` is then 0. Nothing
here silences NumPy's floating-point warnings: whoever computes with infinities does so under `np.errstate`.

`Floats` and `Exact` share the operators, `sum` and the functions below: a formula is written once for both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
UPPER_HALF = np.uint64(0xFFFF_FFFF_F800_0000)


@dataclass(frozen=True, slots=True, eq=False)
class Exact:
    """An array of values hi + lo, with hi the float64 nearest to the value. hi and lo have one shape."""

    hi: Floats
    lo: Floats
    __array_ufunc__ = None  # NumPy arrays on the left leave their operators to the ones below

    @property
    def nearest(self) -> Floats:
        """The float64 values nearest to these."""
        return self.hi

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.hi.shape

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.hi.size

    def reshape(self, shape: tuple[int, ...]) -> Exact:
        """The same values in another shape of the same size."""
        return Exact(self.hi.reshape(shape), self.lo.reshape(shape))

    def transpose(self, axes: tuple[int, ...]) -> Exact:
        """The same values with permuted axes."""
        return Exact(self.hi.transpose(axes), self.lo.transpose(axes))

    def distance(self, values: NDArray[Any]) -> Floats:
        """|values - self| for values of float64 or narrower, however close they are."""
        return np.abs((values.astype(np.float64) - self.hi) - self.lo)

    def sum(self, axis: tuple[int, ...], keepdims: bool = False) -> Exact:
        """The sum over `axis`, by a tree of double-double additions; 0 where there is nothing to add."""
        axes = tuple(sorted(item % self.hi.ndim for item in axis))
        kept = [item for item in range(self.hi.ndim) if item not in axes]
        count = math.prod(self.shape[item] for item in axes)
        outer = tuple(self.shape[item] for item in kept)
        total = _tree(self.transpose((*kept, *axes)).reshape((*outer, count)))
        full = tuple(1 if item in axes else size for item, size in enumerate(self.shape))
        return total.reshape(full if keepdims else outer)

    def __neg__(self) -> Exact:
        return Exact(-self.hi, -self.lo)

    def __add__(self, other: Exact | Floats | float) -> Exact:
        that = as_exact(other)
        first, error = _two_sum(self.hi, that.hi)
        second, rest = _two_sum(self.lo, that.lo)
        hi, lo = _quick_two_sum(first, error + second)
        return _settled(first, *_quick_two_sum(hi, lo + rest))

    def __sub__(self, other: Exact | Floats | float) -> Exact:
        return self + -as_exact(other)

    def __mul__(self, other: Exact | Floats | float) -> Exact:
        that = as_exact(other)
        product, error = _two_product(self.hi, that.hi)
        return _settled(product, *_quick_two_sum(product, error + (self.hi * that.lo + self.lo * that.hi)))

    def __truediv__(self, other: Exact | Floats | float) -> Exact:
        that = as_exact(other)
        first = self.hi / that.hi
        second = (self - that * first).hi / that.hi
        return _settled(first, *_quick_two_sum(first, second))

    def __radd__(self, other: Floats | float) -> Exact:
        return self + other

    def __rsub__(self, other: Floats | float) -> Exact:
        return -self + other

    def __rmul__(self, other: Floats | float) -> Exact:
        return self * other

    def __rtruediv__(self, other: Floats | float) -> Exact:
        return as_exact(other) / self


Value = TypeVar("Value", Floats, Exact)
Lift = Callable[[Exact | Floats], Value]
"""What takes values into the arithmetic that a formula is worked out in: `as_exact` or `plain`."""


def as_exact(values: Exact | Floats | float) -> Exact:
    """`values` as a double-double array; float64 arrays and numbers are taken as exact."""
    if isinstance(values, Exact):
        return values
    hi = np.asarray(values, np.float64)
    return Exact(hi, np.zeros_like(hi))


def nearest(values: Exact | Floats) -> Floats:
    """`values` as float64."""
    return values.hi if isinstance(values, Exact) else values


def plain(values: Exact | Floats) -> Floats:
    """The arithmetic of float64: `values` as an array of their own kind."""
    return np.asarray(nearest(values), np.float64)


def sqrt(values: Value) -> Value:
    """The square root; NaN of a negative number."""
    if not isinstance(values, Exact):
        return np.sqrt(values)
    first = np.sqrt(values.hi)
    square = Exact(*_two_product(first, first))
    correction = (values - square).hi / (2 * first)
    return _settled(first, *_quick_two_sum(first, np.where(first == 0, 0.0, correction)))


def maximum(values: Value, floor: float) -> Value:
    """`values` where they exceed `floor`, else `floor`; NaN stays."""
    if not isinstance(values, Exact):
        return np.maximum(values, floor)
    below = values.hi < floor
    return Exact(np.where(below, floor, values.hi), np.where(below, 0.0, values.lo))


def _tree(values: Exact) -> Exact:
    """The sum over the last axis, without it."""
    hi, lo = values.hi, values.lo
    if hi.shape[-1] == 0:
        return as_exact(np.zeros(hi.shape[:-1]))
    while (count := hi.shape[-1]) > 1:
        half = count // 2
        pairs = Exact(hi[..., :half], lo[..., :half]) + Exact(hi[..., half : 2 * half], lo[..., half : 2 * half])
        odd = count % 2
        hi = np.concatenate((pairs.hi, hi[..., -1:]), axis=-1) if odd else pairs.hi
        lo = np.concatenate((pairs.lo, lo[..., -1:]), axis=-1) if odd else pairs.lo
    return Exact(hi[..., 0], lo[..., 0])


def _two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The rounded sum a + b, and the rounding error (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _quick_two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """As `_two_sum`, for |a| >= |b| or a = 0 (Dekker)."""
    total = a + b
    return total, b - (total - a)


def _two_product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The rounded product a b, and the rounding error (Dekker), exact but for 2^-107 of the product.

    The factors are split by their bits, 26 and 27 of them, which unlike Veltkamp's splitting cannot overflow.
    """
    product = a * b
    a_hi, b_hi = _upper(a), _upper(b)
    a_lo, b_lo = a - a_hi, b - b_hi
    return product, ((a_hi * b_hi - product) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo


def _upper(values: Floats) -> Floats:
    return (np.asarray(values).view(np.uint64) & UPPER_HALF).view(np.float64)


def _settled(first: Floats, hi: Floats, lo: Floats) -> Exact:
    """The sum hi + lo, but `first` alone where that is not finite (an infinity's rounding error is NaN)."""
    finite = np.isfinite(hi)
    if finite.all():
        return Exact(np.asarray(hi), np.asarray(lo))
    return Exact(np.where(finite, hi, first), np.where(finite, lo, 0.0))
