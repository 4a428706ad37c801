"""The models of the spec files: frozen, strict, and the source of the committed JSON Schema.

Three kinds of file: a layer (`LayerSpec`), a model made of layers (`ModelSpec`) and a document's claims
(`ClaimsSpec`). Unknown keys are errors. Cross-references between fields are checked in `lint.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

MAXIMUM_ELEMENTS = 2**22
MAXIMUM_RANK = 8

Dialect = Literal["keras", "torch", "onnx"]
DType = Literal["float32", "float64", "float16", "bfloat16", "int32", "int64", "bool"]
Layout = Literal["contiguous", "transposed", "strided", "reversed", "channels-last"]
Phase = Literal["construct", "build", "assign", "call", "gradient", "adapt", "update", "save", "load"]
Grade = Literal["A", "A2", "B1", "B", "C"]
Aspect = Literal[
    "output",
    "gradient",
    "weights",
    "parameters",
    "state",
    "training_agreement",
    "dtype",
    "input_kept",
    "error",
    "determinism",
    "persistence",
    "regularization",
    "constraint",
]
Family = Literal[
    "normal",
    "scaled-to-epsilon",
    "large-mean",
    "huge-mean",
    "tiny-variance",
    "zero-variance",
    "constant-rows",
    "heavy-tails",
    "outlier",
    "alternating",
    "ramp",
    "one-hot",
    "subnormal",
    "near-overflow",
    "nan-row",
    "inf-row",
    "integers",
    "exact",
]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
CaseName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
RequirementId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*-[1-9][0-9]*$", max_length=16)]
CaseReference = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-zA-Z0-9_./,=+*-]*$", max_length=200)]
Sentence = Annotated[str, StringConstraints(min_length=8, max_length=2000)]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ExceptionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$", max_length=100)]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+$")]
Size = Annotated[int, Field(ge=0, le=MAXIMUM_ELEMENTS)]
Shape = Annotated[list[Size], Field(max_length=MAXIMUM_RANK)]
Dialects = Annotated[list[Dialect], Field(min_length=1)]
Plain = Any
Nested = float | list[Any]


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
    """

    type: Literal[
        "axes",
        "integer",
        "real",
        "boolean",
        "initializer",
        "regularizer",
        "constraint",
        "string",
        "statistics",
        "shape",
    ]
    default: Plain = None
    minimum: float | None = None
    maximum: float | None = None
    only: Dialects | None = None
    description: Sentence


class WeightSpec(Frozen):
    """One weight under its canonical name (its role).

    names: the dialect's own name where it differs from the role.
    shape: an expression over `input` (the input's shape) and the arguments; a tuple or a number.
    initial: a number, or the name of the initializer argument that says.
    when: an expression; the weight exists where it is true.
    trainable: true, false, or the name of the argument that says.
    dtype: `layer` for the layer's dtype.
    """

    names: dict[Dialect, str] = {}
    shape: Expression
    initial: float | Name
    trainable: bool | Name
    dtype: Literal["layer", "int64", "int32", "float32"] = "layer"
    when: Expression | None = None
    only: Dialects | None = None


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
    """One step of a case. What is left out is taken from the case."""

    do: Literal["call", "adapt", "update"] = "call"
    shape: Shape | None = None
    input: Family | list[Any] | None = None
    training: bool | None = None
    layout: Layout | None = None
    learning_rate: float = 0.0


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
    compiled: also asked of targets that compile each case (XLA, torch.compile).
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
    compiled: bool = False
    dialects: Dialects | None = None
    hunts: list[str] = []


class SweepSpec(CaseSpec):
    """A case for every combination of named values.

    over: argument names, or `shape`, `input`, `dtype`, `training`, `layout`, each with its list of values.
    """

    over: dict[Name, list[Plain]] = Field(min_length=1)


class ErrorSpec(Frozen):
    """What bad arguments or bad input must raise.

    raises: by dialect, exception types, one of which (or a subclass) must be raised; other dialects are not
        asked.
    phase: the phases in which it may be raised.
    names: a word the message must contain.
    """

    covers: list[RequirementId] = Field(min_length=1)
    arguments: dict[Name, Plain] = {}
    shape: Shape
    input: Family = "normal"
    dtype: DType = "float32"
    call_shape: Shape | None = None
    raises: dict[Dialect, Annotated[list[ExceptionName], Field(min_length=1)]] = Field(min_length=1)
    phase: list[Phase] = Field(min_length=1)
    names: str | None = None


class LayerSpec(Frozen):
    """A layer: prose, requirements and executable examples in one file."""

    layer: Name
    title: str
    sources: dict[Name, Source] = Field(min_length=1)
    definition: str
    arguments: dict[Name, Argument]
    weights: dict[Name, WeightSpec]
    features: Expression
    parameters: Parameters
    requirements: dict[RequirementId, Requirement] = Field(min_length=1)
    cases: dict[CaseName, CaseSpec] = Field(min_length=1)
    sweeps: dict[CaseName, SweepSpec] = {}
    errors: dict[CaseName, ErrorSpec] = {}


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
    """When a claim holds: every named case (a pattern may use `*`) has the outcome it is listed under."""

    passes: list[CaseReference] = []
    fails: list[CaseReference] = []
    unsupported: list[CaseReference] = []


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
