"""Mutants that lose something in one way of saving alone, or whose copies are no copies."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.by_python import take
from normcheck.adapters.reference import ReferenceAdapter, file
from normcheck.tests.mutants.mutant import ALL, FEATURE, LAYER, MOVING, ONE, RMS, STATISTICAL, mutant

STATISTICS = {"moving_mean": 0.0, "moving_variance": 1.0, "mean": 0.0, "variance": 1.0}


def in_one_way(way, change):
    """The change that gets another layer back: change(loaded) for what comes back in `way`."""

    def faulty(self, folder, request, how):
        loaded = ReferenceAdapter.load(self, folder, request, how)
        return change(loaded) if how == way else loaded

    return faulty


def weights(change):
    """Every weight as `change` leaves it."""
    return lambda loaded: replace(loaded, weights={name: change(name, one) for name, one in loaded.weights.items()})


def _initial(name, value):
    if name not in STATISTICS:
        return value
    return encode(np.full(value.shape, STATISTICS[name]), value.dtype)


def _transposed(name, value):
    square = len(value.shape) == 2 and value.shape[0] == value.shape[1]
    return encode(decode(value).T.copy(), value.dtype) if square else value


def _configured(self, folder, request, how):
    """A configuration without the arguments that nothing but the output shows, or the initial weights."""
    if how != "configuration":
        return ReferenceAdapter.load(self, folder, request, how)
    saved = file.told(take(folder))
    needed = ("axis", "groups", "center", "scale") if saved["weights"] else ("size",)
    kept = {name: value for name, value in saved["arguments"].items() if name in needed}
    layer = ReferenceAdapter.construct(self, saved["layer"], kept, saved["shape"], saved["dtype"])
    ReferenceAdapter.build(self, layer, saved["shape"])
    ReferenceAdapter.assign(self, layer, saved["weights"])
    return layer


def _shared(self, folder, request, how):
    if how != "copy":
        return ReferenceAdapter.load(self, folder, request, how)
    return replace(take(folder))


def _remembering(self, folder, request, how):
    """A copy that knows its original."""
    if how != "copy":
        return ReferenceAdapter.load(self, folder, request, how)
    original = take(folder)
    copied = deepcopy(original)
    self.originals = [(copied, original)]
    return copied


def _writing_back(method):
    """What is done to a copy is done to the weights of its original too; but not the other way."""

    def faulty(self, layer, *given):
        result = method(self, layer, *given)
        for copied, original in getattr(self, "originals", ()):
            if copied is layer:
                original.weights.update(layer.weights)
        return result

    return faulty


CopySharesWeights = mutant(
    "copy-shares-weights",
    "A copy has its original's weights, and not weights of its own.",
    STATISTICAL,
    dtypes=ONE,
    stands_for="copy.copy of a module in place of copy.deepcopy",
    load=_shared,
)
CopyWritesToItsOriginal = mutant(
    "copy-writes-to-its-original",
    "What is trained on a copy is written to its original.",
    STATISTICAL,
    dtypes=ONE,
    load=_remembering,
    call=_writing_back(ReferenceAdapter.call),
    gradient=_writing_back(ReferenceAdapter.gradient),
    update=_writing_back(ReferenceAdapter.update),
)
PickledWithoutStatistics = mutant(
    "pickled-without-statistics",
    "A pickled layer comes back with the statistics that it began with.",
    (*MOVING, FEATURE),
    dtypes=ONE,
    load=in_one_way("pickle", weights(_initial)),
)
PickledInFloat32 = mutant(
    "pickled-in-float32",
    "A layer is pickled with its weights in float32.",
    ALL,
    dtypes=("float64",),
    load=in_one_way(
        "pickle",
        weights(lambda name, one: encode(decode(encode(decode(one), "float32")), one.dtype)),
    ),
)
ConfigurationWithoutAnArgument = mutant(
    "configuration-without-an-argument",
    "The configuration leaves out what no weight's shape depends on.",
    (*ALL, "unit_normalization", "local_response_normalization", "filter_response_normalization"),
    dtypes=ONE,
    stands_for="a get_config() that was not extended with the constructor",
    load=_configured,
)
WeightsLoadedTransposed = mutant(
    "weights-loaded-transposed",
    "Square weights are loaded with their axes exchanged.",
    (LAYER, RMS, FEATURE),
    dtypes=ONE,
    load=in_one_way("weights", weights(_transposed)),
)
