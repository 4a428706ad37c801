"""A comparison as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ..summary import printable
from .classes import KINDS, TITLES, Kind
from .difference import Comparison, Entry

MOST = 12
WIDTH = 110


def terminal(comparison: Comparison, failing: Sequence[Kind] = (), *, colour: bool = False) -> str:
    """What was compared, the entries of each class, most serious first, and what stands against success."""
    blocks = [head(comparison), *(_class(comparison, kind, colour) for kind in KINDS), _end(comparison, failing)]
    return "\n\n".join("\n".join(map(_one_line, block)) for block in blocks if block)


def head(comparison: Comparison) -> list[str]:
    """What was held against what, how much of it, and what could not be compared."""
    done = comparison.compared
    found = [f"{comparison.before}  →  {comparison.after}", f"on {', '.join(pair.name for pair in comparison.pairs)}"]
    arrays = f", {done.arrays:,} arrays, {done.same:,} of them alike to the bit" if done.arrays else ""
    found.append(f"{done.cases:,} cases compared: {done.checks:,} checks{arrays}")
    return [*found, *(f"note: {note}" for note in comparison.notes)]


def where(entry: Entry) -> str:
    """How often an entry shows, and in which dtypes and modes."""
    cases = f"{entry.cases:,} case{'s' if entry.cases != 1 else ''}, " if entry.cases else ""
    often = f"{cases}{len(entry.differences):,} difference{'s' if len(entry.differences) != 1 else ''}"
    dtypes = ", ".join(entry.dtypes)
    pairs = ", ".join(pair.name for pair in entry.pairs)
    several = {kind: number for kind, number in entry.counts.items() if kind != entry.kind}
    also = ", ".join(f"{number:,} {TITLES[kind].lower()}" for kind, number in several.items())
    return "; ".join(filter(None, [often, f"also {also}" if also else "", dtypes, pairs]))


def verdict(comparison: Comparison, failing: Sequence[Kind]) -> str:
    """Why the exit status is not 0, as a sentence; empty where it is."""
    against = comparison.failing(tuple(failing))
    if not against:
        return ""
    kinds = [kind for kind in failing if any(kind in entry.counts for entry in against)]
    names = ", ".join(TITLES[kind].lower() for kind in kinds)
    several = f"{len(against)} entries stand" if len(against) > 1 else "1 entry stands"
    return f"{several} against the upgrade: {names}."


def _class(comparison: Comparison, kind: Kind, colour: bool) -> list[str]:
    found = [entry for entry in comparison.entries if entry.kind == kind]
    if not found:
        return []
    title = f"{TITLES[kind]} ({len(found)})"
    more = [f"  and {len(found) - MOST} more; the page shows all"] if len(found) > MOST else []
    lines = [line for entry in found[:MOST] for line in _entry(entry)]
    return [f"\x1b[1m{title}\x1b[0m" if colour else title, *lines, *more]


def _entry(entry: Entry) -> list[str]:
    example = entry.example
    lines = [f"  - {entry.title[: 2 * WIDTH]}", f"    {where(entry)}"]
    if entry.kind in ("added", "removed"):
        return lines
    if example.before or example.after:
        lines.append(f"    {_short(example.before) or 'nothing'}  →  {_short(example.after) or 'nothing'}")
    if entry.commands[1] and entry.kind != "bits":
        lines.append(f"    {entry.commands[1]}")
    return lines


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= WIDTH else f"{plain[: WIDTH - 1]}…"


def _end(comparison: Comparison, failing: Sequence[Kind]) -> list[str]:
    if not comparison.entries:
        return ["No difference."]
    sentence = verdict(comparison, failing)
    return [sentence or "Nothing that is asked to fail the comparison."]


def _one_line(text: str) -> str:
    escape = "\x1b"
    plain = printable(text.replace(escape, "\0ESC"))
    return plain.replace("\ufffdESC", escape) if text.startswith((f"{escape}[1m",)) else printable(text)
