"""What a mutant is: the reference adapter with one fault, a function or a method exchanged for a wrong one.

A mutant is an adapter like any other: `--target tests/mutants/epsilon.py:EpsilonIgnored`.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference import (
    ReferenceAdapter,
    adapter,
    derivatives,
    filter_response,
    formulas,
    kernels,
    layer,
    textbook,
)
from normcheck.adapters.reference.layer import forward

LAYER, RMS, BATCH, GROUP, INSTANCE, FEATURE = (
    "layer_normalization",
    "rms_normalization",
    "batch_normalization",
    "group_normalization",
    "instance_normalization",
    "feature_normalization",
)
UNIT, RESPONSE = "unit_normalization", "local_response_normalization"
FILTER = "filter_response_normalization"
CENTRED = (LAYER, BATCH, GROUP, INSTANCE)
STATISTICAL = (LAYER, RMS, BATCH, GROUP, INSTANCE)
MOVING = (BATCH, INSTANCE)
OPTIONED = (LAYER, BATCH, GROUP)
WITH_AXIS = (LAYER, RMS, BATCH, GROUP, FEATURE)
ALL = (*STATISTICAL, FEATURE)
FLOATING = ("float32", "float64", "float16", "bfloat16")
ONE = ("float32",)
WIDE = ("float32", "float64")
NARROW = ("float16", "bfloat16")
INTEGER = ("int32",)
MODULES = (textbook, layer, formulas, filter_response, kernels, derivatives, adapter)
METHODS = (
    *("construct", "build", "weights", "parameters", "assign", "call", "gradient", "adapt", "update", "arrange"),
    *("save", "load", "forward", "second_order", "vectorized"),
)


@dataclass(frozen=True)
class Fault:
    """What there is to say of a mutant.

    stands_for: the real bug it imitates, empty where none is known.
    layers, dtypes: where the fault makes sense.
    equivalent: by layer, dtype or `layer dtype`, why no right bound could tell the mutant from a right implementation.
    """

    id: str
    description: str
    layers: tuple[str, ...]
    dtypes: tuple[str, ...]
    stands_for: str = ""
    equivalent: dict[str, str] = field(default_factory=dict)

    def excused(self, layer, dtype):
        """Why the mutant is equivalent in a layer at a dtype; empty where it is not."""
        return next((self.equivalent[key] for key in (f"{layer} {dtype}", layer, dtype) if key in self.equivalent), "")


def mutant(name, description, layers, *, dtypes=FLOATING, stands_for="", equivalent=None, **changes):
    """The adapter class of a fault. changes: functions of the reference by name, and methods of its adapter."""
    functions = {key: value for key, value in changes.items() if any(key in vars(module) for module in MODULES)}
    methods = {key: value for key, value in changes.items() if key not in functions}
    places = [(module, key, value) for key, value in functions.items() for module in MODULES if key in vars(module)]
    base = type(name, (ReferenceAdapter,), methods)
    inside = {method: _exchanging(getattr(base, method), places) for method in METHODS if hasattr(base, method)}
    fault = Fault(name, description, tuple(layers), tuple(dtypes), stands_for, equivalent or {})
    return type(name, (base,), {"name": name, "fault": fault, **inside})


def _exchanging(method, places):
    def faulty(self, *given):
        with exchanged(places):
            return method(self, *given)

    return faulty


@contextmanager
def exchanged(places):
    """Functions replaced, for as long as a method of the mutant runs."""
    kept = [(module, name, getattr(module, name)) for module, name, _ in places]
    try:
        for module, name, wrong in places:
            setattr(module, name, wrong)
        yield
    finally:
        for module, name, right in kept:
            setattr(module, name, right)


def on_input(change):
    """A forward pass on changed values."""
    return lambda layer, array, training: forward(layer, encode(change(decode(array)), array.dtype), training)


def on_output(change):
    """A forward pass whose output is changed."""

    def faulty(layer, array, training):
        seen = forward(layer, array, training)
        return replace(seen, output=change(seen.output))

    return faulty


def refusing_none(forward):
    """The change of `forward`, a function of a layer and an array, that refuses a batch without examples."""

    def faulty(layer, array):
        seen = forward(layer, array)
        if not seen.output.size:
            raise ValueError("there are no examples")
        return seen

    return faulty


def altered(function, **fields):
    """`function`, which returns a layer, with fields of the layer set; a field may be a function of the layer."""

    def faulty(*given):
        layer = function(*given)
        for name, value in fields.items():
            setattr(layer, name, value(layer) if callable(value) else value)
        return layer

    return faulty


def rounded(values, dtype):
    """`values` rounded to `dtype`, in the dtype they came in."""
    return decode(encode(values, dtype)).astype(values.dtype)


def rows(x, axes):
    """`x` with the reduced axes made one, the last."""
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    n = math.prod(x.shape[axis] for axis in axes)
    return x.transpose(*kept, *axes).reshape(*(x.shape[axis] for axis in kept), n)


def averaging(mean):
    """The changes that take every mean of the statistics with `mean`, which reduces the last axis and keeps it."""

    def average(x, axes):
        shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
        return np.asarray(mean(rows(x, axes)), x.dtype).reshape(shape)

    def moments(x, axes):
        centre = average(x, axes)
        return centre, average(np.square(x - centre), axes)

    return {"moments": moments, "mean_square": lambda x, axes: average(np.square(x), axes)}
