"""Drafts ledger entries from the failures of a record that nothing explains yet."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from glob import escape
from itertools import chain
from typing import Any

import yaml
from packaging.version import InvalidVersion, Version

from .reading import Record
from .record import Check, TargetLine
from .summary import unexplained

OUT_OF_DATE = "unexpected pass"
NOTE = """\
# A draft of ledger entries, one for each kind of failure that no entry explains yet.
# For each, find out whether the target is wrong. If it is, say why in `reason`, put a link to the upstream
# issue in `link`, mend `versions`, and move the entry to the ledger. If it is right, correct the spec.
"""


def draft(record: Record) -> str:
    """A YAML document of entries for the unexplained failures, grouped by what is most likely one deviation.

    A check that fails because it passes is left out: its entry in the ledger must go, not gain another.
    """
    entries: dict[str, Any] = {}
    for checks in grouped(record):
        entry = drafted(record, checks)
        entries[free_id(entry, entries)] = entry
    if not entries:
        return NOTE + "# The record holds no failure that is not explained.\nentries: {}\n"
    return f"{NOTE}{yaml.safe_dump({'entries': entries}, sort_keys=False, width=110)}"


def grouped(record: Record) -> list[list[Check]]:
    """The unexplained failures of one adapter, aspect, subject, symptom and failed requirements together.

    Targets share a group only where the same cases fail on all targets of the adapter.
    """
    by_target: dict[tuple[Any, ...], list[Check]] = defaultdict(list)
    for check in unexplained(record):
        if check.symptom != OUT_OF_DATE:
            by_target[(*likeness(record, check), check.target)].append(check)
    together: dict[tuple[Any, ...], dict[str, list[Check]]] = defaultdict(dict)
    for (*kind, target), checks in by_target.items():
        cases = frozenset(check.case for check in checks)
        together[(*kind, cases)][target] = checks
    groups: list[list[Check]] = []
    for found in together.values():
        alike = set(found) == siblings(record, next(iter(found)))
        groups += [list(chain.from_iterable(found.values()))] if alike else list(found.values())
    return groups


def likeness(record: Record, check: Check) -> tuple[Any, ...]:
    """What failures have in common that are most likely one deviation."""
    line = target_line(record, check.target)
    adapter, versions = (line.adapter, tuple(versions_of(line))) if line else (check.target, ())
    return (
        adapter,
        versions,
        check.aspect,
        check.subject,
        check.symptom or check.outcome,
        tuple(check.failed),
    )


def drafted(record: Record, checks: list[Check]) -> dict[str, Any]:
    """One entry, with everything that is a person's to say left open."""
    first = checks[0]
    line = target_line(record, first.target)
    entry: dict[str, Any] = {
        "target": line.adapter if line and len({check.target for check in checks}) > 1 else escape(first.target),
        "versions": versions_of(line) if line else [],
        "cases": sorted({check.case for check in checks}),
        "aspect": first.aspect,
        "subject": escape(first.subject),
    }
    if first.failed:
        entry["requirement"] = first.failed[0]
    return entry | {"symptom": escape(first.symptom), "reason": "(say why)", "link": ""}


def target_line(record: Record, name: str) -> TargetLine | None:
    """The line of a target."""
    return next((line for line in record.targets if line.id == name), None)


def siblings(record: Record, name: str) -> set[str]:
    """The targets that could be had of the same adapter in the same versions, the one named included."""
    line = target_line(record, name)
    if line is None:
        return {name}
    kind = (line.adapter, versions_of(line))
    return {other.id for other in record.targets if not other.reason and (other.adapter, versions_of(other)) == kind}


def versions_of(line: TargetLine) -> list[str]:
    """The adapter's own distribution, or the first named, held to its minor release: `torch==2.13.*`."""
    name = line.adapter if line.adapter in line.versions else next(iter(line.versions), "")
    if not name:
        return []
    try:
        version = Version(line.versions[name])
    except InvalidVersion:
        return []
    return [f"{name}=={version.major}.{version.minor}.*"]


def free_id(entry: dict[str, Any], taken: Iterable[str]) -> str:
    """A readable id that none of `taken` has, in the alphabet of ledger ids."""
    words = [
        entry["target"],
        entry["cases"][0].split("/")[0],
        entry["aspect"],
        entry["subject"],
        entry["symptom"],
    ]
    stem = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(words)).strip("-")[:70].strip("-") or "entry"
    taken = set(taken)
    number = 2
    name = stem
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name
