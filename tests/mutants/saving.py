"""Mutants that do not save everything, or do not load what they saved."""

from __future__ import annotations

from normcheck.adapters.arrays import Array, decode, encode
from normcheck.adapters.reference import ReferenceAdapter, file
from normcheck.tests.mutants.mutant import (
    ALL,
    BATCH,
    CENTRED,
    FEATURE,
    FILTER,
    GROUP,
    LAYER,
    MOVING,
    ONE,
    RESPONSE,
    RMS,
    STATISTICAL,
    UNIT,
    mutant,
)


def loading(change):
    """The change that loads another layer than was saved: change(saved) in place."""

    def faulty(self, folder, request, how):
        if how != "file":
            return ReferenceAdapter.load(self, folder, request, how)
        saved = file.read(folder)
        saved["arguments"] = dict(saved["arguments"])
        change(saved)
        layer = ReferenceAdapter.construct(self, saved["layer"], saved["arguments"], saved["shape"], saved["dtype"])
        ReferenceAdapter.build(self, layer, saved["shape"])
        ReferenceAdapter.assign(self, layer, saved["weights"])
        return layer

    return faulty


def without(*names):
    """Arguments that are not saved, and come back as their defaults."""
    return loading(lambda saved: [saved["arguments"].pop(name, None) for name in names])


def weights(change):
    return loading(lambda saved: saved.update(weights=change(saved["weights"])))


SavedWithoutAnArgument = mutant(
    "saved-without-an-argument",
    "The arguments are not saved, and come back as their defaults.",
    (*ALL, UNIT, RESPONSE, FILTER),
    dtypes=ONE,
    load=loading(lambda saved: saved["arguments"].clear()),
)
SavedWithAnotherShape = mutant(
    "saved-with-another-shape",
    "Weights are saved flat.",
    (LAYER, RMS, FEATURE),
    dtypes=ONE,
    load=weights(lambda saved: {name: Array(one.dtype, (one.size,), one.data) for name, one in saved.items()}),
)
EpsilonNotSaved = mutant(
    "epsilon-not-saved", "Epsilon is not saved.", (*STATISTICAL, FILTER), dtypes=ONE, load=without("epsilon")
)
AxisNotSaved = mutant(
    "axis-not-saved",
    "The axis is not saved.",
    (LAYER, RMS, BATCH, GROUP, FEATURE),
    dtypes=ONE,
    stands_for="BatchNormalization(axis=1) saved to a legacy .h5 file by Keras 3.0 to 3.8",
    load=without("axis"),
)
MomentumNotSaved = mutant("momentum-not-saved", "Momentum is not saved.", MOVING, dtypes=ONE, load=without("momentum"))
GroupsNotSaved = mutant(
    "groups-not-saved", "The number of groups is not saved.", [GROUP], dtypes=ONE, load=without("groups")
)
InvertNotSaved = mutant("invert-not-saved", "`invert` is not saved.", [FEATURE], dtypes=ONE, load=without("invert"))
WeightsNotLoaded = mutant(
    "weights-not-loaded",
    "The loaded layer has its initial weights.",
    (*ALL, FILTER),
    dtypes=ONE,
    load=weights(lambda saved: {}),
)
StatisticsNotSaved = mutant(
    "statistics-not-saved",
    "The weights that are not trained are not saved.",
    (*MOVING, FEATURE),
    dtypes=ONE,
    stands_for="model.parameters() saved in place of model.state_dict()",
    load=weights(lambda saved: {name: value for name, value in saved.items() if name in ("gamma", "beta", "scale")}),
)
WeightsLoadedInOrderOfName = mutant(
    "weights-loaded-in-order-of-name",
    "The weights are saved in one order and loaded in another.",
    CENTRED,
    dtypes=ONE,
    load=weights(lambda saved: dict(zip(sorted(saved), saved.values(), strict=True))),
)
SavedIn16Bit = mutant(
    "saved-in-16-bit",
    "Weights are saved in bfloat16.",
    ALL,
    dtypes=ONE,
    load=weights(
        lambda saved: {
            name: value if value.dtype == "int64" else encode(decode(encode(decode(value), "bfloat16")), value.dtype)
            for name, value in saved.items()
        }
    ),
)
