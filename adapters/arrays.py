"""Arrays as they travel between processes: a dtype name, a shape and bytes.

An `Array` needs nothing but the standard library; the functions beside it turn one into NumPy values and back.
bfloat16 is handled by its bits, so no process needs a package for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOATING = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True, slots=True)
class Array:
    """An n-dimensional array: `data` holds its elements in C order, little-endian."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """An array in NumPy's memory, with whatever strides: `bits` holds its elements as `storage(dtype)` says."""

    dtype: str
    bits: NDArray[Any]


def floating(dtype: str) -> str:
    """The dtype that a layer computes in on an input of `dtype`: its own, and float32 for integers."""
    return dtype if dtype in FLOATING else "float32"


def storage(dtype: str) -> np.dtype[Any]:
    """The NumPy dtype that holds the bits of `dtype` (bfloat16 is held in uint16).

    Raises TypeError for a name NumPy does not know.
    """
    return np.dtype("uint16" if dtype == "bfloat16" else dtype).newbyteorder("<")


def decode(array: Array | View) -> NDArray[Any]:
    """The values of `array` in its own dtype (bfloat16 widened, exactly, to float32); those of an `Array` read-only."""
    bits = array.bits if isinstance(array, View) else _bits(array)
    if array.dtype != "bfloat16":
        return bits
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _bits(array: Array) -> NDArray[Any]:
    return np.frombuffer(array.data, storage(array.dtype)).reshape(array.shape)


def arranged(array: Array, layout: str) -> View:
    """A copy of `array` that lies in memory as `layout` says. Raises KeyError for a layout that is not in LAYOUTS."""
    return View(array.dtype, LAYOUTS[layout](_bits(array)))


LAYOUTS: Mapping[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "contiguous": lambda x: x.copy(),
    "transposed": lambda x: x.T.copy().T,
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "reversed": lambda x: np.flip(np.flip(x).copy()),
    "channels-last": lambda x: np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1),
    "broadcast": lambda x: np.broadcast_to(x[:1].copy(), x.shape),
    "read-only": lambda x: _locked(x.copy()),
    "unaligned": lambda x: _shifted(x),
}


def _locked(x: NDArray[Any]) -> NDArray[Any]:
    x.flags.writeable = False
    return x


def _shifted(x: NDArray[Any]) -> NDArray[Any]:
    """A copy that begins one byte after an address that fits its elements."""
    room = np.empty(x.nbytes + x.itemsize + 1, np.uint8)
    start = -room.ctypes.data % x.itemsize + 1
    moved = room[start : start + x.nbytes].view(x.dtype).reshape(x.shape)
    moved[...] = x
    return moved


def encode(values: NDArray[Any], dtype: str | None = None) -> Array:
    """`values` rounded to nearest even in `dtype` (default: their own dtype) and packed."""
    values = np.asarray(values)
    name = dtype or values.dtype.name
    if name == "bfloat16":
        return Array(name, values.shape, bfloat16_bits(values).tobytes())
    with np.errstate(over="ignore", invalid="ignore"):
        packed = np.ascontiguousarray(values, storage(name))
    return Array(name, values.shape, packed.tobytes())


def bfloat16_bits(values: NDArray[Any]) -> NDArray[np.uint16]:
    """The bit patterns of `values` rounded once to bfloat16, to nearest even.

    float64 values are first rounded to float32 *to odd*, which keeps the second rounding correct
    (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
    """
    wide = np.asarray(values, np.float64)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        near = wide.astype(np.float32)
        inexact = (near.astype(np.float64) != wide) & np.isfinite(wide)
        overshot = inexact & (np.abs(near.astype(np.float64)) > np.abs(wide))
    bits = np.ascontiguousarray(near).view(np.uint32)
    bits = np.where(overshot, bits - 1, bits) | inexact
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16
    quiet_nan = np.uint32(0x7FC0)
    return np.where(np.isnan(wide), quiet_nan, rounded).astype("<u2")
