"""Whether numbers were rounded to a narrower dtype than their own: by a layer that computes in fewer bits."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence

ENOUGH = 3
NARROWED = "rounded to fewer bits"


def narrowed(dtype: str, old: Sequence[float], new: Sequence[float]) -> bool:
    """Whether the numbers `new`, of `dtype`, are all numbers of a narrower dtype, and the numbers `old` are not.

    At least three must be finite and neither whole nor half, which every dtype holds.
    """
    telling = [(b, a) for b, a in zip(old, new, strict=True) if math.isfinite(a) and math.isfinite(b) and 2 * a % 1]
    return len(telling) >= ENOUGH and any(
        all(held(a) for _, a in telling) and sum(not held(b) for b, _ in telling) * 2 > len(telling)
        for held in NARROWER.get(dtype, ())
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


NARROWER: Mapping[str, Sequence[Callable[[float], bool]]] = {"float64": (single,), "float32": (half, brain)}
