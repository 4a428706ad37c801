"""What judging found of one aspect, and its line for the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from normcheck.reports.record import Check, Outcome, Worst
from normcheck.specs.grammar import Requirement

from ..case import Case

GRADES = ("A", "A2", "B1", "B", "C", "F")
LEVELS = ("must", "should", "may")


@dataclass(frozen=True, slots=True)
class Finding:
    """One aspect of one case, looked at on one target.

    result: `right` or `wrong`; or why there is no verdict.
    grade, headroom, ulps, worst: figures of an array. dtype: the one it is rounded to, where it need not be the case's.
    symptom: short and stable, for the ledger.
    """

    aspect: str
    result: Literal["right", "wrong", "error", "crash", "timeout", "unsupported"]
    subject: str = ""
    symptom: str = ""
    message: str = ""
    grade: str | None = None
    headroom: float | None = None
    ulps: float | None = None
    worst: Worst | None = None
    cause: str = ""
    dtype: str = ""
    fingerprint: str = ""


def check_line(finding: Finding, case: Case, target: str) -> Check:
    """The record's line for a finding. A requirement's accuracy is weighed here: a lower grade than asked fails."""
    asked = case.requirements.get(finding.aspect, ())
    failed = failed_requirements(finding, case)
    outcome = _outcome(finding, bool(failed))
    return Check(
        case=case.id,
        layer=case.layer,
        target=target,
        aspect=finding.aspect,
        subject=finding.subject,
        dtype=case.dtype,
        requirements=list(asked),
        failed=failed,
        level=_level([case.spec.requirements[name] for name in failed]),
        outcome=outcome,
        grade=finding.grade,
        headroom=finding.headroom,
        ulps=None if finding.ulps is None else float(f"{finding.ulps:.4g}"),
        worst=None if outcome == "pass" else finding.worst,
        symptom="" if outcome == "pass" else finding.symptom or f"grade {finding.grade}",
        message="" if outcome == "pass" else finding.message,
        cause="" if outcome == "pass" else finding.cause,
        fingerprint=finding.fingerprint,
    )


def failed_requirements(finding: Finding, case: Case) -> list[str]:
    """The requirements of the case that a finding shows not to hold."""
    if finding.result == "unsupported":
        return []
    asked = case.requirements.get(finding.aspect, ())
    return [name for name in asked if not _holds(case.spec.requirements[name], finding, finding.dtype or case.dtype)]


def _holds(requirement: Requirement, finding: Finding, dtype: str) -> bool:
    if finding.grade is None or requirement.accuracy is None:
        return finding.result == "right"
    wide = dtype not in ("float16", "bfloat16")
    asked = requirement.accuracy.wide if wide else requirement.accuracy.narrow
    return GRADES.index(finding.grade) <= GRADES.index(asked)


def _outcome(finding: Finding, failed: bool) -> Outcome:
    if finding.result in ("right", "wrong"):
        return "fail" if failed or finding.result == "wrong" else "pass"
    return finding.result  # type: ignore[return-value]


def _level(failed: list[Requirement]) -> str:
    return min((requirement.level for requirement in failed), key=LEVELS.index, default="must")
