"""The case: a spec made concrete. Frozen values, shared by expansion, the oracle's callers and judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from normcheck.specs.grammar import ErrorSpec, Expectation, LayerSpec, ModelSpec


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
class Case:
    """One layer, one set of arguments, one input, one set of aspects.

    id: stable and readable: `layer/name` or `layer/sweep/key=value,...`; also the seed of the inputs.
    spec: the layer's spec, or a model's.
    requirements: by aspect, the ids of the requirements that a check of that aspect decides.
    expect: literal expectations besides the exact answer; raises: what must be raised, None for nothing.
    formats: the ways in which the layer is saved and got back. full: on the full list alone.
    exact: false where the literal expectations alone are judged (a document's own case).
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
    precision: Literal["plain", "mixed", "autocast"] = "plain"
    threads: int = 1
    dynamic: tuple[int, ...] = ()
    formats: tuple[str, ...] = ()
    compiled: bool = False
    full: bool = False
    dialects: tuple[str, ...] | None = None
    hunts: tuple[str, ...] = field(default=())

    @property
    def layer(self) -> str:
        """The name of the layer, or of the model."""
        return self.spec.layer if isinstance(self.spec, LayerSpec) else self.spec.model

    @property
    def aspects(self) -> tuple[str, ...]:
        """What is looked at."""
        return tuple(self.requirements)
