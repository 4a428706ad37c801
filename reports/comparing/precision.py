"""Whether numbers of float64 were rounded to float32: by a layer that computes in fewer bits than it is asked to."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

ENOUGH, NEAR = 3, 64 * 2.0**-23
NARROWED = "rounded to fewer bits"


def narrowed(dtype: str, old: Sequence[float], new: Sequence[float]) -> bool:
    """Whether the numbers `new` are all numbers of float32, while most of the numbers `old` are not.

    At least three that differ must be finite and neither whole nor half, and all as near to what they were as if they
    were computed in float32. Of narrower dtypes this tells nothing: short fractions fit into all of them.
    """
    if dtype != "float64":
        return False
    telling = [(b, a) for b, a in zip(old, new, strict=True) if math.isfinite(a) and math.isfinite(b) and 2 * a % 1]
    limit = NEAR * max((abs(b) for b, _ in telling), default=0.0)
    rounded = all(single(a) and abs(a - b) <= limit for b, a in telling)
    most = sum(not single(b) for b, _ in telling) * 2 > len(telling)
    return rounded and most and len({a for _, a in telling}) >= ENOUGH


def single(value: float) -> bool:
    """Whether float32 holds a number."""
    try:
        return bool(struct.unpack("f", struct.pack("f", value))[0] == value)
    except OverflowError:
        return False
