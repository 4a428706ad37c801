"""Mutants that accept what must be refused, or refuse it in a wrong way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.interface import Unsupported
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.reference.layer import build, forward, initial_value
from normcheck.tests.mutants.mutant import (
    ALL,
    BATCH,
    FEATURE,
    GROUP,
    LAYER,
    OPTIONED,
    RMS,
    STATISTICAL,
    UNIT,
    WITH_AXIS,
    mutant,
)

ONE = ["float32"]


def with_argument(change):
    """The change that constructs with other arguments: change(arguments, shape)."""

    def faulty(self, layer, arguments, shape, dtype):
        return ReferenceAdapter.construct(self, layer, change(dict(arguments), shape), shape, dtype)

    return faulty


def wrapped(arguments, shape):
    def wrap(axis):
        return axis % len(shape) if type(axis) is int and not -len(shape) <= axis < len(shape) else axis

    axis = arguments.get("axis", -1)
    return arguments | {"axis": [wrap(one) for one in axis] if isinstance(axis, list) else wrap(axis)}


def whole(arguments, shape):
    axis = arguments.get("axis", -1)
    known = {float: int, str: lambda text: -1}.get(type(axis), lambda axis: axis)
    return arguments | {"axis": known(axis)}


def once(arguments, shape):
    axis = arguments.get("axis", -1)
    return arguments | {"axis": sorted({one % len(shape) for one in axis}) if isinstance(axis, list) else axis}


def positive(arguments, shape):
    return arguments | ({"epsilon": abs(arguments["epsilon"])} if "epsilon" in arguments else {})


def paired(arguments, shape):
    if ("mean" in arguments) != ("variance" in arguments):
        return {"mean": 0.0, "variance": 1.0} | arguments
    return arguments


def absolute(arguments, shape):
    if isinstance(arguments.get("variance"), float):
        return arguments | {"variance": abs(arguments["variance"])}
    return arguments


AxisWrapped = mutant(
    "axis-wrapped",
    "An axis beyond the rank is taken modulo the rank.",
    (*WITH_AXIS, UNIT),
    dtypes=ONE,
    construct=with_argument(wrapped),
)
AxisConverted = mutant(
    "axis-converted",
    "An axis that is no integer is made one.",
    (LAYER, RMS, BATCH, UNIT),
    dtypes=ONE,
    construct=with_argument(whole),
)
AxisNamedTwiceAccepted = mutant(
    "axis-named-twice-accepted",
    "An axis that is named twice counts once.",
    (LAYER, RMS),
    dtypes=ONE,
    construct=with_argument(once),
)
NegativeEpsilonAccepted = mutant(
    "negative-epsilon-accepted",
    "A negative epsilon is taken.",
    STATISTICAL,
    dtypes=ONE,
    stands_for="Keras LayerNormalization, to this day",
    construct=with_argument(positive),
)
MeanAloneAccepted = mutant(
    "mean-alone-accepted",
    "A mean without a variance is taken, and a variance without a mean.",
    [FEATURE],
    dtypes=ONE,
    construct=with_argument(paired),
)
NegativeVarianceAccepted = mutant(
    "negative-variance-accepted",
    "A negative variance is taken.",
    [FEATURE],
    dtypes=ONE,
    construct=with_argument(absolute),
)


def of_one_shape(self, layer, arguments, shape, dtype):
    mean, variance = arguments.get("mean"), arguments.get("variance")
    if np.shape(mean) != np.shape(variance) and mean is not None and variance is not None:
        arguments = dict(arguments) | {"variance": np.broadcast_to(variance, np.shape(mean)).tolist()}
    return ReferenceAdapter.construct(self, layer, arguments, shape, dtype)


ShapesOfStatisticsNotCompared = mutant(
    "shapes-of-statistics-not-compared",
    "A mean and a variance of different shapes are broadcast.",
    [FEATURE],
    dtypes=ONE,
    construct=of_one_shape,
)


def squeezed(arguments, shape):
    if np.ndim(arguments.get("mean")) > 1 and not isinstance(arguments.get("axis"), list):
        return arguments | {name: np.ravel(arguments[name]).tolist() for name in ("mean", "variance")}
    return arguments


DimensionsOfStatisticsDropped = mutant(
    "dimensions-of-statistics-dropped",
    "A mean with more dimensions than there are axes is flattened.",
    [FEATURE],
    dtypes=ONE,
    construct=with_argument(squeezed),
)


def cut_to_fit(layer, shape):
    if layer.given and np.ndim(layer.given[0]) == 1:
        size = shape[layer.axes[-1] % len(shape)]
        layer.given = tuple(np.resize(one, size) for one in layer.given)
    build(layer, shape)


LengthOfStatisticsNotChecked = mutant(
    "length-of-statistics-not-checked",
    "A mean of another length than the axis is repeated or cut off.",
    [FEATURE],
    dtypes=ONE,
    build=cut_to_fit,
)


def some_groups(arguments, shape):
    groups = arguments.get("groups", 32)
    axis = arguments.get("axis", -1)
    if not -len(shape) <= axis < len(shape) or groups == -1:
        return arguments
    channels = shape[axis]
    fitting = [n for n in range(1, channels + 1) if channels % n == 0 and n <= max(groups, 1)]
    return arguments | {"groups": max(fitting)}


GroupsMadeToFit = mutant(
    "groups-made-to-fit",
    "A number of groups that does not fit gives way to the next that does.",
    [GROUP],
    dtypes=ONE,
    stands_for="Keras GroupNormalization, which lowers the default of 32 groups in some releases of its ancestors",
    construct=with_argument(some_groups),
)


def any_initial(name, value):
    try:
        return initial_value(name, value)
    except Unsupported:
        return {"gamma": 1.0, "moving_variance": 1.0}.get(name, 0.0)


def unknown_dropped(arguments, shape):
    return {
        name: value
        for name, value in arguments.items()
        if not (name.endswith(("_regularizer", "_constraint")) and str(value).startswith("no_such"))
    }


UnknownNamesAccepted = mutant(
    "unknown-names-accepted",
    "An initializer, regularizer or constraint of unknown name is passed over.",
    OPTIONED,
    dtypes=ONE,
    construct=with_argument(unknown_dropped),
    initial_value=any_initial,
)


def another_length(layer, array, training):
    x = decode(array)
    if x.shape != layer.shape and x.ndim == len(layer.shape):
        fitted = [layer.shape[axis] if axis in layer.axes else size for axis, size in enumerate(x.shape)]
        array = encode(np.resize(x, fitted), array.dtype)
    return forward(layer, array, training)


LengthsNotChecked = mutant(
    "lengths-not-checked",
    "An input of other lengths than the layer was built for is cut off or repeated.",
    ALL,
    dtypes=ONE,
    forward=another_length,
)


def another_rank(layer, array, training):
    x = decode(array)
    missing = len(layer.shape) - x.ndim
    if missing > 0:
        seen = forward(layer, encode(x.reshape(*x.shape[:1], *[1] * missing, *x.shape[1:]), array.dtype), training)
        return replace(seen, output=seen.output.reshape(x.shape))
    return forward(layer, array, training)


RankNotChecked = mutant(
    "rank-not-checked",
    "An input of a lower rank than the layer was built for is filled up with axes of one.",
    [BATCH],
    dtypes=ONE,
    forward=another_rank,
)


def unnamed(self, layer, arguments, shape, dtype):
    try:
        return ReferenceAdapter.construct(self, layer, arguments, shape, dtype)
    except (TypeError, ValueError) as error:
        raise RuntimeError("invalid argument") from error


ErrorsWithoutNames = mutant(
    "errors-without-names",
    "A bad argument is refused with an error that does not say which it is.",
    ALL,
    dtypes=ONE,
    construct=unnamed,
)


def unchecked(layer, shape):
    try:
        build(layer, shape)
    except ValueError as error:
        raise IndexError("tuple index out of range") from error


IndexErrorForAnAxis = mutant(
    "index-error-for-an-axis",
    "An axis beyond the rank ends in an IndexError.",
    WITH_AXIS,
    dtypes=ONE,
    stands_for="Keras 3: LayerNormalization(axis=9)",
    build=unchecked,
)
