"""A comparison as Markdown for a CI job's summary, which may be 1,024 kB long and no longer."""

from __future__ import annotations

from collections.abc import Sequence

from ..escaping import LONGEST, code, plain
from .classes import KINDS, TITLES, WORDS, Kind
from .difference import Comparison, Entry
from .text import head, verdict, where

ROOM = 2000


def markdown(comparison: Comparison, failing: Sequence[Kind] = (), longest: int = LONGEST) -> str:
    """The comparison, of at most `longest` bytes in UTF-8; what there is no room for is counted at the end."""
    parts = [f"# {plain(comparison.before)} → {plain(comparison.after)}", *_opening(comparison, failing)]
    left = longest - ROOM - sum(map(_size, parts))
    omitted: list[Entry] = []
    for kind in KINDS:
        found = [entry for entry in comparison.entries if entry.kind == kind]
        title = f"## {TITLES[kind]} ({len(found)})\n\n{WORDS[kind]}"
        for part, entry in zip([title, *map(_entry, found)], [None, *found], strict=True) if found else ():
            if _size(part) > left:
                omitted += [entry] if entry else []
                continue
            left -= _size(part)
            parts.append(part)
    if omitted:
        parts.append(_omitted(omitted))
    return "\n\n".join(parts) + "\n"


def _size(part: str) -> int:
    return len(part.encode()) + 2


def _opening(comparison: Comparison, failing: Sequence[Kind]) -> list[str]:
    lines = [plain(line) for line in head(comparison)[1:]][:100]
    rows = [f"| {TITLES[kind]} | {number} |" for kind, number in comparison.counts.items()]
    table = ["| class | entries |", "|---|---:|", *rows] if rows else ["No difference."]
    return [
        f"**{verdict(comparison, failing) or 'Nothing stands against the upgrade.'}**",
        "\n".join(f"- {line}" for line in lines),
        "\n".join(table),
    ]


def _entry(entry: Entry) -> str:
    example = entry.example
    lines = [f"- **{plain(entry.title)}**  ", f"  {plain(where(entry))}"]
    if example.case:
        lines[-1] += "  "
        lines.append(f"  {code(example.case)}")
    if (example.before or example.after) and entry.kind not in ("added", "removed"):
        lines[-1] += "  "
        lines.append(f"  before {code(example.before or 'nothing')}, after {code(example.after or 'nothing')}")
    return "\n".join(lines)


def _omitted(omitted: Sequence[Entry]) -> str:
    counted = {kind: sum(entry.kind == kind for entry in omitted) for kind in KINDS}
    words = ", ".join(f"{number} {TITLES[kind].lower()}" for kind, number in counted.items() if number)
    return f"Left out, since a summary may not be longer: {words}. The page and the JSON hold all of them."
