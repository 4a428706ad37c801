"""Automatic differentiation of arithmetic on matrices (m, n), columns (m, 1) and numbers: duals and a tape.

Both carry values of any kind that has the arithmetic, each other included: a dual of duals is a second derivative, a
tape of tapes reverse over reverse, a tape of duals forward over reverse, a dual of tapes reverse over forward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from .sums import Sum
from .tape import in_order

Number: TypeAlias = Any
"""An array, a Dual or a Var; on the right of an operator also a number."""


def root(value: Number) -> Number:
    """The square root."""
    return value.sqrt() if isinstance(value, Dual | Var) else np.sqrt(value)


def summed(value: Number, total: Sum) -> Number:
    """The sums of the rows."""
    return value.sum(total) if isinstance(value, Dual | Var) else total(value)


def spread(value: Number, width: int) -> Number:
    """A column as a matrix of so many equal columns."""
    if isinstance(value, Dual | Var):
        return value.spread(width)
    return np.broadcast_to(value, (value.shape[0], width))


def width_of(value: Number) -> int:
    """How many columns a value has; 0 for a number."""
    if isinstance(value, Dual | Var):
        return width_of(value.value)
    return value.shape[1] if np.ndim(value) else 0


@dataclass(frozen=True, slots=True, eq=False)
class Dual:
    """A value and its derivative in a direction."""

    value: Number
    slope: Number
    __array_ufunc__ = None

    def __add__(self, other: Number) -> Dual:
        that = _dual(other)
        return Dual(self.value + that.value, self.slope + that.slope) if that else Dual(self.value + other, self.slope)

    def __sub__(self, other: Number) -> Dual:
        that = _dual(other)
        return Dual(self.value - that.value, self.slope - that.slope) if that else Dual(self.value - other, self.slope)

    def __mul__(self, other: Number) -> Dual:
        that = _dual(other)
        if that is None:
            return Dual(self.value * other, self.slope * other)
        return Dual(self.value * that.value, self.slope * that.value + that.slope * self.value)

    def __truediv__(self, other: Number) -> Dual:
        that = _dual(other)
        if that is None:
            return Dual(self.value / other, self.slope / other)
        ratio = self.value / that.value
        return Dual(ratio, (self.slope - that.slope * ratio) / that.value)

    def __rtruediv__(self, other: Number) -> Dual:
        value = other / self.value
        return Dual(value, self.slope * -1 * value / self.value)

    def sqrt(self) -> Dual:
        """The square root."""
        value = root(self.value)
        return Dual(value, self.slope / (value + value))

    def sum(self, total: Sum) -> Dual:
        """The sums of the rows."""
        return Dual(summed(self.value, total), summed(self.slope, total))

    def spread(self, width: int) -> Dual:
        """A column as a matrix."""
        return Dual(spread(self.value, width), spread(self.slope, width))


def _dual(value: Number) -> Dual | None:
    return value if isinstance(value, Dual) else None


Pull: TypeAlias = Callable[["Var"], "Var"]


@dataclass(frozen=True, slots=True, eq=False)
class Var:
    """A value, and how the gradient that reaches it goes on to what it was made of: gradients are Vars again."""

    value: Number
    sources: tuple[tuple[Var, Pull], ...] = ()
    __array_ufunc__ = None

    def __add__(self, other: Number) -> Var:
        if not isinstance(other, Var):
            return Var(self.value + other, ((self, lambda g: g),))
        return Var(self.value + other.value, ((self, lambda g: g), (other, lambda g: g)))

    def __sub__(self, other: Number) -> Var:
        if not isinstance(other, Var):
            return Var(self.value - other, ((self, lambda g: g),))
        return Var(self.value - other.value, ((self, lambda g: g), (other, lambda g: g * -1)))

    def __mul__(self, other: Number) -> Var:
        if not isinstance(other, Var):
            return Var(self.value * other, ((self, lambda g: g * other),))
        return Var(self.value * other.value, ((self, lambda g: g * other), (other, lambda g: g * self)))

    def __truediv__(self, other: Number) -> Var:
        if not isinstance(other, Var):
            return Var(self.value / other, ((self, lambda g: g / other),))
        pulls = (self, lambda g: g / other), (other, lambda g: g * -1 * (self / other) / other)
        return Var(self.value / other.value, pulls)

    def __rtruediv__(self, other: Number) -> Var:
        return Var(other / self.value, ((self, lambda g: g * -1 * (other / self) / self),))

    def sqrt(self) -> Var:
        """The square root."""
        return Var(root(self.value), ((self, lambda g: g / (self.sqrt() + self.sqrt())),))

    def sum(self, total: Sum) -> Var:
        """The sums of the rows."""
        width = width_of(self)
        return Var(summed(self.value, total), ((self, lambda g: g.spread(width)),))

    def spread(self, width: int) -> Var:
        """A column as a matrix."""
        return Var(spread(self.value, width), ((self, lambda g: g),))


def gradients(output: Var, upstream: Var, total: Sum) -> dict[int, Var]:
    """The gradient of sum(upstream * output) with respect to every Var that it is made of, by its id."""
    found = {id(output): upstream}
    for node in reversed(in_order(output)):
        for source, pull in node.sources:
            share = pull(found[id(node)])
            share = share.sum(total) if width_of(source) < width_of(share) else share
            found[id(source)] = found[id(source)] + share if id(source) in found else share
    return found
