"""Several records made one: shards of a run, targets, machines. Nothing is lost without a word."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from .described import ScriptText
from .line import Line
from .reading import Record, lost
from .record import Check, ClaimVerdict, Footer, Header, LedgerNote, Part
from .shards import missing, stale
from .summary import exit_status
from .writing import RecordWriter

T = TypeVar("T")


def merge(records: Sequence[Record]) -> Record:
    """One record of all; what a reader must know of the merge stands in its `problems`.

    Checks that agree in key and verdict collapse into the first, and are counted. Checks with one key and
    different verdicts are all kept, and named. The result is complete when every part is, and every shard is there.
    Raises ValueError for no records.
    """
    if not records:
        raise ValueError("There is nothing to merge: name at least one record.")
    checks = distinct(chain.from_iterable(record.checks for record in records), verdict)
    merged = Record(
        header=records[0].header,
        targets=distinct(chain.from_iterable(record.targets for record in records), whole_line),
        checks=checks,
        claims=distinct(chain.from_iterable(record.claims for record in records), claim_identity),
        ledger_notes=distinct(
            chain(*(record.ledger_notes for record in records), stale(runs(records), (c.known or "" for c in checks))),
            note_identity,
        ),
        interfaces=distinct(chain.from_iterable(record.interfaces for record in records), whole_line),
        seen=distinct(chain.from_iterable(record.seen for record in records), whole_line),
        opened=distinct(chain.from_iterable(record.opened for record in records), whole_line),
        cases=distinct(chain.from_iterable(record.cases for record in records), whole_line),
        scripts=distinct(chain.from_iterable(record.scripts for record in records), script_identity),
    )
    notes = tuple(dict.fromkeys(findings(records, merged)))
    whole = replace(
        merged, header=merged_header(records, notes), footer=merged_footer(records, len(checks)), problems=notes
    )
    status = max(exit_status(whole), *(part.exit_status for part in runs(records)))
    return replace(whole, footer=merged_footer(records, len(checks), status))


def content(record: Record) -> str:
    """A digest of what was found: two records have the same where every verdict is the same, in whatever order."""
    found = [
        *(f"check {verdict(line)!r}" for line in record.checks),
        *(f"target {whole_line(line)!r}" for line in record.targets),
        *(f"claim {claim_identity(line)!r}" for line in record.claims),
        *(f"ledger {note_identity(line)!r}" for line in record.ledger_notes),
    ]
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()[:16]


def write(record: Record, path: str | Path) -> None:
    """Writes `record` to the file `path`, as `reading.read` reads it. Raises OSError where that cannot be."""
    with RecordWriter(path) as writer:
        asked = (*record.targets, *record.interfaces, *record.cases)
        judged = (*record.checks, *record.claims, *record.ledger_notes, *record.scripts)
        for line in (record.header, *asked, *judged, *record.seen, *record.opened):
            writer.append(line)
        if record.footer is not None:
            writer.append(record.footer)


def verdict(check: Check) -> Hashable:
    """What makes two checks one and the same finding; the time it took and the wording do not count."""
    return (
        check.key,
        check.outcome,
        check.grade,
        check.fingerprint,
        repr(check.headroom),
        check.symptom,
        check.known,
        tuple(check.failed),
    )


def whole_line(line: Line) -> Hashable:
    """Every field of a line."""
    return line.model_dump_json()


def claim_identity(line: ClaimVerdict) -> Hashable:
    """A claim, a target and the verdict; the evidence of the first is kept."""
    return (line.claim, line.target, line.verdict)


def script_identity(line: ScriptText) -> Hashable:
    """A case and a target; the first script is kept."""
    return (line.case, line.target)


def note_identity(line: LedgerNote) -> Hashable:
    """An entry and its problem."""
    return (line.entry, line.problem)


def distinct(lines: Iterable[T], identity: Callable[[T], Hashable]) -> tuple[T, ...]:
    """The first of each identity, in order."""
    found: dict[Hashable, T] = {}
    for line in lines:
        found.setdefault(identity(line), line)
    return tuple(found.values())


def findings(records: Sequence[Record], merged: Record) -> list[str]:
    """What a reader must know: the parts' own problems, duplicates, conflicts, specs that differ."""
    own = [problem for record in records for problem in record.problems]
    return [
        *own,
        *collapsed(records, merged),
        *conflicts("check", ((" · ".join(filter(None, c.key)), c.outcome) for c in merged.checks)),
        *conflicts("claim", ((f"{c.claim} · {c.target}", c.verdict) for c in merged.claims)),
        *conflicts("target", ((line.id, line.title) for line in merged.targets)),
        *seen_otherwise(merged),
        *differing_specs(records),
    ]


def collapsed(records: Sequence[Record], merged: Record) -> list[str]:
    """How many checks stood there more than once and agreed."""
    surplus = sum(len(record.checks) for record in records) - len(merged.checks)
    return [f"{surplus} duplicate checks agreed with the first and were collapsed."] if surplus else []


def conflicts(what: str, found: Iterable[tuple[str, str]]) -> list[str]:
    """One sentence for each name that was found more than once, with what was found each time."""
    seen: dict[str, list[str]] = {}
    for name, value in found:
        seen.setdefault(name, []).append(value)
    return [
        f"The {what} {name} was found {len(values)} times, not alike ({', '.join(values)}); all are kept."
        for name, values in seen.items()
        if len(values) > 1
    ]


def seen_otherwise(merged: Record) -> list[str]:
    """A sentence where targets did otherwise with the same cases in another part."""
    keys = [line.key for line in merged.seen]
    twice = sorted({key for key in keys if keys.count(key) > 1}) if len(set(keys)) < len(keys) else []
    if not twice:
        return []
    first = " · ".join(twice[0])
    return [f"What was seen of {len(twice)} cases differs from part to part ({first} is the first); all is kept."]


def differing_specs(records: Sequence[Record]) -> list[str]:
    """A sentence where the records were made with different specs."""
    digests = sorted({part.spec_digest for record in records for part in parts(record)})
    if len(digests) == 1:
        return []
    return [f"The records were made with different specs ({', '.join(digests)}): they may not be comparable."]


def parts(record: Record) -> list[Part]:
    """The runs a record consists of."""
    if record.header.parts:
        return record.header.parts
    fields = ("run", "started", "normcheck", "spec_digest", "platform", "options", "selected", "case_list")
    return [
        Part(
            **{name: getattr(record.header, name) for name in fields},
            finished=record.footer.finished if record.footer else "",
            shard=record.header.shard,
            complete=record.complete,
            reason=record.shortfall,
            exit_status=record.footer.exit_status if record.footer else 1,
            due=record.footer.due if record.footer else [],
        )
    ]


def runs(records: Iterable[Record]) -> tuple[Part, ...]:
    """The runs that all of `records` consist of, each once."""
    return distinct(chain.from_iterable(map(parts, records)), Part.model_dump_json)


def merged_header(records: Sequence[Record], notes: tuple[str, ...]) -> Header:
    """The first header, with everything the others add and the runs it now speaks for."""
    headers = [record.header for record in records]
    joined = runs(records)
    names = "\n".join(sorted(part.run for part in joined))
    return headers[0].model_copy(
        update={
            "run": headers[0].run if len(joined) == 1 else "merged-" + hashlib.sha256(names.encode()).hexdigest()[:12],
            "started": min(part.started for part in joined),
            "layers": {k: v for h in reversed(headers) for k, v in h.layers.items()},
            "specs": {k: v for h in reversed(headers) for k, v in h.specs.items()},
            "requirements": {k: v for h in reversed(headers) for k, v in h.requirements.items()},
            "ledger": {k: v for h in reversed(headers) for k, v in h.ledger.items()},
            "claims": {k: v for h in reversed(headers) for k, v in h.claims.items()},
            "selected": sum(part.selected for part in joined),
            "case_list": _joint_list(joined),
            "lone": [text for text in headers[0].lone if all(text in header.lone for header in headers)],
            "shard": None,
            "parts": list(joined) if len(joined) > 1 or joined[0].shard else headers[0].parts,
            "notes": list(notes),
        }
    )


def _joint_list(joined: Sequence[Part]) -> str:
    """The list that all runs were of; empty where they differ, so that the record does not claim more than it has."""
    names = {part.case_list for part in joined}
    return names.pop() if len(names) == 1 else ""


def cut(record: Record) -> bool:
    """Whether a record ends too early, whatever its parts say of themselves."""
    return record.footer is None or bool(lost(record.footer, record.checks))


def merged_footer(records: Sequence[Record], checks: int, status: int = 0) -> Footer:
    """The end of the last, complete when all are and every shard is there."""
    joined = runs(records)
    reasons = [
        *(f"{part.run}: {part.reason}" for part in joined if not part.complete),
        *(f"{one.header.run}: {one.shortfall}" for one in records if one.header.parts and cut(one)),
        *missing(joined),
    ]
    footers = [record.footer for record in records if record.footer is not None]
    return Footer(
        finished=max((footer.finished for footer in footers), default=""),
        complete=not reasons,
        reason="; ".join(dict.fromkeys(reasons)),
        checks=checks,
        exit_status=status,
    )
