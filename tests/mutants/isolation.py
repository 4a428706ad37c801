"""Mutants in which what should be apart is not: examples, calls, layers, the input and the output."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcheck.adapters.arrays import Array, View
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.reference.layer import build, forward
from normcheck.tests.mutants.mutant import ALL, FEATURE, ONE, STATISTICAL, WIDE, averaging, mutant, on_input

SHARED = {}
TURN = [False]


def wipe(array):
    if isinstance(array, Array):
        object.__setattr__(array, "data", bytes(len(array.data)))
    elif isinstance(array, View):
        array.bits[...] = 0


def wiped(method):
    def faulty(self, layer, x, *rest):
        answer = method(self, layer, x, *rest)
        wipe(x)
        return answer

    return faulty


InputOverwritten = mutant(
    "input-overwritten",
    "The input's memory is used again.",
    ALL,
    stands_for="fused and in-place batch normalization",
    call=wiped(ReferenceAdapter.call),
    gradient=wiped(ReferenceAdapter.gradient),
)
NanLaundered = mutant(
    "nan-laundered",
    "NaN is taken for zero.",
    ALL,
    stands_for="what ONNX's backend cases and the Web Platform Tests let pass",
    forward=on_input(lambda x: np.nan_to_num(x, nan=0.0, posinf=np.inf, neginf=-np.inf)),
)


def spread(layer, array, training):
    seen = forward(layer, array, training)
    touched = seen.output + np.zeros((), seen.output.dtype) * seen.z.sum()
    return replace(seen, output=touched)


NanSpreads = mutant(
    "nan-spreads",
    "NaN in one group reaches all, as in sums taken with a matrix of ones and zeros.",
    ALL,
    forward=spread,
)


def mean_in_turn(x):
    """The mean of the last axis: summed in pairs, and in every second layer one element after the other."""
    x = np.ascontiguousarray(x)
    return (np.cumsum(x, -1)[..., -1] if TURN[0] and x.shape[-1] else x.sum(-1)) / x.dtype.type(x.shape[-1])


def next_turn(self, *given):
    TURN[0] = not TURN[0]
    return ReferenceAdapter.construct(self, *given)


UnorderedSums = mutant(
    "unordered-sums",
    "The order of summation is another in every second layer.",
    (*STATISTICAL, FEATURE),
    dtypes=WIDE,
    stands_for="sums by atomic additions on a graphics processor",
    construct=next_turn,
    **averaging(mean_in_turn),
)


def noisy(layer, array, training):
    seen = forward(layer, array, training)
    return replace(seen, output=np.nextafter(seen.output, np.inf, dtype=seen.output.dtype)) if TURN[0] else seen


OutputVaries = mutant(
    "output-varies",
    "Every second layer's output is one unit in the last place more.",
    ALL,
    dtypes=("float32", "float64"),
    construct=next_turn,
    forward=noisy,
)


def shared(layer, shape):
    build(layer, shape)
    key = layer.kind, shape, layer.dtype, tuple((name, value.shape) for name, value in layer.weights.items())
    layer.weights = SHARED.setdefault(key, layer.weights)


StateShared = mutant(
    "state-shared",
    "Layers of the same shape have the same weights.",
    ALL,
    stands_for="a default argument, or a class attribute, that is changed in place",
    build=shared,
)


def counted(layer, shape):
    build(layer, shape)
    SHARED["calls", id(layer)] = 0


def drifting(layer, array, training):
    seen = forward(layer, array, training)
    SHARED["calls", id(layer)] += 1
    first = SHARED["calls", id(layer)] == 1
    return seen if first else replace(seen, output=np.nextafter(seen.output, np.inf, dtype=seen.output.dtype))


CallsDrift = mutant(
    "calls-drift",
    "Every call of a layer but the first gives one unit in the last place more.",
    ALL,
    dtypes=ONE,
    stands_for="algorithms that are chosen by timing the first calls",
    build=counted,
    forward=drifting,
)


def last_output(layer, array, training):
    seen = forward(layer, array, training)
    key = layer.kind, layer.dtype, seen.output.shape, id(layer)
    return replace(seen, output=SHARED.setdefault(key, seen.output))


def forgetting(layer, shape):
    build(layer, shape)
    for key in [key for key in SHARED if key[-1] == id(layer)]:
        del SHARED[key]


OutputCached = mutant(
    "output-cached",
    "A second call with an input of the same shape returns what the first did.",
    ALL,
    dtypes=ONE,
    build=forgetting,
    forward=last_output,
)
