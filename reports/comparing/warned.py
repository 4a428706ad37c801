"""Warnings and deprecations: those of a target as a whole, since a framework gives many of them once in a process."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..record import Seen
from .asked import Asked, alike, said
from .difference import Difference
from .outcomes import SHORT


def differences(asked: Iterable[Asked], before: Iterable[Seen], after: Iterable[Seen]) -> Iterator[Difference]:
    """What one side warned of in a case that both were asked, and the other nowhere.

    before, after: everything that was seen of the two targets, in other cases too.
    """
    old, new = _texts(before), _texts(after)
    for each in asked:
        for seen, others, word in ((each.after.seen, old, "new"), (each.before.seen, new, "gone")):
            if seen is not None:
                yield from _only(each, seen, others, word)


def _texts(seen: Iterable[Seen]) -> set[str]:
    return {alike(text, line.layer) for line in seen for text in line.warnings}


def _only(asked: Asked, seen: Seen, others: Collection[str], word: str) -> Iterator[Difference]:
    """The warnings of `seen` that are not among `others`."""
    for text in dict.fromkeys(seen.warnings):
        key = alike(text, asked.layer)
        if key not in others:
            values = ("no warning", said(text)) if word == "new" else (said(text), "no warning")
            sentence = f"A {'new warning' if word == 'new' else 'warning that is gone'}: {said(text, SHORT)}"
            yield asked.difference("interface", "warnings", "", values, ("warning", word, key), sentence)
