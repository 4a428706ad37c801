"""A comparison as JUnit XML, which CI systems show: one test case per entry, failed where its class is to fail."""

from __future__ import annotations

from collections.abc import Sequence

from ..escaping import attribute, shown
from .classes import TITLES, WORDS, Kind
from .difference import Comparison, Entry
from .text import where


def junit(comparison: Comparison, failing: Sequence[Kind]) -> str:
    """The document. Where nothing differs there is one test case, that passes."""
    failed = {id(entry) for entry in comparison.failing(tuple(failing))}
    cases = [_case(entry, id(entry) in failed) for entry in comparison.entries]
    cases = cases or ['<testcase classname="normcheck.compare" name="no difference" time="0"/>']
    name = attribute(f"normcheck compare: {comparison.before} → {comparison.after}")
    figures = f'tests="{len(cases)}" failures="{len(failed)}" errors="0" skipped="0" time="0"'
    body = "\n".join(cases)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites {figures}>\n'
        f"<testsuite name={name} {figures}>\n{body}\n</testsuite>\n</testsuites>\n"
    )


def _case(entry: Entry, failed: bool) -> str:
    opening = (
        f'<testcase classname={attribute(f"normcheck.compare.{entry.kind}")} name={attribute(entry.title)} time="0"'
    )
    text = shown(told(entry))
    if failed:
        message = f"{TITLES[entry.kind]}: {entry.title}"
        return f"{opening}><failure message={attribute(message)}>{text}</failure></testcase>"
    return f"{opening}><system-out>{text}</system-out></testcase>"


def told(entry: Entry) -> str:
    """An entry in a few lines."""
    example = entry.example
    lines = [
        f"{TITLES[entry.kind]}: {WORDS[entry.kind]}",
        entry.title,
        where(entry),
        f"case: {example.case}" if example.case else "",
        f"before: {example.before}",
        f"after: {example.after}",
        f"again, before: {entry.commands[0]}" if entry.commands[0] else "",
        f"again, after: {entry.commands[1]}" if entry.commands[1] else "",
    ]
    return "\n".join(filter(None, lines))
