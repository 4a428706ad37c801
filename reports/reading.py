"""Reads a record, whoever wrote it: every line is checked, and nothing it says is opened, run or trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from .described import CaseText, ScriptText
from .line import Line
from .record import (
    LINE,
    SCHEMA,
    Check,
    ClaimVerdict,
    Footer,
    Header,
    Interface,
    LedgerNote,
    Opened,
    Seen,
    TargetLine,
)

LONGEST_LINE = 2**20
KINDS = ("header", "target", "interface", "case", "check", "script", "seen", "opened", "claim", "ledger", "footer")


class RecordError(Exception):
    """A record that cannot be read; the message says where, what stands there and what was expected."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a run found. problems: sentences about the record itself, such as a last line that was cut off."""

    header: Header
    targets: tuple[TargetLine, ...] = ()
    checks: tuple[Check, ...] = ()
    claims: tuple[ClaimVerdict, ...] = ()
    ledger_notes: tuple[LedgerNote, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    seen: tuple[Seen, ...] = ()
    opened: tuple[Opened, ...] = ()
    cases: tuple[CaseText, ...] = ()
    scripts: tuple[ScriptText, ...] = ()
    footer: Footer | None = None
    problems: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything selected ran, and every check the footer counts is here."""
        return self.footer is not None and self.footer.complete and not lost(self.footer, self.checks)

    @property
    def shortfall(self) -> str:
        """Why the record is not complete; empty where it is."""
        if self.complete:
            return ""
        if self.footer is None:
            return "the run was cut short, and the record has no footer"
        return lost(self.footer, self.checks) or self.footer.reason or "not everything selected was run"


def lost(footer: Footer, checks: tuple[Check, ...]) -> str:
    """What is missing of the checks that the footer counts (a footer that counts none says nothing)."""
    if footer.checks in (0, len(checks)):
        return ""
    return f"its footer counts {footer.checks} checks, and the record holds {len(checks)}"


def read(path: str | Path) -> Record:
    """The record at `path`.

    A last line cut off in mid-write is left out and told in `problems`. Raises RecordError with one sentence
    for anything else that is not a record this version can read.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return assembled(path, file)
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror or error}.") from None


def assembled(path: Path, file: IO[bytes]) -> Record:
    """The record made of the lines of `file`, each in its place."""
    found: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    problems: list[str] = []
    for number, text in numbered(path, file):
        if number == 1:
            refuse_newer(path, text)
        line = parsed(path, number, text)
        if line is None:
            problems.append(f"The last line ({number}) is cut off in mid-write and was left out.")
            continue
        refuse_misplaced(f"{path}, line {number}", line.kind, found)
        found[line.kind].append(line)
    return finished(path, found, problems)


def finished(path: Path, found: dict[str, list[Any]], problems: list[str]) -> Record:
    """The record of the lines `found`, with what is to be said about it."""
    if not found["header"]:
        raise RecordError(f"{path} holds no whole line: expected a record, whose first line is a header.")
    header = found["header"][0]
    checks = tuple(found["check"])
    footer = found["footer"][0] if found["footer"] else None
    if footer is not None and (missing := lost(footer, checks)):
        problems.append(f"{missing[0].upper()}{missing[1:]}.")
    return Record(
        header=header,
        targets=tuple(found["target"]),
        checks=checks,
        claims=tuple(found["claim"]),
        ledger_notes=tuple(found["ledger"]),
        interfaces=tuple(found["interface"]),
        seen=tuple(found["seen"]),
        opened=tuple(found["opened"]),
        cases=tuple(found["case"]),
        scripts=tuple(found["script"]),
        footer=footer,
        problems=(*header.notes, *problems),
    )


def numbered(path: Path, file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines of `file` that are not blank, with their numbers, none longer than `LONGEST_LINE` bytes."""
    for number in count(1):
        text = file.readline(LONGEST_LINE + 1)
        if not text:
            return
        if len(text) > LONGEST_LINE:
            raise RecordError(f"{path}, line {number}: longer than {LONGEST_LINE} bytes; no line of a record is.")
        if text.strip():
            yield number, text


def refuse_newer(path: Path, text: bytes) -> None:
    """Raises RecordError if a first line is the header of a format that came after this version."""
    try:
        value = from_json(text)
    except ValueError:
        return
    version = value.get("schema_version") if isinstance(value, dict) else None
    if isinstance(version, int) and version > SCHEMA:
        raise RecordError(
            f"{path}, line 1, field schema_version: {excerpt(version)} stands there, and this normcheck "
            f"reads records up to {SCHEMA}; read it with a newer normcheck."
        )


def refuse_misplaced(where: str, kind: str, found: dict[str, list[Any]]) -> None:
    """Raises RecordError if a line of this kind cannot follow the lines already found."""
    if not found["header"] and kind != "header":
        raise RecordError(f"{where}: a line of kind {kind} stands there; expected the header, which comes first.")
    if found["header"] and kind == "header":
        raise RecordError(f"{where}: a second header stands there; merge records with `normcheck merge`.")
    if found["footer"]:
        raise RecordError(f"{where}: a line of kind {kind} stands there; expected nothing after the footer.")


def parsed(path: Path, number: int, text: bytes) -> Any | None:
    """The line in `text`; None for one that ends without a line's end and in the middle of its JSON."""
    try:
        line: Line = LINE.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid" and not text.endswith(b"\n") and text.startswith(b"{"):
            return None
        raise RecordError(f"{path}, line {number}{fault(first)}") from None
    return line


def fault(error: ErrorDetails) -> str:
    """Where in the line the error is, what stands there and what was expected."""
    if error["type"] == "json_invalid":
        return f": not JSON ({error.get('ctx', {}).get('error', 'unreadable')}); expected one JSON object."
    if error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        kinds = f"{', '.join(KINDS[:-1])} or {KINDS[-1]}"
        there = error["input"].get("kind") if isinstance(error["input"], dict) else error["input"]
        return f", field kind: {excerpt(there)} stands there; expected {kinds}."
    field = ".".join(excerpt(part, quoted=False) for part in error["loc"][1:])
    place = f", field {field}" if field else ""
    return f"{place}: {standing(error)}; {expected(error)}."


def standing(error: ErrorDetails) -> str:
    """What stands at the place of the error."""
    if error["type"] == "missing":
        return "nothing stands there"
    return f"{excerpt(error['input'])} stands there"


def expected(error: ErrorDetails) -> str:
    """What was expected instead."""
    known = {"missing": "expected a value", "extra_forbidden": "no such field is known in this version"}
    return known.get(error["type"]) or error["msg"].replace("Input should be", "expected", 1).rstrip(".")


def excerpt(value: Any, *, quoted: bool = True) -> str:
    """At most 60 characters of a value from a record, control characters escaped."""
    if isinstance(value, int) and abs(value) > 2**64:
        return "a very large number"
    text = ascii(value)[:60] if quoted else ascii(str(value))[1:-1][:60]
    return text if len(text) < 60 else text + "…"
