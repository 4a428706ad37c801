"""Whether two arrays are further apart than rounding explains, and what the change looks like.

Two right answers, each computed in a dtype with unit u, differ by the roundings of storing them, and by those of the
sums that they came from. A sum of n terms is off by at most 8 sqrt(n) roundings, but for one sum in 10^8 (Higham and
Mary, 2019), so that two are 16 sqrt(n) apart. All is measured against the largest number of the array, since a sum
passes its errors on to small numbers too:

    |before - after| <= (4 u + 16 sqrt(n) U) max |array|

u: the distance from 1 to the next number of the array's dtype; U: that of the dtype which sums are kept in, float32 for
the 16-bit dtypes. n: how many numbers the largest array of the case has, for no sum has more terms. Integers are exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..record import SeenArray
from .precision import NARROWED, narrowed

UNITS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
STORED, SUMMED = 4, 16
BYTE = 256
ALIKE, FRACTION = 1e-3, 0.125
CUT = "cut off to whole numbers"
WHOLE, UNCUT = "became whole numbers", "no longer whole numbers"
OTHER = "other numbers"
DTYPE = "the same numbers in another dtype"
ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class Moved:
    """How two arrays differ. beyond: further than rounding explains. pattern: what the change looks like.

    before, after: the number that moved most, or what else differs. place: its flat index, None where there is none.
    difference, allowed: how far it moved, and how far two right answers may be apart.
    """

    beyond: bool
    pattern: str
    before: str
    after: str
    place: int | None = None
    difference: float = 0.0
    allowed: float = 0.0


def count(array: SeenArray) -> int:
    """How many numbers an array has."""
    return math.prod(array.shape)


def allowed(dtype: str, terms: int, largest: float) -> float:
    """How far apart two right answers may be; 0 for integers."""
    unit = UNITS.get(dtype)
    if unit is None:
        return 0.0
    summed = min(unit, UNITS["float32"])
    return largest * (STORED * unit + SUMMED * math.sqrt(terms) * summed)


def moved(before: SeenArray, after: SeenArray, terms: int, bound: float = 0.0) -> Moved:
    """How `after` differs from `before`. terms: of the longest sum. bound: what is allowed, where that is more."""
    if before.shape != after.shape:
        return Moved(True, "another shape", f"shape {before.shape}", f"shape {after.shape}")
    old, new, places = both(before, after)
    looks = pattern(old, new)
    if before.dtype != after.dtype:
        if old and all(b == a or (math.isnan(b) and math.isnan(a)) for b, a in zip(old, new, strict=True)):
            return Moved(True, DTYPE, before.dtype, after.dtype)
        looks = looks if looks in (CUT, WHOLE, UNCUT) else f"dtype {before.dtype} → {after.dtype}"
        return _told(True, looks, old, new, places, before.dtype, after.dtype)
    largest = max(before.largest or 0.0, after.largest or 0.0)
    limit = max(allowed(before.dtype, terms, largest), bound)
    far = max((abs(a - b) for b, a in zip(old, new, strict=True) if math.isfinite(a - b)), default=0.0)
    kinds = any(_sort(b) != _sort(a) for b, a in zip(old, new, strict=True))
    beyond = kinds or far > limit or (not old and _largest_moved(before, after, limit))
    looks = NARROWED if looks == OTHER and narrowed(before.dtype, old, new) else looks
    told = _told(beyond, looks if beyond else ROUNDING, old, new, places)
    if told.before == told.after:
        bits = f"bits {before.fingerprint}", f"bits {after.fingerprint}"
        return Moved(beyond, told.pattern, *bits, None, far, limit)
    return Moved(beyond, told.pattern, told.before, told.after, told.place, far, limit)


def both(before: SeenArray, after: SeenArray) -> tuple[list[float], list[float], list[int]]:
    """The numbers that are known of both arrays, and their flat indices."""
    old, new = _numbers(before), _numbers(after)
    places = [place for place in old if place in new]
    return [old[place] for place in places], [new[place] for place in places], places


def _numbers(array: SeenArray) -> dict[int, float]:
    places = array.places or range(len(array.values))
    return {place: number(text) for place, text in zip(places, array.values, strict=False)}


def number(text: str) -> float:
    """A number from a record; NaN for a text that is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _sort(value: float) -> str:
    if math.isfinite(value):
        return "number"
    return "NaN" if math.isnan(value) else f"{value}"


def _largest_moved(before: SeenArray, after: SeenArray, limit: float) -> bool:
    return abs((before.largest or 0.0) - (after.largest or 0.0)) > limit


def _told(
    beyond: bool,
    looks: str,
    old: Sequence[float],
    new: Sequence[float],
    places: Sequence[int],
    was: str = "",
    now: str = "",
) -> Moved:
    """With the number that moved most; the words `was` and `now` before it, or in place of it."""
    at = max(range(len(old)), key=lambda i: _distance(old[i], new[i]), default=None)
    if at is None:
        return Moved(beyond, looks, was or "other bits", now or "other bits")
    words = [" ".join(filter(None, [word, shown(value)])) for word, value in ((was, old[at]), (now, new[at]))]
    return Moved(beyond, looks, words[0], words[1], places[at])


def _distance(old: float, new: float) -> float:
    if _sort(old) != _sort(new):
        return math.inf
    return abs(new - old) if math.isfinite(new - old) else -1.0


def shown(value: float) -> str:
    """A number for reading, in nine digits."""
    return f"{value:.9g}".replace("nan", "NaN")


def pattern(old: Sequence[float], new: Sequence[float]) -> str:
    """What turned the numbers `old` into `new`, where that shows."""
    turned = _sorts(old, new)
    if turned:
        return turned
    pairs = [(b, a) for b, a in zip(old, new, strict=True) if math.isfinite(b) and math.isfinite(a)]
    if not pairs or all(b == a for b, a in pairs):
        return OTHER
    # By an eighth at the least, lest rounding to a whole number look like it.
    lost = max(abs(b - a) for b, a in pairs) >= FRACTION
    looks = {
        CUT: lost and all(a == math.trunc(b) for b, a in pairs),
        WHOLE: lost
        and len(pairs) > 2
        and any(a for _, a in pairs)
        and whole(a for _, a in pairs)
        and not whole(b for b, _ in pairs),
        "no longer zero": all(b == 0 for b, _ in pairs),
        UNCUT: lost and len(pairs) > 2 and whole(b for b, _ in pairs) and not whole(a for _, a in pairs),
        "became zero": all(a == 0 for _, a in pairs),
        "multiplied by a constant": _scaled(pairs),
        "shifted by a constant": _shifted(pairs),
        "in another order": len(pairs) > 2 and sorted(b for b, _ in pairs) == sorted(a for _, a in pairs),
    }
    return next((name for name, holds in looks.items() if holds), OTHER)


def _sorts(old: Sequence[float], new: Sequence[float]) -> str:
    """Whether numbers became NaN or infinite, or the other way round; empty where neither."""
    for name in ("NaN", "inf", "-inf"):
        was, now = ({at for at, value in enumerate(side) if _sort(value) == name} for side in (old, new))
        word = "NaN" if name == "NaN" else "infinite"
        if now - was:
            return f"became {word}"
        if was - now:
            return f"no longer {word}"
    return ""


def whole(values: Iterable[float]) -> bool:
    """Whether all numbers are whole ones, and so small that those of a 16-bit dtype need not be."""
    sizes = [abs(value) for value in values]
    small = all(size < BYTE for size in sizes) and any(size < BYTE / 2 for size in sizes)
    return small and all(size == math.trunc(size) for size in sizes)


def _scaled(pairs: Sequence[tuple[float, float]]) -> bool:
    """Whether every number was multiplied by one factor, that is not 1."""
    ratios = [a / b for b, a in pairs if b]
    if len(ratios) < 3 or any(a for b, a in pairs if not b):
        return False
    middle = math.fsum(ratios) / len(ratios)
    near = ALIKE * abs(middle)
    return all(abs(one - middle) <= near for one in ratios) and abs(middle - 1) > ALIKE


def _shifted(pairs: Sequence[tuple[float, float]]) -> bool:
    """Whether one number was added to every number."""
    shifts = [a - b for b, a in pairs]
    middle = math.fsum(shifts) / len(shifts)
    return len(shifts) > 2 and abs(middle) > 0 and all(abs(one - middle) <= ALIKE * abs(middle) for one in shifts)
