"""Mutants whose mean or variance is wrong: what they sum over, how many they divide by, which axes they reduce."""

from __future__ import annotations

import numpy as np

from normcheck.adapters.reference.layer import features, fold, make, others, statistics
from normcheck.adapters.reference.textbook import mean_square, moments
from normcheck.tests.mutants.mutant import (
    ALL,
    BATCH,
    CENTRED,
    FEATURE,
    GROUP,
    INSTANCE,
    LAYER,
    NARROW,
    ONE,
    RMS,
    STATISTICAL,
    altered,
    averaging,
    mutant,
)


def count(x, axes):
    return int(np.prod([x.shape[axis] for axis in axes]))


def corrected(x, axes):
    mean, variance = moments(x, axes)
    n = count(x, axes)
    return mean, variance * x.dtype.type(n / max(n - 1, 1))


def squares_over_less(x, axes):
    n = count(x, axes)
    return mean_square(x, axes) * x.dtype.type(n / max(n - 1, 1))


MEASURED = (
    "Measured on outliers and on means of 100: what the pass loses is below half a unit at 16 bits, the rounding that "
    "the bound grants."
)
ADAPTED = (f"{FEATURE} float16", f"{FEATURE} bfloat16")
NMinusOne = mutant(
    "n-minus-one",
    "The sum of squares is divided by n - 1.",
    ALL,
    stands_for="torch.var's default, unbiased, in a layer written by hand",
    moments=corrected,
    mean_square=squares_over_less,
)


def one_pass(x, axes):
    mean = x.mean(axis=axes, keepdims=True)
    return mean, np.square(x).mean(axis=axes, keepdims=True) - np.square(mean)


def clamped(x, axes):
    mean, variance = one_pass(x, axes)
    return mean, np.maximum(variance, 0)


def shifted(x, axes):
    first = x[tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(x.ndim))]
    mean, variance = clamped(x - first, axes)
    return mean + first, variance


OnePassVariance = mutant(
    "one-pass-variance",
    "The variance is E[x^2] - E[x]^2, cut off at zero.",
    (*CENTRED, FEATURE),
    equivalent=dict.fromkeys(ADAPTED, MEASURED),
    stands_for="Flax and jax.nn.standardize with fast variance at a large mean; fused batch normalization under XLA",
    moments=clamped,
)
NegativeVariance = mutant(
    "negative-variance",
    "The variance is E[x^2] - E[x]^2, which may be negative.",
    (*CENTRED, FEATURE),
    equivalent=dict.fromkeys(ADAPTED, MEASURED),
    stands_for="fused_batch_norm under XLA (batch variance -32 at mean 1e4); ONNX Runtime GroupNormalization (NaN)",
    moments=one_pass,
)
ShiftedOnePass = mutant(
    "shifted-one-pass",
    "The variance is taken in one pass about the first element.",
    (*CENTRED, FEATURE),
    equivalent=dict.fromkeys(
        [f"{layer} {dtype}" for layer in (LAYER, INSTANCE) for dtype in NARROW] + [f"{GROUP} bfloat16", *ADAPTED],
        MEASURED,
    ),
    moments=shifted,
)
MeanNotSubtracted = mutant(
    "mean-not-subtracted",
    "The input is scaled and its mean stays.",
    CENTRED,
    standardized=lambda x, mean, r: x * r,
)
MeanSubtracted = mutant(
    "mean-subtracted",
    "The mean is subtracted before the scaling, as layer normalization does.",
    [RMS],
    statistics=lambda layer, x, axes, training: (x.mean(axis=axes, keepdims=True), mean_square(x, axes), axes),
)
VarianceForMeanSquare = mutant(
    "variance-for-mean-square",
    "The input is divided by its deviation in place of its root mean square.",
    [RMS],
    mean_square=lambda x, axes: moments(x, axes)[1],
)
MeanAbsoluteDeviation = mutant(
    "mean-absolute-deviation",
    "The spread is the mean distance from the mean.",
    CENTRED,
    moments=lambda x, axes: (
        mean := x.mean(axis=axes, keepdims=True),
        np.square(np.abs(x - mean).mean(axis=axes, keepdims=True)),
    ),
)


def of_the_batch(layer, x, axes, training):
    return statistics(layer, x, tuple(sorted({0, *axes})), training)


def features_of_the_batch(layer, x):
    layer.given = tuple(one.ravel() for one in moments(x, others(layer)))
    return features(layer, x)


BatchStatistics = mutant(
    "batch-statistics",
    "The statistics are taken over the batch too.",
    (LAYER, RMS, GROUP, FEATURE),
    stands_for="what document 000 says of layer normalization",
    statistics=of_the_batch,
    features=features_of_the_batch,
)


def of_the_neighbour(layer, x, axes, training):
    mean, variance, axes = statistics(layer, x, axes, training)
    return (np.roll(mean, 1, 0) if mean.ndim else mean), np.roll(variance, 1, 0), axes


MixedUpExamples = mutant(
    "mixed-up-examples",
    "Each example is normalized by the statistics of the one before it.",
    (LAYER, RMS, GROUP, INSTANCE),
    statistics=of_the_neighbour,
)


def of_the_first(layer, x, axes, training):
    mean, variance, axes = statistics(layer, x, axes, training)
    return (mean[:1] if mean.ndim else mean), variance[:1], axes


RightAtBatchOneOnly = mutant(
    "right-at-batch-one-only",
    "Every example is normalized by the statistics of the first.",
    (LAYER, RMS, GROUP),
    statistics=of_the_first,
)
LastAxisOnly = mutant(
    "last-axis-only",
    "Whatever axis is asked for, the last one is taken.",
    ALL,
    stands_for="BatchNormalization(axis=1) loaded from a legacy .h5 file by Keras 3.0 to 3.8",
    make=altered(make, axes=(-1,)),
)
StatisticsOverTheLastAxis = mutant(
    "statistics-over-the-last-axis",
    "Of several axes only the last is reduced.",
    (LAYER, RMS),
    fold=lambda layer, x: (x, (x.ndim - 1,)),
)
AllAxes = mutant(
    "all-axes",
    "One mean and one variance for the whole input.",
    STATISTICAL,
    fold=lambda layer, x: (fold(layer, x)[0], tuple(range(fold(layer, x)[0].ndim))),
    move_statistics=lambda layer, seen: None,
)


def second_axis(a):
    return altered(make, axes=(1,))(a) if "axis" not in a.given else make(a)


DefaultAxis = mutant(
    "default-axis",
    "Without an axis the second one is taken, as PyTorch does.",
    (LAYER, RMS, BATCH, GROUP, FEATURE),
    dtypes=ONE,
    make=second_axis,
)


def blocks(x):
    """The first element of every block of 256 but the first is left out."""
    return (x.sum(-1) - x[..., 256::256].sum(-1)) / x.dtype.type(x.shape[-1])


def first(limit):
    return lambda x: x[..., :limit].mean(-1)


def without_tail(lanes):
    def mean(x):
        n = x.shape[-1]
        kept = n - n % lanes if n >= lanes else n
        return x[..., :kept].sum(-1) / x.dtype.type(n)

    return mean


BlockBoundaries = mutant(
    "block-boundaries",
    "A reduction in blocks of 256 leaves out where blocks meet.",
    STATISTICAL,
    **averaging(blocks),
)
First128Only = mutant(
    "first-128-only", "Statistics are those of the first 128 elements.", STATISTICAL, **averaging(first(128))
)
First1024Only = mutant(
    "first-1024-only",
    "Statistics are those of the first 1024 elements, a GPU's block of threads.",
    STATISTICAL,
    **averaging(first(1024)),
)
CountIn16Bit = mutant(
    "count-in-16-bit",
    "The elements are counted in 16 bits, and 65536 of them are none.",
    STATISTICAL,
    dtypes=["float32"],
    **averaging(lambda x: x.sum(-1) / x.dtype.type(x.shape[-1] % 65536)),
)
VectorTailOf4 = mutant(
    "vector-tail-of-4", "The last n mod 4 elements are not summed.", STATISTICAL, **averaging(without_tail(4))
)
VectorTail = mutant(
    "vector-tail", "The last n mod 8 elements are not summed.", STATISTICAL, **averaging(without_tail(8))
)
VectorTailOf16 = mutant(
    "vector-tail-of-16", "The last n mod 16 elements are not summed.", STATISTICAL, **averaging(without_tail(16))
)
VectorTailOf32 = mutant(
    "vector-tail-of-32", "The last n mod 32 elements are not summed.", STATISTICAL, **averaging(without_tail(32))
)


def scaled_up(x, axes):
    return np.square(64 * x).mean(axis=axes, keepdims=True) / x.dtype.type(4096)


OverflowOfSquares = mutant(
    "overflow-of-squares",
    "The input is scaled up by 64 before it is squared, and its squares overflow.",
    STATISTICAL,
    dtypes=("float32", "float64", "bfloat16"),
    moments=lambda x, axes: (mean := x.mean(axis=axes, keepdims=True), scaled_up(x - mean, axes)),
    mean_square=scaled_up,
)
