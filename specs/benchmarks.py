"""The models of a layer's `benchmarks` section: what is timed, and what the work costs at the least."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .vocabulary import CaseName, Dialects, Expression, Name, Plain, Shape

Pass = Literal["inference", "training", "backward"]
Size = Literal["small", "medium", "large"]
FloatingDType = Literal["float32", "float64", "float16", "bfloat16"]


class Strict(BaseModel):
    """As every model of the spec files: frozen, without unknown keys and silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Cost(Strict):
    """What one call costs at the least, as formulas.

    They may use `input` (the input's shape), the arguments (null where a run gives none), `features`, `elements` of the
    input, and `size`, the bytes of one element.

    bytes: that must move between the memory and the processor, each array once for every kernel that needs it.
    operations: additions, multiplications, divisions and roots, each counted once.
    """

    bytes: Expression
    operations: Expression


class BenchmarkRun(Strict):
    """What is timed together: every shape in every dtype and pass. The first dtype is on the quick list.

    passes: `inference`, a call; `training`, a call of training, ready to be differentiated where the framework records
        that while it computes; `backward`, a call of training and the gradients of the input and of every weight.
    dialects: those that are asked (default: all).
    """

    arguments: dict[Name, Plain] = {}
    shapes: dict[Size, Shape] = Field(min_length=1)
    dtype: Annotated[list[FloatingDType], Field(min_length=1)] = ["float32", "bfloat16"]
    passes: Annotated[list[Pass], Field(min_length=1)] = ["inference", "training", "backward"]
    dialects: Dialects | None = None


class BenchmarksSpec(Strict):
    """How a layer's speed is looked at. costs: by pass; runs: by name."""

    costs: dict[Pass, Cost] = Field(min_length=1)
    runs: dict[CaseName, BenchmarkRun] = Field(min_length=1)
