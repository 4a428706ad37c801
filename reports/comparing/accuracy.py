"""Numbers that are judged on both sides: lost or gained accuracy, different bits, or further apart than rounding."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..record import Check, SeenArray
from .asked import Asked, family
from .classes import Kind
from .difference import Difference
from .numbers import DTYPE, ROUNDING, Moved, moved, number
from .outcomes import GRADES, fate

GREW, FELL, FROM = 4.0, 2.0, 0.1


def numbers_of(asked: Asked, old: Check, new: Check, arrays: tuple[SeenArray, SeenArray] | None) -> Difference | None:
    """What two checks with one fate, that judged other bits, say of the numbers; None where the bits are the same."""
    if not (old.fingerprint and new.fingerprint) or old.fingerprint == new.fingerprint:
        return None
    if arrays and arrays[0].dtype != arrays[1].dtype and (only := dtype_alone(asked, *arrays)):
        return only
    holds = fate(new) == "holds"
    seen = moved(*arrays, asked.terms, _bound(old, new)) if arrays else None
    turned = _turned(seen)
    fell = GRADES.index(new.grade or "A") - GRADES.index(old.grade or "A")
    kind = weighed(old.headroom, new.headroom, fell)
    if not holds and (old.outcome, new.outcome) == ("known", "fail") and kind == "accuracy-lost":
        kind = "broken"
    if turned or (not holds and kind == "bits" and _beyond(old, new, seen)):
        kind = "silently-different"
    return _told(asked, new, kind, seen, (_figures(old), _figures(new)))


def weighed(old: float | None, new: float | None, fell: int) -> Kind:
    """What two headrooms and the grades say. fell: how many grades worse.

    Accuracy is lost where over four times as much of the bound is used as before, and more than a tenth of it; or the
    grade fell while the error at least doubled. It is gained where the same holds the other way round.
    """
    if old is None or new is None or not (math.isfinite(old) and math.isfinite(new)):
        return "bits"
    if (new > GREW * old and new > FROM) or (fell > 0 and new > FELL * old):
        return "accuracy-lost"
    if (old > GREW * new and old > FROM) or (fell < 0 and old > FELL * new):
        return "accuracy-gained"
    return "bits"


def unjudged(asked: Asked, before: SeenArray, after: SeenArray) -> Difference:
    """What became of an array that no verdict was given on, or on one side alone. Their bits differ."""
    if before.dtype != after.dtype and (only := dtype_alone(asked, before, after)):
        return only
    seen = moved(before, after, asked.terms)
    kind: Kind = "silently-different" if seen.beyond else "bits"
    aspect, _, subject = after.subject.partition(" ")
    named = {"weight": "state", "derived": "derivatives", "differentiated": "output"}.get(aspect, aspect)
    text = f"step {after.step + 1} {subject}".strip()
    cause = ("numbers", asked.layer, named, seen.pattern)
    sentence = _sentence(kind, f"{named} {text}".strip(), seen, (seen.before, seen.after))
    return asked.difference(kind, named, text, (seen.before, seen.after), cause, sentence, numbers=True)


def dtype_alone(asked: Asked, before: SeenArray, after: SeenArray) -> Difference | None:
    """The same numbers in another dtype; None where they are other numbers."""
    seen = moved(before, after, asked.terms)
    if seen.pattern != DTYPE:
        return None
    sentence = f"{after.subject} holds {DTYPE}: {before.dtype}, now {after.dtype}."
    values = (before.dtype, after.dtype)
    return asked.difference("interface", "dtype", after.subject, values, ("dtype", after.subject), sentence)


def _turned(seen: Moved | None) -> bool:
    """Whether numbers became NaN or infinite or the other way round, or the array is another altogether."""
    words = ("became NaN", "became infinite", "no longer", "dtype ", "another shape")
    return seen is not None and seen.beyond and seen.pattern.startswith(words)


def _bound(old: Check, new: Check) -> float:
    """How far two right answers may be apart by the bounds derived for the case, where the checks say them."""
    bounds = [number(check.worst.bound) for check in (old, new) if check.worst]
    return 2 * max((bound for bound in bounds if math.isfinite(bound)), default=0.0)


def _beyond(old: Check, new: Check, seen: Moved | None) -> bool:
    """Whether two wrong answers are further apart than right ones may be."""
    if seen is not None:
        return seen.beyond
    if old.symptom != new.symptom:
        return True
    worst: Sequence[float] = [number(check.worst.got) for check in (old, new) if check.worst]
    same = old.worst and new.worst and old.worst.index == new.worst.index
    return bool(same) and abs(worst[0] - worst[1]) > _bound(old, new)


def _told(asked: Asked, new: Check, kind: Kind, seen: Moved | None, figures: tuple[str, str]) -> Difference:
    looks = seen.pattern if seen and kind in ("silently-different", "broken") else ROUNDING
    values = (seen.before, seen.after) if seen else figures
    if seen and kind in ("accuracy-lost", "accuracy-gained"):
        values = (f"{seen.before} ({figures[0]})", f"{seen.after} ({figures[1]})")
    subject = f"{new.aspect.replace('_', ' ')}{f' of {new.subject}' if new.subject else ''}"
    cause = ("numbers", asked.layer, family(new.aspect), looks)
    sentence = _sentence(kind, subject, seen, figures)
    return asked.difference(
        kind,
        new.aspect,
        new.subject,
        values,
        cause,
        sentence,
        failed=new.failed if kind == "broken" else (),
        numbers=True,
    )


def _sentence(kind: Kind, subject: str, seen: Moved | None, figures: tuple[str, str]) -> str:
    if kind == "silently-different":
        far = f", by {seen.difference:.3g} where {seen.allowed:.3g} is rounding" if seen and seen.difference else ""
        return f"{subject} is not what it was ({seen.pattern if seen else 'other numbers'}){far}."
    if kind in ("accuracy-lost", "accuracy-gained", "broken"):
        return f"{subject}: {figures[0]}, now {figures[1]}."
    return f"{subject} has other bits, within rounding."


def _figures(check: Check) -> str:
    headroom = "" if check.headroom is None else f"{check.headroom:.3g} of the bound"
    return ", ".join(filter(None, [f"grade {check.grade}" if check.grade else "", headroom]))
