"""The models of the spec files: frozen, strict, and the source of the committed JSON Schema.

Four kinds of file: a layer (`LayerSpec`), a topic that holds for many layers (`TopicSpec`), a model made of layers
(`ModelSpec`) and a document's claims (`ClaimsSpec`). Unknown keys are errors. Cross-references between fields are
checked in `lint.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .benchmarks import BenchmarksSpec
from .vocabulary import (
    Aspect,
    CaseName,
    CaseReference,
    Combination,
    Dialect,
    Dialects,
    DType,
    ExceptionName,
    Expression,
    Family,
    Format,
    Grade,
    Layout,
    Name,
    Nested,
    Phase,
    Plain,
    Precision,
    RequirementId,
    Sentence,
    Shape,
    Transform,
    Version,
)


class Frozen(BaseModel):
    """A frozen model that refuses unknown keys and silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Source(Frozen):
    """Where a requirement or a formula comes from."""

    title: str
    by: str = ""
    year: int | None = None
    url: str = ""


class Argument(Frozen):
    """One constructor argument, under its canonical name.

    default: a value, or a mapping from dialect to value where the dialects differ; a dialect that is left out
        of the mapping has no default.
    only: the dialects that have the argument (default: all).
    nullable: null is a value of its own, though no default.
    """

    type: Literal[
        "axes",
        "integer",
        "real",
        "order",
        "boolean",
        "initializer",
        "regularizer",
        "constraint",
        "string",
        "statistics",
        "shape",
        "limits",
    ]
    default: Plain = None
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    only: Dialects | None = None
    description: Sentence


class WeightSpec(Frozen):
    """One weight under its canonical name (its role).

    names: the dialect's own name where it differs from the role.
    shape: an expression over `input` (the input's shape) and the arguments, by dialect where they lay it out in other
        ways; a tuple or a number.
    initial: a number, the name of the initializer argument that says, or null where it is drawn at random.
    rooted: the weight begins as the square root of that.
    when: an expression; the weight exists where it is true.
    trainable: true, false, or the name of the argument that says.
    dtype: `layer` for the layer's dtype.
    """

    names: dict[Dialect, str] = {}
    shape: Expression | dict[Dialect, Expression]
    initial: float | Name | None
    rooted: bool = False
    trainable: bool | Name
    dtype: Literal["layer", "int64", "int32", "float32"] = "layer"
    when: Expression | None = None
    only: Dialects | None = None

    def spoken(self, dialect: str) -> bool:
        """Whether the dialect has the weight, as far as that does not depend on the arguments."""
        shaped = isinstance(self.shape, str) or dialect in self.shape
        return shaped and (self.only is None or dialect in self.only)

    def shape_in(self, dialect: str) -> str:
        """The expression for the shape in a dialect. Raises KeyError where nothing is said for it."""
        return (
            self.shape
            if isinstance(self.shape, str)
            else {str(name): text for name, text in self.shape.items()}[dialect]
        )


class Parameters(Frozen):
    """Parameter counts as formulas; a mapping where dialects count differently."""

    trainable: Expression | dict[Dialect, Expression]
    non_trainable: Expression | dict[Dialect, Expression]


class Accuracy(Frozen):
    """The grade asked for: `wide` for float32 and float64, `narrow` for the 16-bit dtypes."""

    wide: Grade
    narrow: Grade


class Requirement(Frozen):
    """One sentence that must, should or may hold; exactly one of the three is given.

    aspect: what is looked at to decide it.
    everywhere: it applies to every case of the layer, without being named under `covers`.
    accuracy: the grade asked for (a requirement without one asks only that the answer is not wrong, grade F).
    """

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [level]} for level in ("must", "should", "may")]}
    )

    must: Sentence | None = None
    should: Sentence | None = None
    may: Sentence | None = None
    aspect: Aspect | Annotated[list[Aspect], Field(min_length=1)]
    source: Name
    since: Version
    everywhere: bool = False
    accuracy: Accuracy | None = None

    @property
    def level(self) -> Literal["must", "should", "may"]:
        """How binding the requirement is."""
        return "must" if self.must else "should" if self.should else "may"

    @property
    def sentence(self) -> str:
        """The requirement's text."""
        return self.must or self.should or self.may or ""

    @property
    def aspects(self) -> tuple[str, ...]:
        """The aspects that decide it."""
        return (self.aspect,) if isinstance(self.aspect, str) else tuple(self.aspect)

    @model_validator(mode="after")
    def _exactly_one_level(self) -> Requirement:
        if sum(text is not None for text in (self.must, self.should, self.may)) != 1:
            raise ValueError("give exactly one of must, should and may")
        return self


class StepSpec(Frozen):
    """One step of a case. What is left out is taken from the case.

    mask: true where an element of the leading axes of the input counts, in nested lists.
    """

    do: Literal["call", "adapt", "update"] = "call"
    shape: Shape | None = None
    input: Family | list[Any] | None = None
    training: bool | None = None
    layout: Layout | None = None
    learning_rate: float = 0.0
    mask: list[Any] | None = None


class Expectation(Frozen):
    """Literal expectations, where a document states them; all else is the exact answer, within the bound.

    output: the values of the last step, compared after rounding to `decimals`.
    weights: shapes by the target's own weight name; weight_names: the ordered names.
    parameters: [trainable, non-trainable].
    fixed_state: no non-trainable weight differs after the last step from what it was after this step.
    agreement: outputs of the first and last step are bit for bit the same (true) or differ (false).
    """

    output: list[Any] | None = None
    decimals: int = Field(default=6, ge=0, le=15)
    weights: dict[str, Shape] | None = None
    weight_names: list[str] | None = None
    weight_count: int | None = None
    parameters: Annotated[list[int], Field(min_length=2, max_length=2)] | None = None
    fixed_state: int | None = None
    agreement: bool | None = None
    completes: bool | None = None


class CaseSpec(Frozen):
    """One layer, one set of arguments, one input; its aspects are those of the requirements it covers.

    input: a named family (with `shape`) or literal values.
    training: whether a call is one of training; null says nothing, and leaves the framework's default.
    layout: how the input and the incoming gradient lie in memory.
    upstream: the incoming gradient is of mixed sign (`drawn`), or `positive`, so that sums of it grow.
    weights: `drawn` (non-trivial values from the case's seed), `initial`, or values by role.
    precision: `plain`; `mixed`, weights in float32 and everything else in the dtype; `autocast`, a float32 layer
        under the framework's automatic casts to the dtype; or `converted`, a layer that was told its dtype, and a
        float32 input that holds numbers of that dtype.
    threads: with how many threads the target computes.
    dynamic: the axes whose sizes are unknown while the layer is built or compiled.
    formats: the ways in which a persistence case saves the layer and gets it back.
    compiled: also asked of targets that compile each case (XLA, torch.compile).
    full: asked only where the full list is.
    dialects: the dialects the case is asked of (default: all).
    hunts: the mutants, or known bugs, that the case is there to catch.
    """

    covers: list[RequirementId] = Field(min_length=1)
    arguments: dict[Name, Plain] = {}
    shape: Shape | None = None
    input: Family | list[Any] = "normal"
    dtype: DType | Annotated[list[DType], Field(min_length=1)] = "float32"
    training: bool | None = False
    layout: Layout = "contiguous"
    upstream: Literal["drawn", "positive"] = "drawn"
    weights: Literal["drawn", "initial"] | dict[Name, Nested] = "drawn"
    steps: Annotated[list[StepSpec], Field(min_length=1, max_length=64)] | None = None
    expect: Expectation | None = None
    precision: Precision = "plain"
    threads: int = Field(default=1, ge=1, le=64)
    dynamic: list[int] = []
    formats: Annotated[list[Format], Field(min_length=1)] = ["file"]
    compiled: bool = False
    full: bool = False
    dialects: Dialects | None = None
    hunts: list[str] = []


class SweepSpec(CaseSpec):
    """A case for every combination of named values.

    over: argument names, or `shape`, `input`, `dtype`, `training`, `layout`, `precision`, `threads`, each with its list
        of values.
    quick: the combinations on the quick list: `pairs`, so few that every two values of two names meet, or the whole
        `product`, which is what the full list has.
    """

    over: dict[Name, list[Plain]] = Field(min_length=1)
    quick: Combination = "pairs"


class ErrorSpec(Frozen):
    """What bad arguments or bad input must raise.

    raises: by dialect, exception types, one of which (or a subclass) must be raised; other dialects are not
        asked.
    dynamic: the axes whose sizes are unknown while the layer is built.
    phase: the phases in which it may be raised.
    names: a word the message must contain.
    """

    covers: list[RequirementId] = Field(min_length=1)
    arguments: dict[Name, Plain] = {}
    shape: Shape
    input: Family = "normal"
    dtype: DType = "float32"
    call_shape: Shape | None = None
    dynamic: list[int] = []
    raises: dict[Dialect, Annotated[list[ExceptionName], Field(min_length=1)]] = Field(min_length=1)
    phase: list[Phase] = Field(min_length=1)
    names: str | None = None


class OtherSide(Frozen):
    """The second side of a relation. What is left out is as on the first side.

    layer: another layer; arguments: all of its arguments. input: what is done to the first side's input.
    on: another process, device or dialect than the first side's.
    """

    layer: Name | None = None
    arguments: dict[Name, Plain] | None = None
    input: Transform | None = None
    weights: Literal["drawn", "initial"] | dict[Name, Nested] | None = None
    on: Literal["process", "device", "dialect"] | None = None


class RelationSpec(CaseSpec):
    """Two observations that must agree: `bits`, or within the sum of both error bounds (`bound`).

    The first side is the case; its aspects are those of the requirements it covers and no others.
    """

    other: OtherSide
    agree: Literal["bits", "bound"]


class LayerSpec(Frozen):
    """A layer: prose, requirements and executable examples in one file.

    output: the output's shape, as an expression over `input` and the arguments that a case gives.
    """

    layer: Name
    title: str
    sources: dict[Name, Source] = Field(min_length=1)
    definition: str
    arguments: dict[Name, Argument]
    weights: dict[Name, WeightSpec]
    output: Expression = "input"
    features: Expression
    parameters: Parameters
    requirements: dict[RequirementId, Requirement] = Field(min_length=1)
    cases: dict[CaseName, CaseSpec] = Field(min_length=1)
    sweeps: dict[CaseName, SweepSpec] = {}
    errors: dict[CaseName, ErrorSpec] = {}
    relations: dict[CaseName, RelationSpec] = {}
    benchmarks: BenchmarksSpec | None = None


class SubjectSpec(Frozen):
    """How a topic's cases are made for one layer.

    arguments, shape: of every case that does not give its own. training: in which calls of cases that do not say are
    made. dialects: the dialects asked. without: cases that make no sense for the layer.
    """

    arguments: dict[Name, Plain] = {}
    shape: Shape | None = None
    training: bool | None = False
    dialects: Dialects | None = None
    without: list[CaseName] = []


class TopicSpec(Frozen):
    """What holds for many layers alike: its requirements, and cases that are made for each of `layers`.

    An error case has a shape of its own, and the layer's arguments besides its own.

    An id is `layer/case`, as if the case stood in the layer's own file.
    """

    topic: Name
    title: str
    sources: dict[Name, Source] = Field(min_length=1)
    definition: str
    requirements: dict[RequirementId, Requirement] = Field(min_length=1)
    layers: dict[Name, SubjectSpec] = Field(min_length=1)
    cases: dict[CaseName, CaseSpec] = {}
    sweeps: dict[CaseName, SweepSpec] = {}
    errors: dict[CaseName, ErrorSpec] = {}
    relations: dict[CaseName, RelationSpec] = {}


class ModelLayer(Frozen):
    """One layer of a model."""

    layer: Name
    arguments: dict[Name, Plain] = {}


class ModelWeight(Frozen):
    """One entry of a model's ordered list of weights."""

    name: str
    shape: Shape
    dtype: DType = "float32"
    trainable: bool = True


class ModelSpec(Frozen):
    """A composition of layers, with the weights and counts its summary shows."""

    model: Name
    title: str
    form: Literal["sequential", "functional"]
    sources: dict[Name, Source] = Field(min_length=1)
    input: Shape
    layers: list[ModelLayer] = Field(min_length=1)
    weights: dict[Dialect, list[ModelWeight]] = Field(min_length=1)
    trainable: int | dict[Dialect, int]
    non_trainable: int | dict[Dialect, int]
    requirements: dict[RequirementId, Requirement] = Field(min_length=1)


class Evidence(Frozen):
    """When a claim holds: every named case (a pattern may use `*`) has the outcome it is listed under.

    passes: a target that does not offer what the case asks leaves the claim open. offered: it refutes the claim, which
    says that there is such a thing; how it does then is nothing to it.
    """

    passes: list[CaseReference] = []
    fails: list[CaseReference] = []
    unsupported: list[CaseReference] = []
    offered: list[CaseReference] = []


class ClaimSpec(Frozen):
    """One checkable statement of a document, in our own words.

    about: adapters the statement speaks of; on others it cannot be told.
    """

    statement: Sentence
    about: list[str] = Field(min_length=1)
    holds_when: Evidence


class ClaimCase(CaseSpec):
    """A case that belongs to a document: its expectation is what the document says, right or wrong.

    Exactly one of `layer` and `model` names what is run.
    """

    covers: list[RequirementId] = []
    layer: Name | None = None
    model: Name | None = None
    aspects: list[Aspect] = Field(min_length=1)


class ClaimsSpec(Frozen):
    """The statements of one document."""

    document: CaseName
    title: str
    source: Source
    claims: dict[RequirementId, ClaimSpec] = Field(min_length=1)
    cases: dict[CaseName, ClaimCase] = {}
