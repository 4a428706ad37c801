"""A record without everything that a baseline does not need: one check per aspect, and few numbers.

What is kept of a case on a target: the outcome of each aspect, the worst grade and headroom, one digest of all the bits
that were judged; weights, counts, configuration, exceptions, warnings and what is not offered, in full; and of each
array that was not judged right a few numbers, by which rounding is told from more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ..reading import Record
from ..record import Check, Footer, Header, Outcome, Seen, SeenArray, TargetLine
from .numbers import count
from .outcomes import GRADES

WORST: tuple[Outcome, ...] = ("crash", "timeout", "error", "fail", "known", "pass", "unsupported")
FEW = 4
SIZE = "size"
Place = tuple[str, str, str, int]


def condensed(record: Record) -> Record:
    """`record` with less of everything, and no claims and files."""
    grouped: dict[tuple[str, str, str], list[Check]] = {}
    for check in record.checks:
        grouped.setdefault((check.case, check.target, check.aspect), []).append(check)
    right = judged_right(record)
    return replace(
        record,
        header=header(record.header),
        checks=tuple(map(one_check, grouped.values())),
        seen=tuple(_seen(one, right) for one in record.seen),
        claims=(),
        opened=(),
        cases=(),
        scripts=(),
        footer=Footer(finished=record.footer.finished if record.footer else "", complete=record.complete),
    )


def beside(baseline: Record, record: Record) -> tuple[Record, Record]:
    """A baseline, and `record` as it would have been condensed beside it.

    Both with the arrays of the baseline that are not right in `record`: of others the baseline holds no numbers, and an
    array that is right now was wrong before, which the checks tell.
    """
    partners = {line.id: _partner(line, baseline.targets) for line in record.targets}
    right = judged_right(record)
    held = {place for line in baseline.seen for place in _places(line, line.target)}
    sound = {
        (line.case, partners.get(line.target, ""), one.subject, one.step)
        for line in record.seen
        for one in line.arrays
        if (line.case, line.target, one.fingerprint) in right
    }
    wanted = held - sound
    old = tuple(_kept(line, line.target, lambda place: place not in sound) for line in baseline.seen)
    new = tuple(_kept(line, partners.get(line.target, ""), lambda place: place in wanted) for line in record.seen)
    return replace(baseline, seen=old), replace(condensed(record), seen=new)


def _partner(line: TargetLine, others: Sequence[TargetLine]) -> str:
    """The id of the target that a target pairs with; empty where there is none."""
    kinds = (line.adapter, line.device, line.mode)
    return next((one.id for one in others if (one.adapter, one.device, one.mode) == kinds), "")


def _places(line: Seen, target: str) -> list[Place]:
    return [(line.case, target, one.subject, one.step) for one in line.arrays]


def _kept(line: Seen, target: str, wanted: Callable[[Place], bool]) -> Seen:
    pairs = zip(line.arrays, _places(line, target), strict=True)
    return line.model_copy(update={"arrays": [one for one, place in pairs if wanted(place)]})


def judged_right(record: Record) -> set[tuple[str, str, str]]:
    """Case, target and fingerprint of every array that was judged and found right."""
    passed = [one for one in record.checks if one.outcome == "pass" and one.fingerprint]
    return {(one.case, one.target, one.fingerprint) for one in passed}


def header(full: Header) -> Header:
    """What must be known of a run: when it was, and by which specs."""
    return Header(
        run=full.run,
        started=full.started,
        normcheck=full.normcheck,
        spec_digest=full.spec_digest,
        platform=full.platform,
    )


def one_check(checks: Sequence[Check]) -> Check:
    """The checks of one aspect as one: the worst outcome, grade and headroom, and a digest of all bits."""
    worst = min(checks, key=lambda one: WORST.index(one.outcome))
    grades = [one.grade for one in checks if one.grade]
    headrooms = [one.headroom for one in checks if one.headroom is not None]
    bits = sorted((one.subject, one.fingerprint) for one in checks if one.fingerprint)
    ended = worst.outcome in ("unsupported", "error", "crash", "timeout")
    return Check(
        case=worst.case,
        layer=worst.layer,
        target=worst.target,
        aspect=worst.aspect,
        dtype=worst.dtype,
        outcome=worst.outcome,
        grade=max(grades, key=_rank) if grades else None,
        headroom=float(f"{max(headrooms):.3g}") if headrooms else None,
        symptom=worst.symptom[:200],
        message=worst.message[:200] if ended else "",
        fingerprint=digest(bits) if bits else "",
    )


def _rank(grade: str) -> int:
    return GRADES.index(grade) if grade in GRADES else len(GRADES)


def digest(facts: Iterable[object]) -> str:
    """Of the texts of `facts`."""
    return hashlib.blake2b(repr(list(facts)).encode(), digest_size=6).hexdigest()


def _seen(one: Seen, right: set[tuple[str, str, str]]) -> Seen:
    kept = [_array(array) for array in one.arrays if (one.case, one.target, array.fingerprint) not in right]
    largest = max(one.arrays, key=count, default=None)
    if kept and largest is not None and count(largest) > max(map(count, kept)):
        # For its size alone, which says how long sums may be.
        kept.append(SeenArray(subject=SIZE, dtype=largest.dtype, shape=largest.shape, fingerprint=""))
    return one.model_copy(update={"arrays": kept})


def _array(one: SeenArray) -> SeenArray:
    """A few numbers of an array: the first, one in the middle, the last, and the largest that the record names."""
    places = list(one.places) or list(range(len(one.values)))
    if len(places) <= FEW:
        return one
    texts = dict(zip(places, one.values, strict=False))
    largest = max(texts, key=lambda place: _size(texts[place]))
    chosen = sorted({largest, places[0], places[len(places) // 2], places[-1]} & set(texts))
    return one.model_copy(update={"places": chosen, "values": [texts[place] for place in chosen]})


def _size(text: str) -> float:
    try:
        return abs(float(text))
    except ValueError:
        return -1.0
