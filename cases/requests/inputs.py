"""Named families of inputs and drawn weights: the same bits on every machine and NumPy version.

Random bits are the SHAKE-256 stream of the seed. A normal number is the sum of twelve uniform ones, less 6
(Irwin and Hall): integer additions, one correctly rounded addition and exact scaling; no function of a
mathematics library. "Group" below is a group of any layer: families are laid out so that rows (all but the
last axis fixed), examples and channels (the last axis fixed) are all hostile, wherever a shape permits.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from normcheck.adapters.arrays import FLOATING, Array, encode, floating

from ..arithmetic.exact import Floats
from ..arithmetic.formats import format_of

STRUCTURED = frozenset(
    [
        "zero-variance",
        "constant-rows",
        "repeated-rows",
        "alternating",
        "ramp",
        "sorted",
        "one-hot",
        "largest",
        "integers",
        "exact",
        # A deviation of 1 is some ulps of such a mean: partial sums are rounded to the same side, as of a constant.
        "mean-1e5",
        "mean-1e6",
        "mean-1e7",
        "mean-1e8",
    ]
)
LARGEST = {"float16": 65504.0, "float32": 1e38, "bfloat16": 1e38, "float64": 1e38}
DIGITS = (0.0, 6.0, 2.0, 4.0)  # mean 3, variance 5


def structured(family: str) -> bool:
    """Whether rounding errors of sums over this family add up instead of averaging out."""
    return family in STRUCTURED


def generate(family: str, shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Array:
    """The input of a family, rounded once to `dtype`; integer and boolean dtypes get the nearest integers.

    Unsigned dtypes get their magnitudes. Integers near overflow are such as float32 holds, in which they are computed.

    Raises KeyError for an unknown family, ValueError where the family does not exist in the shape or the
    dtype: `exact` needs an axis whose size is a multiple of 4, `nan-row` and `inf-row` a floating dtype.
    """
    values = _FAMILIES[family](shape, dtype, f"{family}:{seed}", epsilon)
    if dtype == "bool":
        return encode(values > 0, dtype)
    if dtype in FLOATING:
        return encode(values, dtype)
    if not np.isfinite(values).all():
        raise ValueError(f"{dtype} holds no NaN and no infinity; give {family} a floating dtype")
    whole = np.abs(np.rint(values)) if dtype.startswith("uint") else np.rint(values)
    return encode(whole.astype(np.float32 if family == "near-overflow" else np.int64).astype(np.int64), dtype)


def drawn(role: str, shape: tuple[int, ...], dtype: str, seed: str, fine: bool = False) -> Array:
    """Values for a weight: exact in bfloat16 and float16, of mixed sign, of magnitude 1/4 to 2.

    A variance or a deviation is positive, 1/4 to 4; a count is 0. fine: exact in float32, and in nothing narrower.
    """
    if "count" in role or "num_batches" in role:
        return encode(np.zeros(shape), dtype)
    positive = "variance" in role or "stddev" in role or "var" in role.split("_")
    count = math.prod(shape)
    bits = _words(f"{role}:{seed}", count, np.uint32)
    fraction = (128 + (bits & 127)).astype(np.float64)
    if fine:
        fraction += ((_words(f"{role}:{seed}/fine", count, np.uint32) & 0xFFFF) | 1) * 2.0**-16
    exponent = ((bits >> 7) % (4 if positive else 3)).astype(np.int64)
    sizes = np.ldexp(fraction, exponent - 9)
    return encode((sizes if positive else sizes * _signs(bits)).reshape(shape), dtype)


def _signs(bits: NDArray[np.uint32]) -> Floats:
    """Random signs, both of them present among two or more."""
    signs = np.where(bits >> 31, -1.0, 1.0)
    if signs.size > 1 and abs(signs.sum()) == signs.size:
        signs[-1] = -signs[-1]
    return signs


def _words(seed: str, count: int, dtype: type[np.uint32]) -> NDArray[np.uint32]:
    size = np.dtype(dtype).itemsize
    stream = hashlib.shake_256(seed.encode()).digest(count * size)
    return np.frombuffer(stream, np.dtype(dtype).newbyteorder("<")).astype(dtype)


def _normals(shape: tuple[int, ...], seed: str) -> Floats:
    """N(0, 1), at most 6 in magnitude, with all of float64's bits in use."""
    words = _words(seed, 13 * math.prod(shape), np.uint32).reshape(-1, 13)
    whole = words[:, :12].sum(axis=1, dtype=np.int64) - 6 * 2**32
    values: Floats = (whole + words[:, 12] * 2.0**-32) * 2.0**-32
    return values.reshape(shape)


def _places(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """The sum of its indices, for every element."""
    total = np.zeros(shape, np.int64)
    for axis, size in enumerate(shape):
        total += np.arange(size).reshape([-1 if other == axis else 1 for other in range(len(shape))])
    return total


def _normal(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    return _normals(shape, seed)


def _scaled_to_epsilon(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    return _normals(shape, seed) * math.sqrt(epsilon)


def _large_mean(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    return 100 + _normals(shape, seed)


def _huge_mean(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    return 1e4 + _normals(shape, seed)


def _mean_of(mean: float) -> Callable[[tuple[int, ...], str, str, float], Floats]:
    """N(0, 1) around a mean far from zero; around 2^15 where float16 cannot hold it."""

    def family(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
        return (2.0**15 if dtype == "float16" else mean) + _normals(shape, seed)

    return family


def _tiny_variance(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """A variance of 2^-24, far below any usual epsilon."""
    return _normals(shape, seed) * 2.0**-12


def _zero_variance(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """A constant whose square is rounded, small enough for its bound to stay far below 1."""
    return np.full(shape, 12.34567)


def _constant_rows(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """One constant per row of the first axis."""
    rows = shape[:1]
    constants = 10 * _normals(rows, seed)
    return np.broadcast_to(constants.reshape(rows + (1,) * (len(shape) - 1)), shape)


def _repeated_rows(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """One and the same N(0, 1) example, again and again along the first axis."""
    return np.broadcast_to(_normals(shape[1:], seed), shape)


def _heavy_tails(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """A ratio of normals (Cauchy), cut off at some hundreds."""
    return _normals(shape, seed) / (np.abs(_normals(shape, f"{seed}/below")) + 2.0**-6)


def _outlier(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """N(0, 1), and the first element of every group times 1e4.

    First are the first of every row, the first position of every example, and of two axes the first row.
    """
    values = _normals(shape, seed)
    first = np.zeros(shape, np.bool_)
    first[..., :1] = True
    if len(shape) > 2:
        first[(slice(None), *[slice(0, 1)] * (len(shape) - 2))] = True
    if len(shape) == 2 and shape[0] > 1:
        first[:1] = True
    return np.where(first, values * 1e4, values)


def _alternating(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """65 and 63 in turn, along every axis."""
    return np.where(_places(shape) % 2 == 0, 65.0, 63.0)


def _ramp(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """Equal steps from first to last, of a power of two, within 0 and 1024."""
    count = math.prod(shape)
    step = 2.0 ** (10 - max(count, 1).bit_length())
    return np.arange(count, dtype=np.float64).reshape(shape) * step


def _sorted(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """N(0, 1) in ascending order, from the first element to the last."""
    return np.sort(_normals(shape, seed), axis=None).reshape(shape)


def _one_hot(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """A single 1 in every row of the last axis, one place further in each row."""
    rows, width = math.prod(shape[:-1]), shape[-1]
    places = np.arange(rows).reshape(-1, 1) % max(width, 1)
    hot: Floats = (np.arange(width) == places).astype(np.float64)
    return hot.reshape(shape)


def _subnormal(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """Mostly below the smallest normal number of the dtype."""
    exponent = format_of(floating(dtype)).exponent
    return _normals(shape, seed) * 2.0 ** (exponent - 3)


def _tiny(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """Numbers around 1e-8, whose squares are below every usual epsilon."""
    return _normals(shape, seed) * 1e-8


def _largest(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """The largest float16, or 1e38, with either sign, and halves of it: squares overflow where float32 holds them."""
    bits = _words(seed, math.prod(shape), np.uint32)
    sizes = LARGEST.get(dtype, 2.0**28) * np.where(bits & 1, 1.0, 0.5)
    return np.where(bits >> 31, -sizes, sizes).reshape(shape)


def _near_overflow(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """As large as the dtype holds and sum x^2 <= max / 4, of the dtype it accumulates in, permits.

    Integers lie around half of the largest, so that sums of few leave the dtype, and unsigned ones are negative in part
    if they are taken for signed.
    """
    accumulated = 1022 if dtype == "float64" else 126
    room = (accumulated - 6 - max(math.prod(shape), 1).bit_length()) // 2
    if dtype in (*FLOATING, "bool"):
        return _normals(shape, seed) * 2.0 ** min(room, 13 if dtype == "float16" else room)
    scale = 2.0 ** min(room, 8 * np.dtype(dtype).itemsize - 4)
    return scale * ((8 if dtype.startswith("uint") else 4) + np.clip(_normals(shape, seed), -3.9, 3.9))


def _with_one(value: float) -> Callable[[tuple[int, ...], str, str, float], Floats]:
    """N(0, 1) with `value` at one element, in the middle of the example in the middle."""

    def family(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
        values = _normals(shape, seed)
        if values.size:
            values[tuple(size // 2 for size in shape)] = value
        return values

    return family


def _integers(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """Whole numbers from -8 to 7."""
    bits = _words(seed, math.prod(shape), np.uint32)
    return ((bits & 15).astype(np.float64) - 8).reshape(shape)


def _exact(shape: tuple[int, ...], dtype: str, seed: str, epsilon: float) -> Floats:
    """0, 6, 2, 4 in turn along every axis: mean 3 and variance 5, so that epsilon 4 makes the denominator 3.

    Holds for every group with an axis whose size is a multiple of 4.
    """
    if not any(size % 4 == 0 for size in shape):
        raise ValueError(f"exact needs an axis whose size is a multiple of 4; {shape} has none")
    return np.asarray(DIGITS)[_places(shape) % 4]


_FAMILIES: dict[str, Callable[[tuple[int, ...], str, str, float], Floats]] = {
    "normal": _normal,
    "scaled-to-epsilon": _scaled_to_epsilon,
    "large-mean": _large_mean,
    "huge-mean": _huge_mean,
    "mean-1e5": _mean_of(1e5),
    "mean-1e6": _mean_of(1e6),
    "mean-1e7": _mean_of(1e7),
    "mean-1e8": _mean_of(1e8),
    "tiny-variance": _tiny_variance,
    "zero-variance": _zero_variance,
    "constant-rows": _constant_rows,
    "repeated-rows": _repeated_rows,
    "heavy-tails": _heavy_tails,
    "outlier": _outlier,
    "alternating": _alternating,
    "ramp": _ramp,
    "sorted": _sorted,
    "one-hot": _one_hot,
    "tiny": _tiny,
    "subnormal": _subnormal,
    "near-overflow": _near_overflow,
    "largest": _largest,
    "nan-row": _with_one(math.nan),
    "inf-row": _with_one(math.inf),
    "minus-inf-row": _with_one(-math.inf),
    "integers": _integers,
    "exact": _exact,
}
