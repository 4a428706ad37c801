"""Mutants of filter response normalization: wrong means, epsilons, thresholds and gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcheck.adapters.arguments import KerasArguments
from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference import adapter, textbook
from normcheck.adapters.reference.filter_response import (
    LEARNED,
    POSITIONS,
    SHARED,
    build_filter,
    epsilon_gradient,
    filter_backward,
    filter_forward,
    filtered,
    held,
    limited_from_below,
    make_filter,
    whole_epsilon,
)
from normcheck.tests.mutants.mutant import FILTER, mutant, refusing_none, rounded


def by_squares(change):
    """The change that has another mean of the squares; `change` takes the input and gives what epsilon is added to."""

    def faulty(layer, x):
        r = 1 / np.sqrt(change(x) + whole_epsilon(layer))
        return (x * r).astype(x.dtype), r.astype(x.dtype)

    return faulty


def over(*axes):
    return by_squares(lambda x: np.square(x).mean(axis=axes, keepdims=True))


def centred(layer, x):
    return filtered(layer, x - x.mean(axis=POSITIONS, keepdims=True))


MeanSubtracted = mutant(
    "filter-mean-subtracted",
    "The mean is subtracted before the squares are taken.",
    [FILTER],
    stands_for="instance normalization",
    filtered=centred,
)
SquaresSummed = mutant(
    "filter-squares-summed",
    "The sum of the squares stands where their mean is meant.",
    [FILTER],
    filtered=by_squares(lambda x: np.square(x).sum(axis=POSITIONS, keepdims=True)),
)
OverOneAxis = mutant("filter-over-one-axis", "The mean is taken along the height alone.", [FILTER], filtered=over(1))
OverTheChannels = mutant(
    "filter-over-the-channels",
    "The mean is taken over positions and channels.",
    [FILTER],
    stands_for="group normalization with one group",
    filtered=over(1, 2, 3),
)
OverTheExamples = mutant(
    "filter-over-the-examples",
    "The mean is taken over examples and positions.",
    [FILTER],
    stands_for="batch normalization",
    filtered=over(0, 1, 2),
)


def rooted_beside(layer, x):
    r = 1 / (np.sqrt(textbook.mean_square(x, POSITIONS)) + whole_epsilon(layer))
    return x * r, r


EpsilonOutsideRoot = mutant(
    "filter-epsilon-outside-root", "Epsilon is added to the root.", [FILTER], filtered=rooted_beside
)
EpsilonIgnored = mutant(
    "filter-epsilon-ignored",
    "There is no epsilon.",
    [FILTER],
    whole_epsilon=lambda layer: whole_epsilon(layer) * 0,
)
EpsilonTwice = mutant(
    "filter-epsilon-twice",
    "Epsilon is added twice.",
    [FILTER],
    whole_epsilon=lambda layer: whole_epsilon(layer) * 2,
)
LearnedIgnored = mutant(
    "learned-epsilon-ignored",
    "The learned epsilon is not added.",
    [FILTER],
    dtypes=["float32"],
    whole_epsilon=lambda layer: np.asarray(layer.epsilon, layer.working),
)


def signed(layer):
    learned = held(layer, "learned_epsilon") if "learned_epsilon" in layer.weights else 0
    return np.asarray(layer.epsilon + learned, layer.working)


LearnedSigned = mutant(
    "learned-epsilon-signed",
    "The learned epsilon is added with its sign.",
    [FILTER],
    dtypes=["float32"],
    whole_epsilon=signed,
)


def unsigned_gradient(layer, seen, a):
    sign = np.sign(held(layer, "learned_epsilon")) if "learned_epsilon" in layer.weights else 1
    return epsilon_gradient(layer, seen, a) * sign


LearnedGradientUnsigned = mutant(
    "learned-epsilon-gradient-unsigned",
    "The gradient of the learned epsilon has not its sign.",
    [FILTER],
    dtypes=["float32"],
    epsilon_gradient=unsigned_gradient,
)
LearnedGradientOfOneExample = mutant(
    "learned-epsilon-gradient-of-one-example",
    "The gradient of the learned epsilon is divided by the number of examples.",
    [FILTER],
    dtypes=["float32"],
    stands_for="a mean over the batch in place of a sum",
    epsilon_gradient=lambda layer, seen, a: (epsilon_gradient(layer, seen, a) / max(len(a), 1)).astype(a.dtype),
)


def begun_elsewhere(layer, shape):
    build_filter(layer, shape)
    if "learned_epsilon" in layer.weights:
        layer.weights["learned_epsilon"] = encode(np.full(1, LEARNED * 10), layer.stored)


LearnedBeginsElsewhere = mutant(
    "learned-epsilon-begins-elsewhere",
    "The learned epsilon begins as 1e-3.",
    [FILTER],
    dtypes=["float32"],
    build_filter=begun_elsewhere,
)


def flat(layer, shape):
    build_filter(layer, shape)
    for name in ("gamma", "beta"):
        layer.weights[name] = encode(decode(layer.weights[name]).reshape(-1), layer.stored)


WeightsFlat = mutant(
    "filter-weights-flat",
    "Gamma and beta have one axis.",
    [FILTER],
    dtypes=["float32"],
    build_filter=flat,
)
ThresholdIgnored = mutant(
    "threshold-ignored", "There is no threshold.", [FILTER], dtypes=["float32"], limited_from_below=lambda layer, t: t
)
ThresholdAtZero = mutant(
    "threshold-at-zero",
    "The threshold is zero.",
    [FILTER],
    dtypes=["float32"],
    stands_for="a rectified linear unit in place of the thresholded one",
    limited_from_below=lambda layer, t: np.maximum(t, 0) if "tau" in layer.weights else t,
)
ThresholdLetsGradientsThrough = mutant(
    "threshold-lets-gradients-through",
    "What is below the threshold has a gradient as if it were above.",
    [FILTER],
    dtypes=["float32"],
    passing=lambda layer, t: np.ones_like(t),
)


def without_tau(layer, seen, upstream):
    found = filter_backward(layer, seen, upstream)
    return found | ({"tau": found["tau"] * 0} if "tau" in found else {})


ThresholdWithoutGradient = mutant(
    "threshold-without-gradient",
    "The gradient of the threshold is zero.",
    [FILTER],
    dtypes=["float32"],
    filter_backward=without_tau,
)


def constant(layer, seen, upstream):
    h = decode(upstream).astype(layer.working) * seen.moments[1]
    return filter_backward(layer, seen, upstream) | {"input": h * held(layer, "gamma") * seen.r}


HeldConstant = mutant(
    "filter-held-constant",
    "The mean of the squares is held constant.",
    [FILTER],
    stands_for="a mean computed under stop_gradient",
    filter_backward=constant,
)
SquaresIn16Bit = mutant(
    "filter-squares-in-16-bit",
    "The mean of the squares is rounded to the 16 bits of the layer's dtype.",
    [FILTER],
    dtypes=("float16", "bfloat16"),
    stands_for="tfa.layers.FilterResponseNormalization",
    filtered=lambda layer, x: by_squares(
        lambda values: rounded(np.square(values).mean(axis=POSITIONS, keepdims=True), layer.dtype)
    )(layer, x),
)
NanLaundered = mutant(
    "filter-nan-laundered",
    "NaN counts as zero.",
    [FILTER],
    dtypes=["float32"],
    filter_forward=lambda layer, array: filter_forward(layer, encode(np.nan_to_num(decode(array)), array.dtype)),
)


NoImagesRefused = mutant(
    "no-images-refused",
    "A batch without examples is refused.",
    [FILTER],
    dtypes=["float32"],
    filter_forward=refusing_none(filter_forward),
)


def of_the_first(layer, array):
    shape = decode(array).shape
    layer.options.setdefault("positions", shape[1:3])
    if layer.options["positions"] != shape[1:3]:
        raise ValueError(f"the positions were {layer.options['positions']}, they are {shape[1:3]}")
    return filter_forward(layer, array)


def of_as_many_channels(layer, array):
    x = decode(array)
    if x.ndim == 4 and x.shape[3] > layer.shape[3]:
        array = encode(x[..., : layer.shape[3]].copy(), array.dtype)
    return filter_forward(layer, array)


ChannelsCutOff = mutant(
    "filter-channels-cut-off",
    "Channels beyond those that the layer was built for are cut off.",
    [FILTER],
    dtypes=["float32"],
    filter_forward=of_as_many_channels,
)
SizeOfTheFirst = mutant(
    "filter-size-of-the-first",
    "Images of another size than the first are refused.",
    [FILTER],
    dtypes=["float32"],
    stands_for="tfa.layers.FilterResponseNormalization",
    filter_forward=of_the_first,
)


def gradient_of_examples(layer, seen, upstream):
    found = filter_backward(layer, seen, upstream)
    count = max(np.prod([seen.output.shape[axis] for axis in SHARED]), 1)
    return found | {name: (found[name] / count).astype(layer.working) for name in ("gamma", "beta") if name in found}


ParametersAveraged = mutant(
    "filter-parameters-averaged",
    "The gradients of gamma and beta are means over what they are sums of.",
    [FILTER],
    filter_backward=gradient_of_examples,
)


def unconstrained(layer, shape):
    build_filter(layer, shape)
    layer.constraints.pop("learned_epsilon", None)


ConstraintOfLearnedIgnored = mutant(
    "constraint-of-learned-ignored",
    "The constraint of the learned epsilon is not applied.",
    [FILTER],
    dtypes=["float32"],
    build_filter=unconstrained,
)


def as_by_default(layer, shape):
    layer.initial |= {"gamma": 1.0, "beta": 0.0}
    build_filter(layer, shape)


InitializersIgnored = mutant(
    "filter-initializers-ignored",
    "Gamma begins as ones and beta as zeros, always.",
    [FILTER],
    dtypes=["float32"],
    build_filter=as_by_default,
)


def always_trained(layer, shape):
    layer.trainable = True
    build_filter(layer, shape)


TrainableIgnored = mutant(
    "filter-trainable-ignored",
    "The layer is always trainable.",
    [FILTER],
    dtypes=["float32"],
    build_filter=always_trained,
)


def limited_before_beta(layer, t):
    if "tau" not in layer.weights:
        return t
    beta = held(layer, "beta")
    return limited_from_below(layer, t - beta) + beta


ThresholdBeforeBeta = mutant(
    "threshold-before-beta",
    "The threshold is applied before beta is added.",
    [FILTER],
    dtypes=["float32"],
    limited_from_below=limited_before_beta,
)


def with_any_axis(a):
    given = {name: value for name, value in a.given.items() if name != "axis"}
    a.read.add("axis")
    return make_filter(KerasArguments(a.layer, given, a.shape, a.dtype))


AnyAxisTaken = mutant(
    "filter-any-axis-taken",
    "Whatever axis is given, the positions are meant.",
    [FILTER],
    dtypes=["float32"],
    MAKERS={**adapter.MAKERS, FILTER: with_any_axis},
)


def of_any_channels(layer, array):
    channels = np.shape(decode(array))[-1]
    return filter_forward(replace(layer, shape=(*layer.shape[:-1], channels)), array)


OneChannelForMany = mutant(
    "filter-one-channel-for-many",
    "The channels of the input are not counted, and one is taken for as many as there are weights.",
    [FILTER],
    dtypes=["float32"],
    stands_for="tfa.layers.FilterResponseNormalization",
    filter_forward=of_any_channels,
)
