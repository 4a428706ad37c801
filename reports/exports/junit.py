"""A record as JUnit XML: one test case for each check, in a suite for each target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..escaping import attribute, shown
from ..reading import Record
from ..record import UNEXPLAINED, Check


def junit(record: Record) -> str:
    """The document. What the ledger knows of passes, with its entry as output; what is not offered is skipped."""
    by_target: dict[str, list[Check]] = {}
    for check in record.checks:
        by_target.setdefault(check.target, []).append(check)
    suites = "\n".join(suite(name, checks) for name, checks in by_target.items())
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites {figures(record.checks)}>\n{suites}\n</testsuites>\n'


def suite(target: str, checks: Sequence[Check]) -> str:
    """The checks of one target."""
    cases = "\n".join(map(case, checks))
    return f"<testsuite name={attribute(target)} {figures(checks)}>\n{cases}\n</testsuite>"


def figures(checks: Sequence[Check]) -> str:
    """The counts of a suite as attributes."""
    found = Counter(check.outcome for check in checks)
    errors = sum(found[outcome] for outcome in UNEXPLAINED if outcome != "fail")
    return f'tests="{len(checks)}" failures="{found["fail"]}" errors="{errors}" skipped="{found["unsupported"]}"'


def case(check: Check) -> str:
    """One check."""
    about = f"{check.aspect} of {check.subject}" if check.subject else check.aspect
    name = attribute(f"{check.case} [{about}]")
    opening = (
        f'<testcase classname={attribute(f"{check.target}.{check.layer}")} name={name} time="{check.seconds or 0:g}"'
    )
    if check.outcome == "pass":
        return f"{opening}/>"
    if check.outcome == "unsupported":
        return f"{opening}><skipped message={attribute(check.message)}/></testcase>"
    if check.outcome == "known":
        text = f"known: {check.known}\n{check.message}"
        return f"{opening}><system-out>{shown(text)}</system-out></testcase>"
    tag = "failure" if check.outcome == "fail" else "error"
    text = "\n".join(filter(None, [check.message, check.cause, ", ".join(check.failed), check.reproduce]))
    return f"{opening}><{tag} message={attribute(check.symptom or check.outcome)}>{shown(text)}</{tag}></testcase>"
