"""The record of a run: JSON Lines, a header first, then one line per fact as it is found, a footer last.

A record without a footer was cut short; it is readable all the same, and says so. The JSON Schema beside this
file is generated from these models.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from .described import CaseText, ScriptText, SpecText
from .line import Count, Figure, Indices, Line, Name, Names, Text

SCHEMA = 3
Outcome = Literal["pass", "fail", "error", "crash", "timeout", "unsupported", "known"]
OUTCOMES: tuple[Outcome, ...] = ("pass", "fail", "error", "crash", "timeout", "unsupported", "known")
UNEXPLAINED: tuple[Outcome, ...] = ("fail", "error", "crash", "timeout")


class TargetLine(Line):
    """A target as it was found when it started.

    id: `torch-cpu-eager`; title: `torch 2.13.0 · cpu · eager`. reason: why it could not be had, else empty.
    requested: someone asked for it, by name or by a full run, so that not having it, or judging nothing on it, is a
    failure; False where it is merely listed.
    """

    kind: Literal["target"] = "target"
    id: Name
    title: Text
    adapter: Name
    dialect: Name
    device: Name
    mode: Name
    versions: dict[Name, Name] = {}
    threads: Count | None = None
    python: Name = ""
    reason: Text = ""
    requested: bool = True


class RequirementText(Line):
    """A requirement as it stood in the spec when the run was made."""

    layer: Name
    level: Name
    sentence: Text
    source: Text


class ClaimText(Line):
    """A document's statement as it stood in the spec when the run was made."""

    document: Name
    title: Text
    statement: Text


class Shard(Line):
    """Which part of a run's items a record holds: shard `number` of `of`. items: a digest of the names of all items."""

    number: Count
    of: Count
    items: Name


class Part(Line):
    """One of the runs that a merged record was made of. reason: why it is not complete, else empty.

    due: of a shard, as in the footer.
    """

    run: Name
    started: Name
    finished: Name = ""
    normcheck: Name
    spec_digest: Name
    platform: dict[Name, Name]
    options: list[Text] = []
    selected: Count = 0
    case_list: Name = ""
    complete: bool = False
    reason: Text = ""
    exit_status: Count = 0
    shard: Shard | None = None
    due: Names = []


class KnownText(Line):
    """A ledger entry as it stood when the run was made: why the deviation is there, where it is discussed and shown."""

    reason: Text
    link: Text = ""
    script: Text = ""


class Header(Line):
    """What was run, where and with what. started: ISO 8601, UTC.

    case_list: `quick` or `full`; listed: how many cases are on it, of all `cases`.
    specs: of each layer and topic. lone: comparisons that could not be made, because there was nothing to compare with.
    shard: which part of a run this is, None for a whole one.
    parts: the runs that this record was merged from, none for a single run. notes: what the merge found.
    """

    kind: Literal["header"] = "header"
    schema_version: int = SCHEMA
    run: Name
    started: Name
    normcheck: Name
    spec_digest: Name
    platform: dict[Name, Name]
    options: list[Text] = []
    layers: dict[Name, Name] = {}
    specs: dict[Name, SpecText] = {}
    requirements: dict[Name, RequirementText] = {}
    claims: dict[Name, ClaimText] = {}
    ledger: dict[Name, KnownText] = {}
    selected: Count = 0
    case_list: Name = ""
    listed: Count = 0
    cases: Count = 0
    lone: list[Text] = []
    shard: Shard | None = None
    parts: list[Part] = []
    notes: list[Text] = []


class Worst(Line):
    """The worst element of an array, and what stands around it (numbers as text, so that NaN survives).

    around_got, around_expected: a window over the last two axes (the last, of a vector), one text for each
    row, its numbers parted by spaces. first: where the window starts in those axes.
    """

    index: Indices
    got: Name
    expected: Name
    bound: Name
    ulps: Figure | None = None
    first: Indices = []
    around_got: Names = []
    around_expected: Names = []


class Check(Line):
    """One aspect of one case, judged on one target.

    subject: what the aspect was looked at on: `input`, a weight's role, a step; empty where only one is.
    failed: the requirements, of those listed, that do not hold. symptom: a short stable name for it.
    headroom: the largest |error| / bound. ulps: the error there in units in the last place. fingerprint: of the bits
    judged. known: the ledger's entry.
    """

    kind: Literal["check"] = "check"
    case: Name
    layer: Name
    target: Name
    aspect: Name
    subject: Name = ""
    dtype: Name
    requirements: Names = []
    failed: Names = []
    level: Name = "must"
    outcome: Outcome
    grade: Name | None = None
    headroom: Figure | None = None
    ulps: Figure | None = None
    worst: Worst | None = None
    symptom: Name = ""
    message: Text = ""
    cause: Text = ""
    reproduce: Text = ""
    fingerprint: Name = ""
    known: Name | None = None
    seconds: Figure | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes a check the same check in another record."""
        return (self.case, self.target, self.aspect, self.subject)


class SeenArray(Line):
    """One array that a target gave. subject: `output`, `gradient input`, `weight moving_mean`, `derived forward input`.

    step: the index of the step it came from. fingerprint: of its bits.
    values: as the shortest text that names this number and no other of the dtype, `nan`, `inf` and `-inf` by name;
    every one of a small array, of a larger one those at `places` (flat indices), one of which is that of the largest.
    None where an array before it in the line has the same bits. largest: the largest finite absolute value, to six
    digits.
    """

    subject: Name
    step: Count = 0
    dtype: Name
    shape: Indices = []
    fingerprint: Name
    values: Names = []
    places: Indices = []
    largest: Figure | None = None


class SeenWeight(Line):
    """One weight of a new layer, in the framework's order. fingerprint: of its initial bits.

    values: of a small one, its initial numbers; one where all are alike.
    """

    name: Name
    dtype: Name
    shape: Indices = []
    trainable: bool
    fingerprint: Name
    values: Names = []


class SeenError(Line):
    """What was raised. types: of the class and its bases, most derived first. subject: what it was raised in place of.

    subject is empty where it ended the case, else `persistence FORMAT` or a kind of derivative.
    """

    subject: Name = ""
    phase: Name
    step: Count | None = None
    types: Names
    message: Text = ""


class Seen(Line):
    """What a target was seen to do with a case, before any judgement: what two versions are compared by.

    request: a digest of what was asked, so that only answers to the same request are compared. arrays: of every step;
    a `weight` is there where the step changed it, a `differentiated output` where it has not the bits of the output.
    warnings: `Category: text`, each once. configuration: keys of the layer's own configuration. unsupported: reason by
    what is missing. lost: `crash` or `timeout` where there is no answer.
    """

    kind: Literal["seen"] = "seen"
    case: Name
    layer: Name
    target: Name
    request: Name
    weights: Annotated[list[SeenWeight], Field(max_length=1000)] = []
    parameters: tuple[Count, Count] | None = None
    arrays: Annotated[list[SeenArray], Field(max_length=1000)] = []
    errors: Annotated[list[SeenError], Field(max_length=1000)] = []
    warnings: list[Text] = []
    configuration: Names = []
    unsupported: dict[Name, Text] = {}
    lost: Name = ""

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same question in another record."""
        return (self.case, self.target)


class Parameter(Line):
    """One parameter of a signature. default: as text, None where it has none."""

    name: Name
    kind: Name = ""
    default: Text | None = None


class Interface(Line):
    """What a target exports under `name`, and its signature. layer: what the specs call it, else empty."""

    kind: Literal["interface"] = "interface"
    target: Name
    name: Name
    layer: Name = ""
    parameters: Annotated[list[Parameter], Field(max_length=1000)] = []


class Opened(Line):
    """A file that one target saved and another opened. form: `file`, `weights`, `legacy`, `whole`, `configuration`.

    phase: where it failed (`save`, `load`, `call`), empty where it did not. types, message: what was raised.
    same: the outputs agree to the bit. within: they agree within the bounds of the case. difference: the largest one,
    absolute.
    """

    kind: Literal["opened"] = "opened"
    case: Name
    layer: Name
    saved_by: Name
    opened_by: Name
    form: Name
    phase: Name = ""
    types: Names = []
    message: Text = ""
    same: bool = False
    within: bool = False
    difference: Figure | None = None


class ClaimVerdict(Line):
    """What a run found of a document's statement, on one target."""

    kind: Literal["claim"] = "claim"
    claim: Name
    target: Name
    verdict: Literal["holds", "refuted", "cannot be told"]
    evidence: list[Text] = []


class LedgerNote(Line):
    """A ledger entry that the run proved stale or wrong."""

    kind: Literal["ledger"] = "ledger"
    entry: Name
    problem: Text


class Footer(Line):
    """The end of a run. complete: every selected item ran; reason: why not, else empty.

    due: of a shard, the ledger's entries that the shards must match together.
    """

    kind: Literal["footer"] = "footer"
    finished: Name
    complete: bool
    reason: Text = ""
    checks: Count = 0
    exit_status: Count = 0
    due: Names = []


AnyLine = Annotated[
    Header
    | TargetLine
    | Interface
    | CaseText
    | Check
    | ScriptText
    | Seen
    | Opened
    | ClaimVerdict
    | LedgerNote
    | Footer,
    Field(discriminator="kind"),
]
LINE: TypeAdapter[Any] = TypeAdapter(AnyLine)
