"""The words that spec files may use: dialects, dtypes, layouts, aspects, input families, and how names are written."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from .aspects import Aspect as Aspect

MAXIMUM_ELEMENTS = 2**22
MAXIMUM_RANK = 8

Dialect = Literal["keras", "torch", "onnx", "flax"]
DType = Literal[
    "float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool"
]
Layout = Literal[
    "contiguous", "transposed", "strided", "reversed", "channels-last", "broadcast", "read-only", "unaligned"
]
Precision = Literal["plain", "mixed", "autocast", "converted"]
Format = Literal["file", "weights", "legacy", "whole", "configuration", "copy", "pickle"]
Combination = Literal["pairs", "product"]
Transform = Literal[
    "shifted", "scaled", "centred", "batch-reversed", "features-reversed", "positions-reversed", "alone", "among-others"
]
Phase = Literal["construct", "build", "assign", "call", "gradient", "adapt", "update", "save", "load"]
Grade = Literal["A", "A2", "B1", "B", "C"]
Family = Literal[
    "normal",
    "scaled-to-epsilon",
    "large-mean",
    "huge-mean",
    "mean-1e5",
    "mean-1e6",
    "mean-1e7",
    "mean-1e8",
    "tiny-variance",
    "zero-variance",
    "constant-rows",
    "repeated-rows",
    "heavy-tails",
    "outlier",
    "alternating",
    "ramp",
    "sorted",
    "one-hot",
    "tiny",
    "subnormal",
    "near-overflow",
    "largest",
    "nan-row",
    "inf-row",
    "minus-inf-row",
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
