"""Every check as a row, in CSV and in JSON."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from ..line import Line
from ..reading import Record
from ..record import Check
from ..summary import counts, printable, verdict_sentences

COLUMNS = ("outcome", "target", "layer", "case", "aspect", "subject", "dtype", "level", "grade", "headroom")
MORE = ("ulps", "requirements", "failed", "known", "symptom", "message")


def as_csv(record: Record) -> str:
    """One line for each check, below one with the names of the columns. No text of a record is a formula."""
    found = io.StringIO()
    writer = csv.writer(found, lineterminator="\n")
    writer.writerow([*COLUMNS, *MORE])
    for check in record.checks:
        one = row(check)
        writer.writerow([cell(one[name]) for name in (*COLUMNS, *MORE)])
    return found.getvalue()


def row(check: Check) -> dict[str, Any]:
    """A check as plain values, None where it has none."""
    ulps = check.worst.ulps if check.worst else check.ulps
    lists = {"requirements": check.requirements, "failed": check.failed}
    rest = {"ulps": ulps, "known": check.known, "symptom": check.symptom, "message": check.message}
    return {name: getattr(check, name) for name in COLUMNS} | rest | lists


def cell(value: Any) -> str:
    """A value in a table; what a spreadsheet would take for a formula gets an apostrophe."""
    if isinstance(value, list):
        value = " ".join(value)
    if not isinstance(value, str):
        return "" if value is None else f"{value:.6g}"
    text = printable(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def as_json(record: Record) -> str:
    """The verdict, the counts, the claims and every check as one JSON document; figures that are not finite as text."""
    whole = {
        "run": record.header.run,
        "started": record.header.started,
        "complete": record.complete,
        "verdict": verdict_sentences(record),
        "targets": list(map(plain, record.targets)),
        "counts": {name: dict(found) for name, found in counts(record).items()},
        "claims": list(map(plain, record.claims)),
        "checks": list(map(plain, record.checks)),
    }
    return json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def plain(line: Line) -> Any:
    """A line as JSON has it, without what is at its default."""
    return json.loads(line.model_dump_json(exclude={"kind"}, exclude_defaults=True))
