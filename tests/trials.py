"""Random problems, drawn by hashing a number: the same on every machine."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import numpy as np

from normcheck.adapters.arrays import decode
from normcheck.cases.arithmetic.exact import Floats
from normcheck.cases.oracle.normalization import Layout, Problem, Statistics
from normcheck.cases.requests.inputs import drawn
from normcheck.specs.vocabulary import Family

from .numerics import problem, values

DTYPES = ("float32", "float64", "float16", "bfloat16")
EPSILONS = (2.0**-10, 2.0**-17, 1e-3, 1e-5, 1e-6, 1e-12, 0.0, 0.25, 4.0)
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 12, 15, 16, 17, 24, 31, 33, 64, 65, 100, 127, 129, 256, 300, 513, 1026, 2049)
LARGEST = 4096
FLOOR = 1e-7

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Moving statistics before the first step, the weight of a new value, and what its variance is multiplied by."""

    mean: Floats
    variance: Floats
    alpha: float
    factor: float


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One layer: the problem of each of its steps, and its moving statistics if it has any."""

    name: str
    kind: str
    dtype: str
    problems: tuple[Problem, ...]
    moves: Moves | None = None

    @property
    def stored(self) -> str:
        """The dtype of the parameters and of the moving statistics."""
        return self.problems[0].parameter_dtype or self.dtype


@dataclass(frozen=True, slots=True)
class Draw:
    """Choices that depend on a seed and on what is chosen, on nothing else."""

    seed: str

    def number(self, role: str) -> int:
        """A large random number."""
        return int.from_bytes(hashlib.sha256(f"{self.seed}/{role}".encode()).digest()[:8], "little")

    def one(self, role: str, items: Sequence[Item]) -> Item:
        """One of `items`."""
        return items[self.number(role) % len(items)]

    def shape(self, rank: int, largest: int = LARGEST) -> tuple[int, ...]:
        """Sizes, drawn in an order of their own, whose product is at most `largest`."""
        sizes, room = [1] * rank, largest
        for axis in sorted(range(rank), key=lambda axis: self.number(f"order/{axis}")):
            sizes[axis] = self.one(f"size/{axis}", [size for size in SIZES if size <= room])
            room //= sizes[axis]
        return tuple(sizes)


def trial(number: int) -> Trial:
    """The trial with this number."""
    draw = Draw(f"trial {number}")
    kind, dtype = draw.one("kind", tuple(KINDS)), draw.one("dtype", DTYPES)
    return KINDS[kind](draw, dtype)


def _problem(draw: Draw, layout: Layout, dtype: str, step: int = 0, **fields: Any) -> Problem:
    epsilon = fields.pop("epsilon", draw.one("epsilon", EPSILONS))
    families = [name for name in get_args(Family) if name != "exact" or any(size % 4 == 0 for size in layout.shape)]
    family = draw.one(f"family/{step}", families)
    mixed = dtype in ("float16", "bfloat16") and draw.number("mixed") % 2
    fields["parameter_dtype"] = "float32" if mixed else None
    return problem(layout, family, dtype, f"{draw.seed}/{step}", epsilon=epsilon, **fields)


def _without(draw: Draw) -> dict[str, None]:
    """One layer in four has no gamma, one in four no beta."""
    return {name: None for name in ("gamma", "beta") if draw.number(f"without {name}") % 4 == 0}


def _layer(draw: Draw, dtype: str) -> Trial:
    return Trial(draw.seed, "layer", dtype, (_problem(draw, _over_axes(draw), dtype, **_without(draw)),))


def _rms(draw: Draw, dtype: str) -> Trial:
    fields = {**_without(draw), "beta": None, "centred": False}
    return Trial(draw.seed, "rms", dtype, (_problem(draw, _over_axes(draw), dtype, **fields),))


def _over_axes(draw: Draw) -> Layout:
    """Trailing axes, or any."""
    shape = draw.shape(draw.one("rank", (1, 2, 2, 3, 4)))
    rank = len(shape)
    chosen = tuple(axis for axis in range(rank) if draw.number(f"axis/{axis}") % 2)
    last = tuple(range(draw.number("last") % rank, rank))
    axes = chosen if chosen and draw.number("any") % 3 == 0 else last
    return Layout(shape, None, axes, axes)


def _group(draw: Draw, dtype: str) -> Trial:
    shape = draw.shape(draw.one("rank", (2, 3, 4)), LARGEST // 2)
    axis = draw.one("axis", (1, len(shape) - 1))
    groups = draw.one("groups", [count for count in range(1, shape[axis] + 1) if shape[axis] % count == 0])
    rest = (other if other < axis else other + 1 for other in range(1, len(shape)) if other != axis)
    layout = Layout(shape, (axis, groups), tuple(sorted((*rest, axis + 1))), (axis, axis + 1))
    return Trial(draw.seed, "group", dtype, (_problem(draw, layout, dtype, **_without(draw)),))


def _batch(draw: Draw, dtype: str) -> Trial:
    shape = draw.shape(draw.one("rank", (2, 3, 4)))
    axis = draw.one("axis", (1, len(shape) - 1))
    layout = Layout(shape, None, tuple(other for other in range(len(shape)) if other != axis), (axis,))
    without = _without(draw)
    steps = tuple(_problem(draw, layout, dtype, step, **without) for step in range(1 + draw.number("steps") % 2))
    n = layout.group_size
    moves = Moves(
        values("moving_mean", layout.parameter_shape, draw.seed),
        values("moving_variance", layout.parameter_shape, draw.seed),
        draw.one("alpha", (2.0**-6, 1 - 0.99, 0.1, 1 - 0.9, 0.25, 0.5, 0.9, 1.0)),
        draw.one("factor", (1.0, n / max(n - 1, 1))),
    )
    return Trial(draw.seed, "batch", dtype, steps, moves)


def _instance(draw: Draw, dtype: str) -> Trial:
    """Statistics of every example and channel, averages of every channel."""
    shape = draw.shape(draw.one("rank", (3, 4)))
    layout = Layout(shape, None, tuple(range(2, len(shape))), (1,))
    without = _without(draw)
    steps = tuple(_problem(draw, layout, dtype, step, **without) for step in range(1 + draw.number("steps") % 2))
    n = layout.group_size
    moves = Moves(
        values("moving_mean", layout.parameter_shape, draw.seed),
        values("moving_variance", layout.parameter_shape, draw.seed),
        draw.one("alpha", (2.0**-6, 1 - 0.99, 0.1, 1 - 0.9, 0.25, 0.5, 0.9, 1.0)),
        draw.one("factor", (1.0, n / max(n - 1, 1))),
    )
    return Trial(draw.seed, "instance", dtype, steps, moves)


def _feature(draw: Draw, dtype: str) -> Trial:
    """Given statistics, with a channel of variance 0 in one layer of three."""
    shape = draw.shape(draw.one("rank", (1, 2, 3)))
    kept = tuple(axis for axis in range(len(shape)) if draw.number(f"axis/{axis}") % 2)
    layout = Layout(shape, None, tuple(axis for axis in range(len(shape)) if axis not in kept), kept)
    mean, variance = (
        decode(drawn(role, layout.parameter_shape, "float32", draw.seed)).astype(np.float64)
        for role in ("mean", "variance")
    )
    if draw.number("zero") % 3 == 0 and math.prod(layout.parameter_shape) > 1:
        variance[(0,) * variance.ndim] = 0.0
    asked = _problem(
        *(draw, layout, dtype),
        epsilon=0.0,
        gamma=None,
        beta=None,
        floor=FLOOR,
        invert=draw.number("invert") % 4 == 0,
        statistics=Statistics(mean, variance),
    )
    return Trial(draw.seed, "feature", dtype, (asked,))


KINDS: dict[str, Callable[[Draw, str], Trial]] = {
    "layer": _layer,
    "rms": _rms,
    "batch": _batch,
    "group": _group,
    "instance": _instance,
    "feature": _feature,
}
