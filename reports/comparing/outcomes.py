"""What became of the checks of a case: what held and no longer does, what is raised, what is offered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from ..record import Check, SeenArray, SeenError
from .asked import Asked, Checks, Half, alike, family, said
from .classes import Kind
from .difference import Difference
from .numbers import OTHER, ROUNDING, UNITS, WHOLE, Moved, moved, number, whole

Fate = Literal["holds", "deviates", "raises", "unsupported"]
LOST = ("crash", "timeout")
SHORT = 160
MEASURED = (
    *("output", "gradient", "state", "dtype", "forward_mode", "second_order", "vectorized"),
    *("constraint", "regularization"),
)
PHASE = re.compile(r"^raised \S+ in phase (\w+)")
GRADES = ("A", "A2", "B1", "B", "C", "F")
ORDER: tuple[Fate, ...] = ("holds", "deviates", "raises", "unsupported")


def fate(check: Check) -> Fate:
    """What a check says, whether the ledger knows of it or not."""
    if check.outcome == "pass":
        return "holds"
    if check.outcome == "unsupported":
        return "unsupported"
    raised = check.symptom.startswith("raised ") and check.aspect != "error"
    return "raises" if raised or check.outcome in ("error", *LOST) else "deviates"


def matched(asked: Asked) -> Iterator[tuple[Check, Check]]:
    """The checks of both sides that are about the same thing.

    Where one side raised, or offers nothing, an aspect (or a format of persistence) has one check there, which stands
    beside the most serious of the other.
    """
    before, after = asked.before.checks, asked.after.checks
    yield from ((before[key], after[key]) for key in before if key in after)
    for key, check in before.items():
        if key not in after and (others := _within(check, after)):
            yield check, others
    for key, check in after.items():
        if key not in before and (others := _within(check, before)):
            yield others, check


def _within(check: Check, checks: Checks) -> Check | None:
    """Of the checks that were made where this one ended an aspect, the most serious; None where it ended none."""
    if fate(check) not in ("raises", "unsupported"):
        return None
    start = f"{check.subject} " if check.subject else ""
    inside = [one for (aspect, subject), one in checks.items() if aspect == check.aspect and subject.startswith(start)]
    return max(inside, key=lambda one: ORDER.index(fate(one)), default=None)


def changed(asked: Asked, old: Check, new: Check) -> Difference | None:
    """What became of a check, where its fate changed, or a deviation that was known became another."""
    was, now = fate(old), fate(new)
    if was == now:
        return _another(asked, old, new, was)
    if "unsupported" in (was, now):
        return _support(asked, old, new)
    if now == "raises":
        return _raised(asked, old, new)
    if now == "holds":
        return _fixed(asked, old, new, was)
    return _works(asked, old, new) if was == "raises" else _wrong(asked, old, new)


def _works(asked: Asked, old: Check, new: Check) -> Difference:
    """What raised and no longer does, but is not right: fixed if a lower grade is all that is wrong with it."""
    if new.grade and new.grade != "F":
        return _fixed(asked, old, new, "raises")
    given = [one for one in asked.after.seen.arrays if one.fingerprint == new.fingerprint] if asked.after.seen else []
    cut = bool(new.fingerprint) and any(one.values and whole(map(number, one.values)) for one in given)
    looks = WHOLE if cut and asked.dtype not in UNITS else _looks(new, None)
    values = (old.symptom or old.outcome, _value(new))
    sentence = f"{_what(new)} raised before and is wrong now: {_plain(new)}."
    cause = ("numbers", asked.layer, family(new.aspect), looks)
    return asked.difference("silently-different", new.aspect, new.subject, values, cause, sentence, numbers=True)


def _another(asked: Asked, old: Check, new: Check, now: Fate) -> Difference | None:
    """A check that raised and raises, or deviated and deviates, with another symptom; numbers are compared as such."""
    if now in ("holds", "unsupported") or old.symptom == new.symptom or (old.grade and new.grade):
        return None
    values = (old.symptom or old.outcome, new.symptom or new.outcome)
    what = _what(new)
    if now == "raises":
        if ended(asked.before) and ended(asked.after):
            return None  # told once for the whole case, of the exceptions
        sentence = f"It did not work before either: {values[0]}, now {values[1]}."
        other = ("raises otherwise", alike(old.symptom), alike(new.symptom))
        return asked.difference("interface", new.aspect, new.subject, values, other, sentence)
    sentence = f"{what} did not hold before either, and is wrong in another way: {values[0]}, now {values[1]}."
    cause = ("deviates otherwise", asked.layer, family(new.aspect), alike(old.symptom), alike(new.symptom))
    kind: Kind = "broken" if (old.outcome, new.outcome) == ("known", "fail") else "silently-different"
    return asked.difference(kind, new.aspect, new.subject, values, cause, sentence, failed=new.failed)


def _support(asked: Asked, old: Check, new: Check) -> Difference:
    gone = fate(new) == "unsupported"
    reason = (new if gone else old).message
    kind: Kind = "newly-unsupported" if gone else "newly-supported"
    values = (_value(old), "unsupported") if gone else ("unsupported", _value(new))
    # One thing that is missing is missing in every aspect.
    cause = ("support", alike(reason) or asked.layer)
    also = "" if gone or fate(new) == "holds" else f"; it does not pass: {_plain(new)}"
    word = "no longer offered" if gone else "offered now"
    sentence = f"{asked.layer}: {said(reason, 200).rstrip('.')}{' — ' if reason else ''}{word}{also}."
    return asked.difference(kind, new.aspect, new.subject, values, cause, sentence)


def _raised(asked: Asked, old: Check, new: Check) -> Difference:
    error = ended(asked.after)
    name = new.outcome if new.outcome in LOST else new.symptom.removeprefix("raised ")
    text = error.message if error else new.message.partition(": ")[2] or new.message
    phase = error.phase if error else _phase(new)
    # An update is a call, and more.
    cause = ("raises", name, phase.replace("update", "call"), alike(text, asked.layer))
    values = (_value(old), said(f"{name}: {text}" if text else name))
    sentence = f"What worked {_verb(new)}{f' in phase {phase}' if phase else ''}: {said(values[1], SHORT)}"
    return asked.difference("broken", new.aspect, new.subject, values, cause, sentence, failed=new.failed, phase=phase)


def _phase(check: Check) -> str:
    """The phase that the message of a check names."""
    found = PHASE.search(check.message)
    return found[1] if found else ""


def _verb(check: Check) -> str:
    return {"crash": "crashes", "timeout": "runs out of time"}.get(check.outcome, "raises")


def ended(half: Half) -> SeenError | None:
    """The exception that ended a case, where one did."""
    return next((error for error in half.seen.errors if not error.subject), None) if half.seen else None


def _fixed(asked: Asked, old: Check, new: Check, was: Fate) -> Difference:
    raised = was == "raises"
    words = old.message if raised else _plain(old)
    cause = (
        ("fixed", alike(words or old.outcome, asked.layer))
        if raised
        else _cause("fixed", asked, old, _looks(old, None))
    )
    became = "What raised works now" if raised else f"{_what(old)} was wrong, and is right now"
    sentence = f"{became}: {said(words or old.outcome, SHORT).rstrip('.')}."
    return asked.difference(
        "fixed",
        old.aspect,
        old.subject,
        (_value(old), _value(new)),
        cause,
        sentence,
        failed=old.failed,
        numbers=not raised and old.aspect in MEASURED,
        phase=_phase(old) if raised else "",
    )


def _cause(word: str, asked: Asked, check: Check, looks: str) -> tuple[str, ...]:
    """Of numbers the pattern; of anything else what it is about, whatever weight or format shows it.

    Of an error what was raised, whatever the layer; of a file its form, for its outputs and gradients are one matter.
    """
    if check.aspect in MEASURED:
        return (word, asked.layer, family(check.aspect), looks)
    if check.aspect == "error":
        return (f"{word} otherwise", "error", alike(check.symptom), alike(check.message, asked.layer))
    if check.aspect == "persistence":
        return (f"{word} otherwise", asked.layer, "persistence", check.subject.partition(" ")[0])
    about = check.subject.split()[-1:] if check.aspect == "weights" else [alike(check.subject), alike(check.symptom)]
    return (f"{word} otherwise", asked.layer, check.aspect, *about)


def _wrong(asked: Asked, old: Check, new: Check) -> Difference:
    """A check that held and does not."""
    arrays = linked(asked, old, new)
    seen = moved(*arrays, asked.terms) if arrays else None
    looks = _looks(new, seen)
    values = (seen.before, seen.after) if seen and seen.beyond else _numbers(old, new)
    cause = _cause("numbers", asked, new, looks)
    sentence = f"{_what(new)} held and no longer does: {_plain(new)}."
    return asked.difference(
        "broken", new.aspect, new.subject, values, cause, sentence, failed=new.failed, numbers=new.aspect in MEASURED
    )


def linked(asked: Asked, old: Check, new: Check) -> tuple[SeenArray, SeenArray] | None:
    """The arrays that two checks judged, found by the bits that they name."""
    if not (old.fingerprint and new.fingerprint and asked.before.seen and asked.after.seen):
        return None
    ours = [one for one in asked.before.seen.arrays if one.fingerprint == old.fingerprint]
    theirs = {(one.subject, one.step): one for one in asked.after.seen.arrays if one.fingerprint == new.fingerprint}
    return next(((one, theirs[key]) for one in ours if (key := (one.subject, one.step)) in theirs), None)


def _looks(check: Check, seen: Moved | None) -> str:
    """The pattern of what is wrong: of the numbers where it shows, else the likely cause that the run found."""
    if seen and seen.beyond and seen.pattern != OTHER:
        return seen.pattern
    cause = check.symptom.partition(": ")[2] if check.symptom.startswith("grade ") else check.symptom
    return alike(cause) or (ROUNDING if seen and not seen.beyond else OTHER)


def _numbers(old: Check, new: Check) -> tuple[str, str]:
    """Both values where the checks tell them, else their verdicts."""
    if new.worst:
        was = old.worst.got if old.worst and old.worst.index == new.worst.index else f"near {new.worst.expected}"
        return was, new.worst.got
    return _value(old), _value(new)


def _value(check: Check) -> str:
    if check.outcome == "pass":
        return f"grade {check.grade}" if check.grade else "holds"
    return check.symptom or check.outcome


def _what(check: Check) -> str:
    return f"{check.aspect.replace('_', ' ')}{f' of {check.subject}' if check.subject else ''}"


def _plain(check: Check) -> str:
    return said(check.cause or check.message or check.symptom or check.outcome, 200).rstrip(".")
