"""The ledger: known deviations, each with its evidence. Strict: nothing in it may go stale unseen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import Field, StringConstraints, ValidationError, field_validator

from normcheck.adapters.targets import Target, safe
from normcheck.reports.record import UNEXPLAINED, Check
from normcheck.specs.grammar import Frozen
from normcheck.specs.reader import first
from normcheck.specs.sentences import problems
from normcheck.specs.source import read_source, shown
from normcheck.specs.vocabulary import Aspect, RequirementId, Sentence

from .case import Case

LEDGER = Path(__file__).with_suffix(".yaml")
EntryId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=80)]


class Entry(Frozen):
    """One known deviation.

    target: an adapter's name, or a pattern of target ids. versions: requirement strings such as `keras>=3.11`, all
    of which the target must meet. cases: case ids or patterns of them; every case named must show the symptom, or
    with `sometimes` at least one. symptom: as a check shows it, or patterns of it. script: the smallest reproduction.
    """

    target: str
    versions: list[str] = Field(default=[])
    cases: list[str] = Field(min_length=1)
    aspect: Aspect | Annotated[list[Aspect], Field(min_length=1)]
    subject: str = "*"
    requirement: RequirementId | None = None
    symptom: str | Annotated[list[str], Field(min_length=1)]
    reason: Sentence
    link: str = ""
    script: str = ""
    sometimes: bool = False

    @field_validator("versions")
    @classmethod
    def _parses(cls, versions: list[str]) -> list[str]:
        for text in versions:
            if not _plain(text):
                raise ValueError(f"{shown(text)} is not a requirement such as 'keras>=3.11'")
        return versions


class LedgerFile(Frozen):
    """The file: entries by id."""

    entries: dict[EntryId, Entry]


def read_ledger(path: Path) -> dict[str, Entry]:
    """The entries of a ledger file. Raises SpecError that names file, line, column, field and what was expected."""
    source = read_source(path)
    try:
        return LedgerFile.model_validate(source.data).entries
    except ValidationError as error:
        raise first(source, problems(error, source.data, LedgerFile)) from None


def applies(entry: Entry, target: Target) -> bool:
    """Whether an entry speaks of a target, in the versions it has; its pattern need not know of version and host."""
    names = (target.id, safe(f"{target.name}-{target.device}-{target.mode}"))
    named = entry.target == target.name or any(fnmatchcase(name, entry.target) for name in names)
    return named and all(_met(Requirement(text), target.versions) for text in entry.versions)


def explained(check: Check, entries: Mapping[str, Entry]) -> Check:
    """`check` as the ledger sees it: known, or failed because the ledger is out of date, or as it was.

    entries: those that apply to the check's target.
    """
    about = [(name, entry) for name, entry in entries.items() if _about(entry, check)]
    if check.outcome == "pass":
        return _unexpected_pass(check, about)
    if check.outcome not in UNEXPLAINED:
        return check
    for name, entry in about:
        if _shows(entry, check) and entry.requirement in (None, *check.failed):
            return check.model_copy(update={"outcome": "known", "known": name})
    if about:
        name, entry = about[0]
        wanted = " or ".join(f"'{symptom}'" for symptom in _symptoms(entry))
        text = f"{check.message} The ledger's entry {name} expects the symptom {wanted}: bring it up to date."
        return check.model_copy(update={"message": text})
    return check


def must_show(entry: Entry, cases: Iterable[Case], asked: Collection[str]) -> bool:
    """Whether a run must match an entry that asks, of the `cases` a target can be asked, those with the ids `asked`.

    Every case of an entry shows its symptom. Of an entry with `sometimes` one does, which may be one that is not asked.
    """
    named = [case.id in asked for case in cases if _speaks_of(entry, case.id) and _aspects(entry) & {*case.aspects}]
    return bool(named) and (all(named) if entry.sometimes else any(named))


def _plain(text: str) -> bool:
    """Whether `text` is a name with versions: an address, an extra or a marker would say nothing of a target."""
    try:
        asked = Requirement(text)
    except InvalidRequirement:
        return False
    return bool(asked.specifier) and not (asked.url or asked.extras or asked.marker)


def _met(requirement: Requirement, versions: Mapping[str, str]) -> bool:
    """Whether the version is there and fits; one that is no version, such as `unknown`, does not."""
    known = {canonicalize_name(name): version for name, version in versions.items()}
    try:
        version = Version(known[canonicalize_name(requirement.name)])
    except (KeyError, InvalidVersion):
        return False
    return requirement.specifier.contains(version, prereleases=True)


def _about(entry: Entry, check: Check) -> bool:
    return (
        check.aspect in _aspects(entry) and fnmatchcase(check.subject, entry.subject) and _speaks_of(entry, check.case)
    )


def _aspects(entry: Entry) -> set[str]:
    return {entry.aspect} if isinstance(entry.aspect, str) else {*entry.aspect}


def _speaks_of(entry: Entry, case: str) -> bool:
    return any(pattern == case or fnmatchcase(case, pattern) for pattern in entry.cases)


def _shows(entry: Entry, check: Check) -> bool:
    """Whether a failed check shows a symptom that the entry expects."""
    return any(symptom == check.symptom or fnmatchcase(check.symptom, symptom) for symptom in _symptoms(entry))


def _symptoms(entry: Entry) -> list[str]:
    return [entry.symptom] if isinstance(entry.symptom, str) else entry.symptom


def _unexpected_pass(check: Check, about: list[tuple[str, Entry]]) -> Check:
    strict = [name for name, entry in about if not entry.sometimes]
    if not strict:
        return check
    text = (
        f"The check passes, but the ledger's entry {strict[0]} says that it does not: take the case out of the entry."
    )
    return check.model_copy(update={"outcome": "fail", "symptom": "unexpected pass", "message": text})
