"""The case: a spec made concrete. Frozen values, shared by expansion, the oracle's callers and judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One step: what is done, to which input (a family's name or literal values), of which shape."""

    do: Literal["call", "adapt", "update"]
    shape: tuple[int, ...]
    input: str | list[Any]
    training: bool | None
    learning_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Case:
    """One layer, one set of arguments, one input, one set of aspects.

    id: stable and readable: `layer/name` or `layer/sweep/key=value,...`; also the seed of the inputs.
    requirements: by aspect, the ids of the requirements that a check of that aspect decides.
    expect: literal expectations, None for the exact answer; raises: what must be raised, None for nothing.
    """

    id: str
    layer: str
    arguments: Mapping[str, Any]
    shape: tuple[int, ...]
    dtype: str
    steps: tuple[CaseStep, ...]
    weights: Literal["drawn", "initial"] | Mapping[str, Any]
    requirements: Mapping[str, tuple[str, ...]]
    expect: Any = None
    raises: Any = None
    compiled: bool = False
    dialects: tuple[str, ...] | None = None
    hunts: tuple[str, ...] = field(default=())

    @property
    def aspects(self) -> frozenset[str]:
        """What is looked at."""
        return frozenset(self.requirements)
