"""A document's claim, settled from the outcomes of cases: it holds, is refuted, or cannot be told here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Literal

from normcheck.reports.record import ClaimVerdict
from normcheck.specs.grammar import ClaimSpec

from .finding import Finding

Told = Literal["passes", "fails", "unsupported", "untold"]
LISTS = ("passes", "fails", "unsupported", "offered")
ABOUT_OFFERS = ("unsupported", "offered")


def case_ids(claim: ClaimSpec, known: Collection[str]) -> list[str]:
    """The ids of the cases that decide a claim, patterns expanded over the `known` ids, in order."""
    patterns = [pattern for name in LISTS for pattern in getattr(claim.holds_when, name)]
    return list(dict.fromkeys(case for pattern in patterns for case in _named(pattern, known)))


def _named(pattern: str, known: Collection[str]) -> list[str]:
    if "*" in pattern:
        return [case for case in known if fnmatchcase(case, pattern)]
    return [pattern] if pattern in known else []


def told(findings: Iterable[Finding]) -> Told:
    """What the findings of one case say: a crash or a time-out says nothing of what a document states."""
    results = {finding.result for finding in findings}
    if results & {"crash", "timeout"} or not results:
        return "untold"
    if results & {"wrong", "error"}:
        return "fails"
    return "passes" if "right" in results else "unsupported"


def verdict(name: str, claim: ClaimSpec, target: str, outcomes: Mapping[str, Told]) -> ClaimVerdict:
    """The verdict on a claim from the outcome of each of its cases."""
    listed = [
        (case, outcome, expected)
        for case, outcome in outcomes.items()
        for expected in LISTS
        if any(fnmatchcase(case, pattern) for pattern in getattr(claim.holds_when, expected))
    ]
    open_ended = not listed or any(
        outcome == "untold" or (outcome == "unsupported" and expected not in ABOUT_OFFERS)
        for _, outcome, expected in listed
    )
    against = [case for case, outcome, expected in listed if not _is(outcome, expected)]
    settled: Literal["holds", "refuted"] = "refuted" if against else "holds"
    return ClaimVerdict(
        claim=name,
        target=target,
        verdict="cannot be told" if open_ended else settled,
        evidence=[f"{case}: {outcome}" for case, outcome, _ in listed][:20],
    )


def _is(outcome: Told, expected: str) -> bool:
    return outcome != "unsupported" if expected == "offered" else outcome == expected
