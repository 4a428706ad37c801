"""What the second side of a comparison does to the first side's input, and how its output is read against the first's.

Every change is exact: a power of two is added or multiplied by, elements change places, or examples come and go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normcheck.adapters.arrays import Array, decode, encode

from ..oracle.problems import layout_of
from .conventions import Convention
from .inputs import generate

SHIFT, SCALE = 64.0, 8.0
BEFORE, AFTER = 3, 2
CHANNELS = 1
LAST = ("filter_response_normalization",)
Values = NDArray[Any]
Change = Callable[[Convention, int, Values], Values]


@dataclass(frozen=True, slots=True)
class Transformation:
    """One change.

    change: the first side's input to the second's. part: of the first side's output, what is compared; back: of the
    second side's, what is compared with it. weights: the first side's weight to the second's.
    """

    change: Change
    part: Change
    back: Change
    weights: Callable[[Values], Values]


def changed(meant: Convention, index: int, x: Array) -> Array:
    """The input of the second side's step, from that of the first. Raises ValueError where the dtype does not hold it.

    meant: the second side, whose origin says what is done.
    """
    origin = meant.case.origin
    if origin is None or origin.change is None:
        return x
    values = decode(x)
    wanted = TRANSFORMATIONS[origin.change].change(meant, index, values.astype(np.float64))
    made = encode(wanted, x.dtype)
    if not np.array_equal(decode(made).astype(np.float64), wanted, equal_nan=True):
        raise ValueError(f"{meant.case.seed}: the input {origin.change} has no exact values in {x.dtype}")
    return made


def length_of(change: str | None, length: int) -> int:
    """How many examples the second side has, where the first has `length`."""
    return {"alone": min(length, 1), "among-others": BEFORE + length + AFTER}.get(change or "", length)


def features_of(meant: Convention) -> tuple[int, ...]:
    """The axes along which there are weights, or statistics, of the layer's own; the channels, where it cannot say."""
    if meant.case.layer in LAST:
        return (len(meant.case.shape) - 1,)
    axis = meant.arguments.get("axis", CHANNELS)
    return axis if isinstance(axis, tuple) else () if axis is None else (axis,)


def _shifted(meant: Convention, index: int, x: Values) -> Values:
    return x + SHIFT


def _scaled(meant: Convention, index: int, x: Values) -> Values:
    return x * SCALE


def _centred(meant: Convention, index: int, x: Values) -> Values:
    layout = layout_of(meant, x.shape)
    split = x.reshape(layout.split_shape)
    centred: Values = (split - split.mean(axis=layout.reduce_axes, keepdims=True)).reshape(x.shape)
    return centred


def _examples_reversed(meant: Convention, index: int, x: Values) -> Values:
    return np.flip(x, 0)


def _features_reversed(meant: Convention, index: int, x: Values) -> Values:
    return np.flip(x, features_of(meant))


def _positions_reversed(meant: Convention, index: int, x: Values) -> Values:
    kept = (0, *features_of(meant))
    return np.flip(x, tuple(axis for axis in range(x.ndim) if axis not in kept))


def _first(meant: Convention, index: int, x: Values) -> Values:
    return x[:1]


def _among(meant: Convention, index: int, x: Values) -> Values:
    case = meant.case
    shape = (BEFORE + AFTER, *x.shape[1:])
    family = case.steps[index].input
    more = generate(
        family if isinstance(family, str) else "normal", shape, case.dtype, f"{case.seed}/{index}/more", 1e-3
    )
    others = decode(more).astype(np.float64)
    return np.concatenate([others[:BEFORE], x, others[BEFORE:]])


def _without_others(meant: Convention, index: int, x: Values) -> Values:
    return x[BEFORE:-AFTER]


def _kept(meant: Convention, index: int, x: Values) -> Values:
    return x


def _in_place(values: Values) -> Values:
    return values


UNCHANGED = Transformation(_kept, _kept, _kept, _in_place)
TRANSFORMATIONS: Mapping[str | None, Transformation] = {
    None: UNCHANGED,
    "shifted": replace(UNCHANGED, change=_shifted),
    "scaled": replace(UNCHANGED, change=_scaled),
    "centred": replace(UNCHANGED, change=_centred),
    "batch-reversed": replace(UNCHANGED, change=_examples_reversed, back=_examples_reversed),
    "features-reversed": Transformation(_features_reversed, _kept, _features_reversed, np.flip),
    "positions-reversed": replace(UNCHANGED, change=_positions_reversed, back=_positions_reversed),
    "alone": replace(UNCHANGED, change=_first, part=_first),
    "among-others": replace(UNCHANGED, change=_among, back=_without_others),
}
