"""Mutants whose weights are applied, listed, counted, started or trained in a wrong way."""

from __future__ import annotations

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.interface import Weight
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.reference.layer import (
    backward,
    build,
    initial_value,
    make,
    scale_of,
    weight_of,
)
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
    OPTIONED,
    RMS,
    STATISTICAL,
    altered,
    mutant,
)


def applied(formula):
    """The change that combines z, gamma and beta by `formula`; an absent weight is 1 or 0."""

    def affine(layer, z):
        gamma, beta = weight_of(layer, scale_of(layer)), weight_of(layer, "beta")
        one, zero = z.dtype.type(1), z.dtype.type(0)
        return formula(z, one if gamma is None else gamma, zero if beta is None else beta)

    return affine


BetaBeforeGamma = mutant(
    "beta-before-gamma", "Beta is added before gamma multiplies.", CENTRED, affine=applied(lambda z, g, b: (z + b) * g)
)
GammaPlusOne = mutant(
    "gamma-plus-one",
    "One more than gamma multiplies.",
    STATISTICAL,
    stands_for="layers ported from Gemma, whose RMS normalization stores gamma - 1",
    affine=applied(lambda z, g, b: z * (1 + g) + b),
)
WeightsSwapped = mutant(
    "weights-swapped", "Gamma is added and beta multiplies.", CENTRED, affine=applied(lambda z, g, b: z * b + g)
)
GammaUnused = mutant(
    "gamma-unused", "Gamma is there and does not multiply.", STATISTICAL, affine=applied(lambda z, g, b: z + b)
)
BetaUnused = mutant("beta-unused", "Beta is there and is not added.", CENTRED, affine=applied(lambda z, g, b: z * g))
BetaSubtracted = mutant("beta-subtracted", "Beta is subtracted.", CENTRED, affine=applied(lambda z, g, b: z * g - b))


def along_the_last_axes(layer, z):
    """z, gamma and beta with the weights' values laid along the last axes, repeated or cut off to fit."""

    def laid(values):
        return None if values is None else np.resize(values.ravel(), z.shape[z.ndim - len(layer.axes) :])

    gamma, beta = laid(weight_of(layer, scale_of(layer))), laid(weight_of(layer, "beta"))
    output = z if gamma is None else z * gamma
    return output if beta is None else output + beta


WeightsMisplaced = mutant(
    "weights-misplaced",
    "Gamma and beta are laid along the last axes, whichever are normalized.",
    STATISTICAL,
    affine=along_the_last_axes,
)


def laid_last(layer, values):
    return np.resize(values.ravel(), layer.shape[len(layer.shape) - max(values.ndim, 1) :])


StatisticsMisplaced = mutant(
    "statistics-misplaced",
    "Mean and variance are laid along the last axes, whichever are kept.",
    [FEATURE],
    broadcast=laid_last,
)


def shaped(shape_of):
    """The change that builds the trainable weights in another shape."""

    def faulty(layer, shape):
        build(layer, shape)
        for name in ("gamma", "beta", "scale"):
            if name in layer.weights:
                layer.weights[name] = filled(layer, name, tuple(shape_of(layer, layer.weights[name].shape)))

    return faulty


def filled(layer, name, shape):
    return encode(np.full(shape, layer.initial[name], layer.working), layer.dtype)


WeightsOverChannelsOnly = mutant(
    "weights-over-channels-only",
    "Gamma and beta have the length of the last normalized axis alone.",
    (LAYER, RMS),
    stands_for="layer normalization taken for group normalization with one group",
    build=shaped(lambda layer, shape: shape[-1:]),
)
WeightsOverAllAxes = mutant(
    "weights-over-all-axes",
    "Gamma and beta span all axes but the batch's.",
    [GROUP],
    build=shaped(lambda layer, shape: layer.shape[1:]),
)
WeightsPerGroup = mutant(
    "weights-per-group",
    "There is one gamma and one beta for each group.",
    [GROUP],
    build=shaped(lambda layer, shape: (layer.groups,)),
)
WeightsWithALeadingOne = mutant(
    "weights-with-a-leading-one",
    "Gamma and beta have the right count, in a shape with a one before it.",
    STATISTICAL,
    build=shaped(lambda layer, shape: (1, *shape)),
)


def in_named_order(order):
    """The change that builds weights in the order in which `order` puts the axes as they were given."""

    def faulty(layer, shape):
        named = tuple(axis % len(shape) for axis in order(layer.axes))
        build(layer, shape)
        for name in layer.initial:
            layer.weights[name] = filled(layer, name, tuple(shape[axis] for axis in named))

    return faulty


WeightsInNamedOrder = mutant(
    "weights-in-named-order",
    "Gamma and beta have the lengths of the axes in the order in which these are named.",
    (LAYER, RMS, FEATURE),
    dtypes=ONE,
    stands_for="Keras before 3.14: LayerNormalization(axis=[2, 1]) has a gamma of shape (4, 3)",
    build=in_named_order(lambda axes: axes),
)
AxesSortedBeforeWrapped = mutant(
    "axes-sorted-before-wrapped",
    "Axes are sorted while negative ones are still negative.",
    (LAYER, RMS, FEATURE),
    dtypes=ONE,
    build=in_named_order(sorted),
)


def with_initial(change):
    """The change that gives a layer other initial values."""

    def faulty(a):
        layer = make(a)
        layer.initial = change(a, dict(layer.initial))
        return layer

    return faulty


def always(**values):
    return with_initial(lambda a, initial: {name: values.get(name, value) for name, value in initial.items()})


GammaZeros = mutant("gamma-zeros", "Gamma begins as zeros.", CENTRED, make=always(gamma=0.0))
ScaleZeros = mutant("scale-zeros", "The scale begins as zeros.", [RMS], make=always(scale=0.0))
BetaOnes = mutant("beta-ones", "Beta begins as ones.", CENTRED, make=always(beta=1.0))
MovingVarianceZeros = mutant(
    "moving-variance-zeros", "The moving variance begins as zeros.", MOVING, make=always(moving_variance=0.0)
)
InitialVarianceZero = mutant(
    "initial-variance-zero", "Before adapt() the variance is zero.", [FEATURE], make=always(variance=0.0)
)


def ignored(a, initial):
    return {name: {"gamma": 1.0, "moving_variance": 1.0}.get(name, 0.0) for name in initial}


def exchanged_initializers(a, initial):
    other = {"gamma": a.beta_initializer, "beta": a.gamma_initializer}
    given = "gamma_initializer" in a.given or "beta_initializer" in a.given
    return {name: initial_value(name, other[name]) if given and name in other else v for name, v in initial.items()}


InitializerIgnored = mutant(
    "initializer-ignored",
    "Gamma begins as ones and beta as zeros, always.",
    OPTIONED,
    dtypes=ONE,
    make=with_initial(ignored),
)
InitializersSwapped = mutant(
    "initializers-swapped",
    "Gamma gets beta's initializer, and beta gamma's.",
    OPTIONED,
    dtypes=ONE,
    make=with_initial(exchanged_initializers),
)


def superfluous(a, initial):
    return initial | {"beta": 0.0}


def center_ignored(a, initial):
    a.read.add("center")
    missing = "beta" not in initial
    rest = {name: value for name, value in initial.items() if name.startswith("moving")}
    own = {name: value for name, value in initial.items() if name not in rest}
    return own | {"beta": 0.0} | rest if missing else initial


def scale_ignored(a, initial):
    return initial if "gamma" in initial else {"gamma": 1.0} | initial


def switches_swapped(a, initial):
    names = [name for name, there in (("gamma", a.center), ("beta", a.scale)) if there]
    rest = {name: value for name, value in initial.items() if name.startswith("moving")}
    return {name: {"gamma": 1.0, "beta": 0.0}[name] for name in names} | rest if a.center != a.scale else initial


def none_at_all(a, initial):
    keep = a.center and a.scale
    return {name: value for name, value in initial.items() if keep or name.startswith("moving")}


SuperfluousBeta = mutant(
    "superfluous-beta", "RMS normalization has a beta.", [RMS], dtypes=ONE, make=with_initial(superfluous)
)
CenterIgnored = mutant(
    "center-ignored", "There is always a beta.", CENTRED, dtypes=ONE, make=with_initial(center_ignored)
)
ScaleIgnored = mutant(
    "scale-ignored", "There is always a gamma.", CENTRED, dtypes=ONE, make=with_initial(scale_ignored)
)
SwitchesSwapped = mutant(
    "switches-swapped",
    "`center` decides on gamma, and `scale` on beta.",
    CENTRED,
    dtypes=ONE,
    make=with_initial(switches_swapped),
)
SwitchesTiedTogether = mutant(
    "switches-tied-together",
    "Without `scale` or without `center` there is neither gamma nor beta.",
    CENTRED,
    dtypes=ONE,
    stands_for="torch's elementwise_affine, which is both",
    make=with_initial(none_at_all),
)


def listed(change):
    """The change that lists the weights otherwise."""
    return lambda self, layer: change(list(ReferenceAdapter.weights(self, layer)))


def named(weights, **names):
    return [Weight(names.get(one.name, one.name), one.trainable, one.value) for one in weights]


BetaListedFirst = mutant(
    "beta-listed-first",
    "The weights are listed in the order of their names.",
    CENTRED,
    weights=listed(lambda weights: sorted(weights, key=lambda one: one.name)),
)
WeightRenamed = mutant(
    "weight-renamed",
    "Gamma is called weight.",
    STATISTICAL,
    stands_for="a checkpoint of one framework opened by another",
    weights=listed(lambda weights: named(weights, gamma="weight", scale="weight")),
)


def frozen_gamma(layer, name):
    return layer.trainable and name == "beta"


def without_gamma(layer, seen, upstream):
    found = backward(layer, seen, upstream)
    return {name: value for name, value in found.items() if name not in ("gamma", "scale")}


GammaNotTrainable = mutant(
    "gamma-not-trainable",
    "Gamma is listed as not trainable and gets no gradient.",
    STATISTICAL,
    _is_trainable=frozen_gamma,
    backward=without_gamma,
)
MovingStatisticsTrainable = mutant(
    "moving-statistics-trainable",
    "The moving statistics are listed as trainable.",
    MOVING,
    _is_trainable=lambda layer, name: layer.trainable,
)


def counted_twice(self, layer):
    trainable, rest = ReferenceAdapter.parameters(self, layer)
    first = next((value.size for value in layer.weights.values()), 0)
    return trainable + first, rest


def all_trainable(self, layer):
    return sum(ReferenceAdapter.parameters(self, layer)), 0


ParametersMiscounted = mutant(
    "parameters-miscounted", "The first weight is counted twice.", ALL, parameters=counted_twice
)
StatisticsCountedAsTrainable = mutant(
    "statistics-counted-as-trainable",
    "All parameters are counted as trainable.",
    (BATCH, FEATURE),
    parameters=all_trainable,
)
CountLeftOut = mutant(
    "count-left-out",
    "The statistics are 2 n parameters: there is no count.",
    [FEATURE],
    stands_for="what document 003 says of releases from 2.10 on",
    weights=listed(lambda weights: [one for one in weights if one.name != "count"]),
    parameters=lambda self, layer: (0, max(ReferenceAdapter.parameters(self, layer)[1] - 1, 0)),
)
WeightsInSinglePrecision = mutant(
    "weights-in-single-precision",
    "The weights are held in float32, whatever the layer's dtype.",
    STATISTICAL,
    dtypes=("float16", "bfloat16", "float64"),
    weights=listed(lambda weights: [Weight(w.name, w.trainable, encode(decode(w.value), "float32")) for w in weights]),
)
TrainableIgnored = mutant(
    "trainable-ignored",
    "A layer that is not to be trained is trained.",
    OPTIONED,
    dtypes=ONE,
    make=lambda a: (bool(a.trainable), altered(make, trainable=True)(a))[1],
)


def name_refused(self, layer, arguments, shape, dtype):
    if "name" in arguments:
        raise TypeError("unexpected keyword argument: name")
    return ReferenceAdapter.construct(self, layer, arguments, shape, dtype)


NameRefused = mutant(
    "name-refused", "An argument `name` is not known.", (*OPTIONED, FEATURE), dtypes=ONE, construct=name_refused
)


def from_the_end(self, layer, values):
    turned = {
        name: encode(decode(value)[..., ::-1], value.dtype) if value.shape else value for name, value in values.items()
    }
    ReferenceAdapter.assign(self, layer, turned)


WeightsAssignedBackwards = mutant(
    "weights-assigned-backwards",
    "Assigned values are laid along their axis from its end.",
    (*STATISTICAL, FILTER),
    assign=from_the_end,
)


def drifting(self, layer, x, training):
    """The call, after which gamma is a last bit larger."""
    output = ReferenceAdapter.call(self, layer, x, training)
    name = scale_of(layer)
    if name in layer.weights:
        held = decode(layer.weights[name])
        layer.weights[name] = encode(held + held.dtype.type(2.0**-6) * np.abs(held), layer.weights[name].dtype)
    return output


GammaDrifts = mutant(
    "gamma-drifts",
    "Every call leaves gamma a little larger than it found it.",
    (*STATISTICAL, FILTER),
    stands_for="Keras' SpectralNormalization, which assigns the kernel in every call in training",
    call=drifting,
)
