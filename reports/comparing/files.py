"""Files that one version saved and the other opened."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ..reading import Record
from ..record import Opened
from .asked import said
from .difference import Difference, Pair
from .numbers import shown
from .outcomes import SHORT


def differences(records: Sequence[Record], pair: Pair, moved: Collection[str]) -> Iterator[Difference]:
    """Every file of one side that does not open in the other, or gives other outputs there.

    moved: the cases whose numbers differ without any file; that is told of the numbers. A file that its own version
    cannot open again says nothing of the other.
    """
    spoilt = {key for record in records for key in _spoilt(record)}
    for record in dict.fromkeys(map(id, records)):
        one = next(each for each in records if id(each) == record)
        for line in one.opened:
            across = {line.saved_by, line.opened_by} == {pair.before.id, pair.after.id}
            if not across or line.saved_by == line.opened_by or line.phase == "save":
                continue
            wrong = bool(line.phase) or not (line.same or line.within or line.case in moved)
            if wrong and (line.saved_by, line.case, line.form) not in spoilt:
                yield _difference(line, pair)


def _spoilt(record: Record) -> Iterator[tuple[str, str, str]]:
    """Target, case and form of the files that their own version does not open again as they were."""
    for check in record.checks:
        if check.aspect == "persistence" and check.outcome not in ("pass", "unsupported"):
            yield check.target, check.case, check.subject.partition(" ")[0]


def _difference(line: Opened, pair: Pair) -> Difference:
    forwards = line.saved_by == pair.before.id
    titles = {pair.before.id: _version(pair, 0), pair.after.id: _version(pair, 1)}
    name = line.types[0] if line.types else "other outputs"
    text = said(f"{name} in phase {line.phase}: {line.message}") if line.phase else _apart(line)
    way = "forwards" if forwards else "backwards"
    # Forms and messages are many ways to say that the layer is another one.
    cause = ("files", way, line.layer, "does not open" if line.phase else "answers otherwise")
    saved, opened = titles[line.saved_by], titles[line.opened_by]
    sentence = (
        f"What {saved} saved as {line.form} {'does not open' if line.phase else 'answers otherwise'} in {opened}: "
    )
    values = ("opens", text) if forwards else (text, "opens")
    return Difference(
        kind="files",
        layer=line.layer,
        case=line.case,
        pair=pair,
        aspect="files",
        subject=f"{line.form}, {way}",
        before=values[0],
        after=values[1],
        cause=cause,
        sentence=sentence + said(text, SHORT),
    )


def _apart(line: Opened) -> str:
    far = "" if line.difference is None else f", {shown(line.difference)} apart"
    return f"other outputs{far}"


def _version(pair: Pair, side: int) -> str:
    """`keras 3.8.0`, of the versions that differ."""
    named = [f"{name} {both[side]}" for name, both in pair.versions.items() if both[side]]
    return ", ".join(named) or (pair.before, pair.after)[side].title
