"""The case: a spec made concrete. Frozen values, shared by expansion, the oracle's callers and judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from normcheck.adapters.arrays import floating
from normcheck.specs.grammar import ErrorSpec, Expectation, LayerSpec, ModelSpec
from normcheck.specs.vocabulary import Precision, Transform


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One step: what is done, to which input (a family's name or literal values), of which shape and layout."""

    do: Literal["call", "adapt", "update"]
    shape: tuple[int, ...]
    input: str | list[Any]
    training: bool | None
    learning_rate: float = 0.0
    layout: str = "contiguous"
    upstream: Literal["drawn", "positive"] = "drawn"
    mask: list[Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Other:
    """The second side of a comparison: a case of its own, where it is asked, and how the two observations agree.

    on: in another process, on another device, or of a target of another dialect; None asks the same target.
    agree: bit for bit, or within the sum of both bounds.
    """

    case: Case
    agree: Literal["bits", "bound"]
    on: Literal["process", "device", "dialect"] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """What the second side of a comparison is made from: the first side, and what is done to its input."""

    case: Case
    change: Transform | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One layer, one set of arguments, one input, one set of aspects.

    id: stable and readable: `layer/name` or `layer/sweep/key=value,...`; also the seed of the inputs.
    spec: the layer's spec, or a model's.
    requirements: by aspect, the ids of the requirements that a check of that aspect decides.
    expect: literal expectations besides the exact answer; raises: what must be raised, None for nothing.
    formats: the ways in which the layer is saved and got back. full: on the full list alone. traced: on the quick list
    of targets that trace each case, too.
    exact: false where the literal expectations alone are judged (a document's own case).
    other: what the observation is compared with. origin: of a case that is the second side of a comparison.
    Cases compare by identity: the id is unique within a run.
    """

    id: str
    spec: LayerSpec | ModelSpec
    arguments: Mapping[str, Any]
    shape: tuple[int, ...]
    dtype: str
    steps: tuple[CaseStep, ...]
    weights: Literal["drawn", "initial"] | Mapping[str, Any]
    requirements: Mapping[str, tuple[str, ...]]
    expect: Expectation | None = None
    raises: ErrorSpec | None = None
    exact: bool = True
    precision: Precision = "plain"
    threads: int = 1
    dynamic: tuple[int, ...] = ()
    formats: tuple[str, ...] = ()
    compiled: bool = False
    full: bool = False
    traced: bool = True
    dialects: tuple[str, ...] | None = None
    hunts: tuple[str, ...] = field(default=())
    other: Other | None = None
    origin: Origin | None = None

    @property
    def layer(self) -> str:
        """The name of the layer, or of the model."""
        return self.spec.layer if isinstance(self.spec, LayerSpec) else self.spec.model

    @property
    def seed(self) -> str:
        """What inputs and weights are drawn from; the two sides of a comparison draw the same."""
        return self.origin.case.id if self.origin else self.id

    @property
    def input_dtype(self) -> str:
        """The dtype of the input, and of its gradient."""
        return "float32" if self.precision in ("autocast", "converted") else self.dtype

    @property
    def weight_dtype(self) -> str:
        """The dtype of the weights, and of their gradients."""
        return "float32" if self.precision in ("mixed", "autocast") else floating(self.dtype)

    @property
    def output_dtype(self) -> str:
        """The dtype that the layer computes in, and that of the output and of the gradient that comes in."""
        return "float32" if self.precision == "autocast" else floating(self.dtype)

    @property
    def aspects(self) -> tuple[str, ...]:
        """What is looked at."""
        return tuple(self.requirements)
