"""The grade of an array: the tightest derived bound that every judged element meets.

A rounds once, A2 at most twice more, B1 and B take the variance in one pass, C keeps sums in the 16-bit
dtype, and F meets none, or is not finite where the exact answer is, or launders a NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Exact, Floats
from ..arithmetic.formats import format_of
from ..oracle.answered import Flags, Masks
from .normalization import GRADES


@dataclass(frozen=True, slots=True)
class Measure:
    """How far an array is from the exact one.

    headroom: the largest |error| / bound of grade A; infinite where a number is wanted and none is given.
    index, got, expected, bound, ulps: of the worst element (of none in an empty array: index ()); ulps in
    fractions of the output dtype's last place. judged, information: how many elements have a verdict, and
    how many none.
    """

    grade: Grade | Literal["F"]
    headroom: float
    index: tuple[int, ...]
    got: float
    expected: float
    bound: float
    ulps: float
    judged: int
    information: int


def measure(got: NDArray[Any], exact: Exact, tolerance: Callable[[Grade], Floats], masks: Masks, dtype: str) -> Measure:
    """The grade of `got`, values of `dtype` as decoded. Raises ValueError when shapes differ."""
    if got.shape != exact.shape:
        raise ValueError(f"the array has shape {got.shape}, the exact one {exact.shape}")
    with np.errstate(all="ignore"):
        error = exact.distance(got)
        used = _used(got, error, tolerance("A"), masks)
        nan, finite = np.isnan(got), np.isfinite(got)
        laundered = (masks.required_nan & ~nan) | (masks.required_not_finite & finite)
        grade = "F" if laundered.any() else _grade(error, tolerance, masks.judged)
        return _measured(grade, got, exact, error, used, tolerance("A"), masks, dtype)


def _used(got: NDArray[Any], error: Floats, bound: Floats, masks: Masks) -> Floats:
    """|error| / bound where judged, infinite for what is not the number (or the NaN) it must be, else 0."""
    ratio = np.where(masks.judged & (error > 0), error / bound, 0.0)
    ratio = np.where(masks.judged & ~np.isfinite(got), math.inf, ratio)
    ratio = np.where(masks.required_nan & ~np.isnan(got), math.inf, ratio)
    return np.where(masks.required_not_finite & np.isfinite(got), math.inf, ratio)


def _grade(error: Floats, tolerance: Callable[[Grade], Floats], judged: Flags) -> Grade | Literal["F"]:
    return next((grade for grade in GRADES if _meets(error, tolerance(grade), judged)), "F")


def _meets(error: Floats, bound: Floats, judged: Flags) -> bool:
    """A bound that is not finite is met by nothing."""
    return bool(((error <= bound) & np.isfinite(bound))[judged].all())


def _measured(
    grade: Grade | Literal["F"],
    got: NDArray[Any],
    exact: Exact,
    error: Floats,
    used: Floats,
    bound: Floats,
    masks: Masks,
    dtype: str,
) -> Measure:
    judged = int(np.count_nonzero(masks.judged | masks.required_nan | masks.required_not_finite))
    if not got.size:
        return Measure(grade, 0.0, (), math.nan, math.nan, math.nan, 0.0, 0, 0)
    place = np.unravel_index(int(np.argmax(used)), got.shape)
    expected = float(exact.nearest[place])
    return Measure(
        grade=grade,
        headroom=float(used[place]),
        index=tuple(int(item) for item in place),
        got=float(got[place]),
        expected=expected,
        bound=float(bound[place]),
        ulps=float(error[place] / format_of(dtype).ulp(np.abs(exact.nearest[place]))),
        judged=judged,
        information=got.size - judged,
    )
