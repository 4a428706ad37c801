"""The record of a run: JSON Lines, a header first, then one line per fact as it is found, a footer last.

A record without a footer was cut short; it is readable all the same, and says so. The JSON Schema beside this
file is generated from these models.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

SCHEMA = 1
Outcome = Literal["pass", "fail", "error", "crash", "timeout", "unsupported", "known"]
OUTCOMES: tuple[Outcome, ...] = ("pass", "fail", "error", "crash", "timeout", "unsupported", "known")


class Line(BaseModel):
    """A frozen line; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TargetLine(Line):
    """A target as it was found when it started.

    id: `torch-cpu-eager`; title: `torch 2.13.0 · cpu · eager`. reason: why it could not be had, else empty.
    """

    kind: Literal["target"] = "target"
    id: str
    title: str
    adapter: str
    dialect: str
    device: str
    mode: str
    versions: dict[str, str] = {}
    threads: int | None = None
    python: str = ""
    reason: str = ""


class RequirementText(Line):
    """A requirement as it stood in the spec when the run was made."""

    layer: str
    level: str
    sentence: str
    source: str


class ClaimText(Line):
    """A document's statement as it stood in the spec when the run was made."""

    document: str
    title: str
    statement: str


class Header(Line):
    """What was run, where and with what. started: ISO 8601, UTC."""

    kind: Literal["header"] = "header"
    schema_version: int = SCHEMA
    run: str
    started: str
    normcheck: str
    spec_digest: str
    platform: dict[str, str]
    options: list[str] = []
    layers: dict[str, str] = {}
    requirements: dict[str, RequirementText] = {}
    claims: dict[str, ClaimText] = {}
    selected: int = 0


class Worst(Line):
    """The worst element of an array, and what stands around it (numbers as text, so that NaN survives)."""

    index: list[int]
    got: str
    expected: str
    bound: str
    ulps: float | None = None
    first: list[int] = []
    around_got: list[str] = []
    around_expected: list[str] = []


class Check(Line):
    """One aspect of one case, judged on one target.

    subject: what the aspect was looked at on: `input`, a weight's role, a step; empty where there is one only.
    failed: the requirements, of those listed, that do not hold. symptom: a short stable name of what went wrong.
    headroom: the largest |error| / bound. fingerprint: of the bits of the array judged. known: the ledger's entry.
    """

    kind: Literal["check"] = "check"
    case: str
    layer: str
    target: str
    aspect: str
    subject: str = ""
    dtype: str
    requirements: list[str] = []
    failed: list[str] = []
    level: str = "must"
    outcome: Outcome
    grade: str | None = None
    headroom: float | None = None
    worst: Worst | None = None
    symptom: str = ""
    message: str = ""
    cause: str = ""
    reproduce: str = ""
    fingerprint: str = ""
    known: str | None = None
    seconds: float | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes a check the same check in another record."""
        return (self.case, self.target, self.aspect, self.subject)


class ClaimVerdict(Line):
    """What a run found of a document's statement, on one target."""

    kind: Literal["claim"] = "claim"
    claim: str
    target: str
    verdict: Literal["holds", "refuted", "cannot be told"]
    evidence: list[str] = []


class LedgerNote(Line):
    """A ledger entry that the run proved stale or wrong."""

    kind: Literal["ledger"] = "ledger"
    entry: str
    problem: str


class Footer(Line):
    """The end of a run. complete: every selected item ran; reason: why not, else empty."""

    kind: Literal["footer"] = "footer"
    finished: str
    complete: bool
    reason: str = ""
    checks: int = 0
    exit_status: int = 0


AnyLine = Annotated[
    Header | TargetLine | Check | ClaimVerdict | LedgerNote | Footer, Field(discriminator="kind")
]
LINE: TypeAdapter[Any] = TypeAdapter(AnyLine)
