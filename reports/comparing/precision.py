"""Whether numbers were rounded to a narrower dtype than their own: by a layer that computes in fewer bits."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence

NEAR = 64
ENOUGH = {"float64": 3, "float32": 8}
NARROWED = "rounded to fewer bits"


def narrowed(dtype: str, old: Sequence[float], new: Sequence[float]) -> bool:
    """Whether the numbers `new`, of `dtype`, are all numbers of a narrower dtype, and the numbers `old` are not.

    Some that differ must be finite and neither whole nor half, which every dtype holds: three of float64, eight of
    float32, which short fractions fit into. All must be as near to what they were as if they were computed in fewer bits.
    """
    telling = [(b, a) for b, a in zip(old, new, strict=True) if math.isfinite(a) and math.isfinite(b) and 2 * a % 1]
    largest = max((abs(b) for b, _ in telling), default=0.0)
    return len({a for _, a in telling}) >= ENOUGH.get(dtype, 0) and any(
        all(held(a) and abs(a - b) <= NEAR * unit * largest for b, a in telling)
        and sum(not held(b) for b, _ in telling) * 2 > len(telling)
        for held, unit in NARROWER.get(dtype, ())
    )


def single(value: float) -> bool:
    """Whether float32 holds a number."""
    return _held("f", value)


def half(value: float) -> bool:
    """Whether float16 holds a number."""
    return _held("e", value)


def brain(value: float) -> bool:
    """Whether bfloat16 holds a number: a float32 whose last 16 bits are zero."""
    return single(value) and struct.pack("<f", value)[:2] == b"\0\0"


def _held(code: str, value: float) -> bool:
    try:
        return bool(struct.unpack(code, struct.pack(code, value))[0] == value)
    except OverflowError:
        return False


NARROWER: Mapping[str, Sequence[tuple[Callable[[float], bool], float]]] = {
    "float64": ((single, 2.0**-23),),
    "float32": ((half, 2.0**-10), (brain, 2.0**-7)),
}
