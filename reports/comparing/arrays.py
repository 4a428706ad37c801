"""The numbers of a case: each array beside its counterpart, judged or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..record import Seen, SeenArray, SeenWeight
from .accuracy import numbers_of, unjudged
from .asked import Asked
from .difference import Difference
from .outcomes import changed, linked, matched

Key = tuple[str, int]


def differences(asked: Asked) -> Iterator[Difference]:
    """Everything that the checks and the arrays of a case show. Judged arrays are compared as their checks say."""
    covered: set[Key] = set()
    for old, new in matched(asked):
        arrays = linked(asked, old, new)
        found = changed(asked, old, new) or numbers_of(asked, old, new, arrays)
        if found or arrays:
            covered |= {(one.subject, one.step) for one in arrays or ()}
        if found:
            yield found
    yield from _left(asked, covered)


def counterparts(asked: Asked) -> list[tuple[SeenArray, SeenArray]]:
    """The arrays that both sides gave."""
    old, new = by_key(asked.before.seen), by_key(asked.after.seen, renamed(asked))
    return [(old[key], new[key]) for key in old if key in new]


def by_key(seen: Seen | None, names: Mapping[str, str] | None = None) -> dict[Key, SeenArray]:
    """Arrays by subject and step. names: what the other side calls a weight."""
    found: dict[Key, SeenArray] = {}
    for array in seen.arrays if seen else ():
        word, _, name = array.subject.partition(" ")
        subject = f"{word} {names[name]}" if names and name in names else array.subject
        found[subject, array.step] = array
    return found


def renamed(asked: Asked) -> dict[str, str]:
    """What the weights of the later version were called, where they only have other names."""
    if not (asked.before.seen and asked.after.seen):
        return {}
    old, new = asked.before.seen.weights, asked.after.seen.weights
    if len(old) != len(new) or any(one.shape != other.shape for one, other in zip(old, new, strict=True)):
        return {}
    return {other.name: one.name for one, other in zip(old, new, strict=True) if one.name != other.name}


def _left(asked: Asked, covered: set[Key]) -> Iterator[Difference]:
    """What no check that judged it on both sides has told already."""
    for old, new in counterparts(asked):
        if (old.subject, old.step) in covered or _alike(old, new):
            continue
        yield unjudged(asked, old, new)
    yield from _one_sided(asked)


def _alike(old: SeenArray, new: SeenArray) -> bool:
    return (old.fingerprint, old.dtype, old.shape) == (new.fingerprint, new.dtype, new.shape)


def _one_sided(asked: Asked) -> Iterator[Difference]:
    """Arrays that one side alone gave, where nothing was raised or missing on either that explains it.

    A weight that one side alone changed is the same as before a step on the other.
    """
    before, after = asked.before.seen, asked.after.seen
    if not (before and after) or _interrupted(before) or _interrupted(after):
        return
    old, new = by_key(before), by_key(after, renamed(asked))
    for key in [*(key for key in old if key not in new), *(key for key in new if key not in old)]:
        array, gone = (old.get(key) or new[key]), key in old
        if array.fingerprint and not _told_by_checks(asked, array):
            yield _missing(asked, array, gone, _held(after if gone else before, array.subject))


def _interrupted(seen: Seen) -> bool:
    return bool(seen.errors or seen.lost or seen.unsupported)


def _told_by_checks(asked: Asked, array: SeenArray) -> bool:
    """Whether both sides judged a weight after this step, changed or not."""
    word, _, name = array.subject.partition(" ")
    if word != "weight":
        return False
    subjects = (name, f"step {array.step + 1} {name}")
    sides: Sequence[set[str]] = [
        {subject for aspect, subject in half.checks if aspect in ("state", "constraint", "regularization")}
        for half in (asked.before, asked.after)
    ]
    return all(any(subject in side for subject in subjects) for side in sides)


def _held(seen: Seen, subject: str) -> SeenWeight | None:
    return next((one for one in seen.weights if f"weight {one.name}" == subject), None)


def _missing(asked: Asked, array: SeenArray, gone: bool, held: SeenWeight | None) -> Difference:
    values = " ".join(array.values[:4]) or "given"
    word, _, name = array.subject.partition(" ")
    aspect = {"weight": "state", "derived": "derivatives", "differentiated": "output"}.get(word, word)
    other = "unchanged" if word == "weight" else "none"
    if held is not None and held.values and asked.alike and word == "weight":
        other = f"unchanged (new layers hold {' '.join(held.values[:4])})"
    pattern = ("no longer " if gone else "now ") + ("changed by the call" if word == "weight" else "given")
    text = f"step {array.step + 1} {name}".strip()
    pair = (values, other) if gone else (other, values)
    cause = ("numbers", asked.layer, aspect, pattern)
    sentence = f"{aspect} {text} is {pattern}."
    return asked.difference("silently-different", aspect, text, pair, cause, sentence, numbers=True)
