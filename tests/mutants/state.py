"""Mutants that keep what they should not, or do not keep what they should: moving and adapted statistics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.reference.layer import (
    adapt,
    build,
    features,
    forward,
    given_moments,
    in_training,
    make,
    move_statistics,
    others,
    statistics,
)
from normcheck.adapters.reference.textbook import moments
from normcheck.tests.mutants.mutant import (
    BATCH,
    FEATURE,
    GROUP,
    INSTANCE,
    LAYER,
    MOVING,
    ONE,
    RMS,
    altered,
    mutant,
    rounded,
)

STORED = {}


def forgetful(layer, shape):
    """Builds a layer for which nothing has been stored yet."""
    build(layer, shape)
    STORED.pop(id(layer), None)


BatchStatisticsInInference = mutant(
    "batch-statistics-in-inference",
    "In inference the statistics of the batch are used.",
    [BATCH],
    statistics=lambda layer, x, axes, training: (*statistics(layer, x, axes, True)[:2], axes if training else ()),
)
MovingStatisticsInTraining = mutant(
    "moving-statistics-in-training",
    "In training the moving statistics are used.",
    MOVING,
    statistics=lambda layer, x, axes, training: (*given_moments(layer), axes),
)


def batch_moments(layer, seen, array):
    x = decode(array).astype(layer.working)
    return replace(seen, moments=moments(x, others(layer)))


def moved_always(layer, array, training):
    seen = forward(layer, array, training)
    if "moving_mean" in layer.weights and not seen.axes and seen.output.size:
        move_statistics(layer, batch_moments(layer, seen, array))
    return seen


def twice(layer, seen):
    move_statistics(layer, seen)
    move_statistics(layer, seen)


AveragesNotKept = mutant(
    "averages-not-kept", "Training leaves the moving statistics alone.", MOVING, move_statistics=lambda layer, seen: 0
)
AveragesMovedInInference = mutant(
    "averages-moved-in-inference", "Inference moves the averages too.", MOVING, forward=moved_always
)
AveragesMovedTwice = mutant("averages-moved-twice", "Each batch enters twice.", MOVING, move_statistics=twice)
AveragesReplaced = mutant(
    "averages-replaced",
    "The latest batch's statistics take the place of the average.",
    MOVING,
    make=altered(make, momentum=0.0),
)
MomentumInverted = mutant(
    "momentum-inverted",
    "Momentum weights the new value.",
    MOVING,
    stands_for="a momentum carried over between Keras and PyTorch",
    make=altered(make, momentum=lambda layer: 1 - layer.momentum),
)
MomentumIgnored = mutant("momentum-ignored", "Momentum is 0.99, always.", MOVING, make=altered(make, momentum=0.99))


def other_momentum(a):
    return make(a) if "momentum" in a.given else altered(make, momentum=0.9)(a)


DefaultMomentum = mutant("default-momentum", "Without a momentum PyTorch's is taken.", MOVING, make=other_momentum)


def with_variance(change):
    def faulty(layer, seen):
        mean, variance = seen.moments
        n = seen.output.size // max(variance.size, 1)
        move_statistics(layer, replace(seen, moments=(mean, change(variance, variance.dtype.type(n)))))

    return faulty


UnbiasedMovingVariance = mutant(
    "unbiased-moving-variance",
    "The variance that enters the average divides by n - 1, PyTorch's convention in Keras' dialect.",
    MOVING,
    stands_for="tf_keras, whose fused batch normalization of images is unbiased where the rest is biased",
    move_statistics=with_variance(lambda v, n: v * (n / max(n - 1, 1))),
)
DeviationAveraged = mutant(
    "deviation-averaged",
    "The deviation is averaged in place of the variance.",
    MOVING,
    move_statistics=with_variance(lambda v, n: np.sqrt(v)),
)
MeanNotMoved = mutant(
    "mean-not-moved",
    "The moving variance is moved and the moving mean is not.",
    MOVING,
    move_statistics=lambda layer, seen: _variance_alone(layer, seen),
)


def _variance_alone(layer, seen):
    kept = layer.weights["moving_mean"]
    move_statistics(layer, seen)
    layer.weights["moving_mean"] = kept


def sized_as_built(layer, x, axes, training):
    mean, variance, axes = statistics(layer, x, axes, training)
    built = np.prod([layer.shape[axis] for axis in axes])
    n = np.prod([x.shape[axis] for axis in axes])
    return mean, variance * x.dtype.type(n / max(built, 1)), axes


SizeOfFirstBatch = mutant(
    "size-of-first-batch",
    "Sums are divided by the number of elements that the layer was built for.",
    MOVING,
    statistics=sized_as_built,
)
FrozenLayerTrains = mutant(
    "frozen-layer-trains",
    "A layer that is not trainable uses the batch in training, and moves its averages.",
    [BATCH],
    dtypes=ONE,
    stands_for="Keras before 2.2, where trainable = False did not mean inference",
    in_training=lambda layer, training: bool(training),
)
SilenceTakenAsTraining = mutant(
    "silence-taken-as-training",
    "A call that does not say whether it trains does.",
    MOVING,
    dtypes=["float32"],
    in_training=lambda layer, training: in_training(layer, training is not False),
)


def first_kept(layer):
    if layer.given:
        return given_moments(layer)
    return STORED.setdefault(id(layer), given_moments(layer))


def as_last_time(layer, training):
    mode = STORED.get(id(layer), False) if training is None else training
    STORED[id(layer)] = mode
    return in_training(layer, mode)


ModeKeptFromTheLastCall = mutant(
    "mode-kept-from-the-last-call",
    "A call that does not say whether it trains does what the one before it did.",
    MOVING,
    dtypes=ONE,
    build=forgetful,
    in_training=as_last_time,
)
StaleStatistics = mutant(
    "stale-statistics",
    "The statistics of the first call in inference serve all later ones.",
    MOVING,
    stands_for="graphs in which the folded scale and shift of inference are not computed again",
    build=forgetful,
    given_moments=first_kept,
)


def built_and_read(layer, shape):
    build(layer, shape)
    if not layer.given:
        STORED[id(layer)] = given_moments(layer)


StatisticsBakedIn = mutant(
    "statistics-baked-in",
    "The statistics are those that the layer was built with.",
    [FEATURE],
    build=built_and_read,
    given_moments=lambda layer: given_moments(layer) if layer.given else STORED[id(layer)],
)


def remembered(layer, x, axes, training):
    """Statistics of the latest training call, used in inference where their shape fits."""
    mean, variance, axes = statistics(layer, x, axes, training)
    old = STORED.get(id(layer))
    if training:
        STORED[id(layer)] = mean, variance
    elif old is not None and old[1].shape == variance.shape:
        mean, variance = old
    return mean, variance, axes


MovingStatistics = mutant(
    "moving-statistics",
    "The statistics of training are kept and used in inference.",
    (LAYER, RMS, GROUP, INSTANCE),
    stands_for="what document 002 says of layer normalization",
    build=forgetful,
    statistics=remembered,
)


def in_training_only(layer, x, axes, training):
    mean, variance, axes = statistics(layer, x, axes, training)
    return (mean, variance, axes) if training else (np.zeros_like(mean), np.ones_like(variance), axes)


TrainingOnly = mutant(
    "training-only", "Inference does not normalize.", (LAYER, RMS, GROUP, INSTANCE), statistics=in_training_only
)


def moved_by_calls(layer, x):
    if not layer.given and x.size:
        adapt(layer, encode(x, layer.dtype))
    return features(layer, x)


def accumulated(layer, data):
    before = given_moments(layer) if id(layer) in STORED else None
    adapt(layer, data)
    STORED[id(layer)] = True
    if before is not None:
        for name, old in zip(("mean", "variance"), before, strict=True):
            new = decode(layer.weights[name])
            layer.weights[name] = encode((new + old.reshape(new.shape)) / 2, layer.dtype)


def first_batch_alone(layer, data):
    adapt(layer, encode(decode(data)[: max(len(decode(data)) // 2, 1)], data.dtype))


StatisticsMove = mutant("statistics-move", "Every call adapts the layer again.", [FEATURE], features=moved_by_calls)
StatisticsAccumulate = mutant(
    "statistics-accumulate",
    "A second adapt() averages with the first.",
    [FEATURE],
    build=forgetful,
    adapt=accumulated,
)
AdaptsToHalf = mutant("adapts-to-half", "adapt() reads the first half of the data.", [FEATURE], adapt=first_batch_alone)


def with_statistics(change):
    def faulty(layer):
        return tuple(change(layer, one) for one in given_moments(layer))

    return faulty


StatisticsThroughFloat32 = mutant(
    "statistics-through-float32",
    "Given statistics pass through float32.",
    [FEATURE],
    dtypes=["float64"],
    given_moments=with_statistics(lambda layer, one: one.astype("float32").astype(one.dtype)),
)


def scalar_refused(self, layer, arguments, shape, dtype):
    made = ReferenceAdapter.construct(self, layer, arguments, shape, dtype)
    if isinstance(arguments.get("mean"), float):
        raise ValueError("mean must be a list")
    return made


ScalarRefused = mutant(
    "scalar-refused",
    "A mean that is a number is refused.",
    [FEATURE],
    stands_for="Normalization in Keras 3.0 to 3.7",
    construct=scalar_refused,
)
InvertIgnored = mutant("invert-ignored", "`invert` changes nothing.", [FEATURE], make=altered(make, invert=False))
AxisIgnored = mutant(
    "axis-ignored", "One mean and one variance for all features.", [FEATURE], make=altered(make, axes=())
)
MovingStatisticsIn16Bit = mutant(
    "moving-statistics-overflow",
    "The moving variance is clipped to what float16 holds.",
    MOVING,
    stands_for="Keras 3 in float16, whose moving statistics overflow where Keras 2 kept float32",
    dtypes=("float32", "float64", "bfloat16"),
    move_statistics=with_variance(lambda v, n: rounded(v, "float16")),
)
