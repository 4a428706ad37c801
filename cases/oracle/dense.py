"""Products with the kernel of a dense layer, exactly and with running errors, and the parts of an answer made of them.

One layout for all dialects: kernel (units, n), x (N, n), upstream gradient (N, units). The sums of a bound are those of
the sizes of their terms, so that any order of the products is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..arithmetic.exact import Floats, Value, as_exact
from ..arithmetic.running import Ran, Rounding
from ..bounds.normalization import growth
from .answered import Call, Flags
from .worked import Part


def product(a: Value, b: Value) -> Value:
    """A b^T, for a (p, n) and b (q, n)."""
    (p, n), (q, _) = a.shape, b.shape
    total: Value = (a.reshape((p, 1, n)) * b.reshape((1, q, n))).sum(axis=(2,))
    return total


def transposed(a: Value) -> Value:
    """The transpose of a matrix."""
    return a.transpose((1, 0))


def ran(a: Ran, change: Callable[[Floats], Floats]) -> Ran:
    """`a` rearranged: value and error alike."""
    return Ran(change(a.value), change(np.broadcast_to(a.error, a.value.shape)))


def ran_product(rounding: Rounding, a: Ran, b: Ran, structured: bool) -> Ran:
    """`product` with its error; only the shape and the error of the value are of use where the terms cancel."""
    n = a.value.shape[1]
    wide, high = ran(a, lambda values: values[:, None, :]), ran(b, lambda values: values[None, :, :])
    return rounding.total(rounding.times(wide, high), growth(n, structured), lambda values: values.sum(axis=2))


def sizes(a: Floats, b: Floats) -> Floats:
    """|a| |b|^T: the sums of the sizes of the terms of a product."""
    total: Floats = np.abs(a) @ np.abs(b).T
    return total


def rows(values: Floats) -> Floats:
    """`values` with all axes but the last as one."""
    return values.reshape((-1, values.shape[-1]))


def with_axes(parts: Mapping[str, Part], leading: tuple[int, ...]) -> dict[str, Part]:
    """The parts with the `leading` axes of the input in place of rows, those of weights as they are."""
    across = ("output", "gradient_input")
    return {
        subject: laid(one, (*leading, one.exact.shape[-1])) if subject in across else one
        for subject, one in parts.items()
    }


def lifted(call: Call, dtype: str) -> bool:
    """Whether the answer is worked out in double-double."""
    return call.finely or dtype == "float64"


def part(
    exact: Value, error: Callable[[Rounding], Floats], size: Floats, reached: Flags | bool, spoilt: Flags | None = None
) -> Part:
    """One subject. size: of the terms it is the sum of. spoilt: what a NaN and an infinity reach."""
    shape = exact.shape
    none = np.zeros(shape, np.bool_)
    missing, infinite = (none, none) if spoilt is None else (np.broadcast_to(one, shape) for one in spoilt)
    return Part(
        as_exact(exact),
        lambda rounding, _: np.broadcast_to(error(rounding), shape),
        size,
        np.maximum(1.0, size),
        np.broadcast_to(np.asarray(reached), shape),
        missing,
        infinite,
        size,
    )


def laid(one: Part, shape: tuple[int, ...], turned: bool = False) -> Part:
    """A part in the layout of a dialect: transposed where `turned`, then in another shape of the same size."""

    def change(values: Any) -> Any:
        return (values.transpose((1, 0)) if turned else values).reshape(shape)

    return Part(
        change(one.exact),
        lambda rounding, sliding: change(one.error(rounding, sliding)),
        change(one.weight),
        change(one.least),
        change(one.reached),
        change(one.missing),
        change(one.infinite),
        change(one.scale),
    )


def spoilt_rows(x: Floats) -> Flags:
    """By row, whether there is a NaN in it, and whether an infinity: [2, N, 1]."""
    flags: Flags = np.stack([np.isnan(x).any(axis=1), np.isinf(x).any(axis=1)])[:, :, None]
    return flags
