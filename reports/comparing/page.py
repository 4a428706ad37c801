"""What changed, as a view beside those of a record, and as a page of its own.

Everything from the records is escaped, and stands in the page as it is: a script only narrows and copies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..page import address
from ..page.alone import View, alone, anchor, view
from .classes import KINDS, TITLES, WORDS, Kind
from .difference import Comparison, Entry
from .text import verdict, where

REPORTS = Path(__file__).parent.parent
NAME = "compare"
MOST = 60


def render(comparison: Comparison, failing: Sequence[Kind] = ()) -> str:
    """A page of the comparison alone, as HTML. The same records give the same text."""
    heading = f"{comparison.before} → {comparison.after}"
    return alone(compared(comparison, failing, beside=False), "normcheck compare", heading)


def compared(comparison: Comparison, failing: Sequence[Kind] = (), *, beside: bool = True) -> View:
    """The view of the comparison. beside: it stands on the page of the record after, and cases lead to their own."""
    placed = list(zip(places(comparison.entries), comparison.entries, strict=True))
    return view(
        NAME,
        "Compare",
        REPORTS / "comparison.html",
        REPORTS / "comparison.css",
        comparison=comparison,
        done=comparison.compared,
        verdict=verdict(comparison, failing),
        groups=[
            (kind, TITLES[kind], WORDS[kind], [(place, entry) for place, entry in placed if entry.kind == kind])
            for kind in KINDS
        ],
        failing=[TITLES[kind].lower() for kind in failing],
        beside=beside,
        address=address,
        cases=cases,
        targets=targets,
        titles=TITLES,
        where=where,
        most=MOST,
    )


def places(entries: Iterable[Entry]) -> Iterator[str]:
    """An address for each entry, the same in every comparison that finds it."""
    taken: Counter[str] = Counter()
    for entry in entries:
        name = anchor(NAME, entry.kind, entry.title, *(pair.name for pair in entry.pairs))
        taken[name] += 1
        yield name if taken[name] == 1 else f"{name}-{taken[name]}"


def cases(entry: Entry) -> list[str]:
    """The cases that an entry shows in, as far as the view lists them."""
    return list(dict.fromkeys(one.case for one in (entry.example, *entry.differences[:MOST])))


def targets(entry: Entry) -> list[str]:
    """The targets of an entry by name, and by their ids on both sides."""
    return list(dict.fromkeys(text for pair in entry.pairs for text in (pair.name, pair.before.id, pair.after.id)))
