"""A baseline: a small file to commit, made from a record, that later runs are held against.

JSON, one line for each case and target. What repeats stands once in a table, and is named by its place there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..reading import Record
from ..record import Check, Footer, Header, Interface, Seen, TargetLine
from .condensing import condensed

VERSION = 1
PARTS = ("weights", "configuration", "errors", "warnings", "unsupported")
CHECK = ("aspect", "outcome", "bits", "grade", "headroom", "symptom", "message")
Row = Annotated[list[Any], Field(min_length=8, max_length=8)]


class BaselineError(Exception):
    """A file that is no baseline; the message is one sentence."""


class Baseline(BaseModel):
    """What stands in the file. tables: by name, what rows name by its place.

    cases: rows of target, layer, dtype, request, checks, parameters, places in the tables (with `lost`), arrays.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    normcheck_baseline: Literal[1]
    header: Header
    targets: list[TargetLine]
    interfaces: list[Interface] = []
    tables: dict[str, list[Any]]
    cases: dict[str, list[Row]]


class Table:
    """Values that stand once. A table is filled while a file is written."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.places: dict[str, int] = {}

    def place(self, value: Any) -> int:
        """Where `value` stands, put there where it is new."""
        name = json.dumps(value, sort_keys=True)
        if name not in self.places:
            self.places[name] = len(self.values)
            self.values.append(value)
        return self.places[name]


def baseline_text(record: Record) -> str:
    """The baseline of a record. The same record gives the same text."""
    lean = condensed(record)
    tables = {name: Table() for name in ("target", "layer", "dtype", "aspect", "symptom", *PARTS)}
    rows: dict[str, list[list[Any]]] = {}
    for case, row in _rows(lean, tables):
        rows.setdefault(case, []).append(row)
    head = {
        "normcheck_baseline": VERSION,
        "header": lean.header.model_dump(exclude_defaults=True),
        "targets": [one.model_dump(exclude_defaults=True) for one in lean.targets if not one.reason],
        "interfaces": [one.model_dump(exclude_defaults=True) for one in lean.interfaces],
        "tables": {name: table.values for name, table in tables.items()},
    }
    texts = [f"{json.dumps(name)}: {_compact(value)}" for name, value in head.items()]
    lines = [f"{json.dumps(case)}: {_compact(each)}" for case, each in sorted(rows.items())]
    return "{" + ",\n".join(texts) + ',\n"cases": {\n' + ",\n".join(lines) + "\n}}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _rows(lean: Record, tables: Mapping[str, Table]) -> Iterator[tuple[str, list[Any]]]:
    checks: dict[tuple[str, str], list[Check]] = {}
    for check in lean.checks:
        checks.setdefault((check.case, check.target), []).append(check)
    seen = {(line.case, line.target): line for line in lean.seen}
    for case, target in dict.fromkeys([*checks, *seen]):
        mine, line = checks.get((case, target), []), seen.get((case, target))
        layer = line.layer if line else mine[0].layer
        yield (
            case,
            [
                tables["target"].place(target),
                tables["layer"].place(layer),
                tables["dtype"].place(mine[0].dtype if mine else ""),
                line.request if line else None,
                [_check(check, tables) for check in mine],
                list(line.parameters) if line and line.parameters else None,
                _places(line, tables) if line else None,
                [one.model_dump(exclude_defaults=True) for one in line.arrays] if line else [],
            ],
        )


def _check(check: Check, tables: Mapping[str, Table]) -> list[Any]:
    """`CHECK` in order, without what is not there at the end."""
    headroom = None if check.headroom is None else _finite(check.headroom)
    texts = [tables["symptom"].place(text) if text else None for text in (check.symptom, check.message)]
    outcome = None if check.outcome == "pass" else check.outcome
    row = [tables["aspect"].place(check.aspect), outcome, check.fingerprint or None, check.grade, headroom, *texts]
    while row[-1] is None:
        row.pop()
    return row


def _finite(value: float) -> float | str:
    return value if abs(value) < float("inf") else str(value)


def _places(line: Seen, tables: Mapping[str, Table]) -> list[Any]:
    content = line.model_dump(mode="json")
    return [line.lost, *(tables[name].place(content[name]) for name in PARTS)]


def read_baseline(path: str | Path) -> Record:
    """The condensed record that a baseline holds. Raises BaselineError with one sentence."""
    try:
        found = Baseline.model_validate_json(Path(path).read_bytes())
        return _record(found)
    except OSError as error:
        raise BaselineError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValidationError, LookupError, TypeError, ValueError):
        raise BaselineError(
            f"{path} is no baseline of this version: make it again with `normcheck baseline`."
        ) from None


def _record(found: Baseline) -> Record:
    checks: list[Check] = []
    seen: list[Seen] = []
    for case, rows in found.cases.items():
        for row in rows:
            checks += [_check_line(case, row, each, found.tables) for each in row[4]]
            seen += [_seen_line(case, row, found.tables)] if row[3] is not None else []
    return Record(
        header=found.header,
        targets=tuple(found.targets),
        checks=tuple(checks),
        interfaces=tuple(found.interfaces),
        seen=tuple(seen),
        footer=Footer(finished=found.header.started, complete=True),
    )


def _about(case: str, row: Sequence[Any], tables: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    return {"case": case, "layer": tables["layer"][row[1]], "target": tables["target"][row[0]]}


def _check_line(case: str, row: Sequence[Any], each: Sequence[Any], tables: Mapping[str, Sequence[Any]]) -> Check:
    value = dict(zip(CHECK, each, strict=False))
    symptom, message = (None if value.get(name) is None else tables["symptom"][value[name]] for name in CHECK[5:])
    return Check(
        **_about(case, row, tables),
        aspect=tables["aspect"][value["aspect"]],
        dtype=tables["dtype"][row[2]],
        outcome=value.get("outcome") or "pass",
        grade=value.get("grade"),
        headroom=None if value.get("headroom") is None else float(value["headroom"]),
        fingerprint=value.get("bits") or "",
        symptom=symptom or "",
        message=message or "",
    )


def _seen_line(case: str, row: Sequence[Any], tables: Mapping[str, Sequence[Any]]) -> Seen:
    lost, *places = row[6]
    parts = {name: tables[name][place] for name, place in zip(PARTS, places, strict=True)}
    return Seen.model_validate(
        _about(case, row, tables) | {"request": row[3], "parameters": row[5], "arrays": row[7], "lost": lost} | parts
    )
