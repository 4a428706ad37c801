"""The columns of the matrix of coverage: every aspect, and everything else that a case can be about."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import get_args

from normcheck.specs.vocabulary import Aspect, DType, Format

from ..case import Case

Column = Callable[[Case], bool]
LONG = 2**16


def _aspect(name: str) -> Column:
    return lambda case: name in case.requirements


def _format(name: str) -> Column:
    return lambda case: "persistence" in case.requirements and name in case.formats


def _called(training: bool) -> Column:
    return lambda case: any(step.do == "call" and step.training is training for step in case.steps)


def _input(*families: str) -> Column:
    return lambda case: any(step.input in families for step in case.steps if isinstance(step.input, str))


def _dtype(name: str) -> Column:
    return lambda case: case.dtype == name


def _precision(name: str) -> Column:
    return lambda case: case.precision == name


def _rank(rank: int) -> Column:
    return lambda case: len(case.shape) == rank


def _size(wanted: Callable[[tuple[int, ...]], bool]) -> Column:
    return lambda case: bool(case.shape) and wanted(case.shape)


def _trains_again(case: Case) -> bool:
    """Training, then inference, then training."""
    modes = [step.training for step in case.steps]
    return any(
        modes[first] is True and modes[second] is False and True in modes[second:]
        for second in range(1, len(modes))
        for first in range(second)
    )


# Every column is a question about one case; those of the aspects come first, in the order of the vocabulary.
COLUMNS: Mapping[str, Column] = {
    **{name: _aspect(name) for name in get_args(Aspect)},
    **{f"saved: {name}": _format(name) for name in get_args(Format)},
    "training": _called(True),
    "inference": _called(False),
    "training again": _trains_again,
    **{name: _dtype(name) for name in get_args(DType)},
    "mixed precision": _precision("mixed"),
    "autocast": _precision("autocast"),
    "memory layout": lambda case: any(step.layout != "contiguous" for step in case.steps),
    **{f"rank {rank}": _rank(rank) for rank in range(1, 7)},
    "empty batch": _size(lambda shape: shape[0] == 0),
    "batch of one": _size(lambda shape: shape[0] == 1),
    "one channel": _size(lambda shape: len(shape) > 1 and 1 in (shape[1], shape[-1])),
    "one element": _size(lambda shape: math.prod(shape) == 1),
    "long reduction": _size(lambda shape: math.prod(shape) >= LONG),
    "unknown sizes": lambda case: bool(case.dynamic),
    "large mean": _input("large-mean", "huge-mean"),
    "small deviation": _input("tiny-variance", "scaled-to-epsilon"),
    "constant": _input("zero-variance", "constant-rows"),
    "outlier": _input("outlier", "heavy-tails", "one-hot"),
    "ordered": _input("ramp", "alternating"),
    "subnormal": _input("subnormal"),
    "near overflow": _input("near-overflow"),
    "NaN": _input("nan-row"),
    "infinity": _input("inf-row"),
    "compiled": lambda case: case.compiled,
    "threads": lambda case: case.threads != 1,
}
