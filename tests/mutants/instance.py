"""Mutants of instance normalization, and of what a layer keeps of several examples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcheck.adapters.reference.layer import (
    fold,
    given_moments,
    make,
    move_statistics,
    others,
    statistics,
)
from normcheck.tests.mutants.mutant import INSTANCE, ONE, altered, mutant


def whole_batch(layer, x):
    x, axes = fold(layer, x)
    return x, others(layer) if layer.kind == INSTANCE else axes


def with_moments(change):
    """Moves the averages with changed moments, in the shape of the statistics."""

    def faulty(layer, seen):
        move_statistics(layer, replace(seen, moments=tuple(change(layer, one) for one in seen.moments)))

    return faulty


def summed(layer, moment):
    return moment * moment.dtype.type(moment.shape[0]) if layer.arguments.get("batched", True) else moment


def first_alone(layer, moment):
    return moment[:1] if layer.arguments.get("batched", True) else moment


def pooled(layer, seen):
    """The variance of the whole channel: within the examples and between them."""
    mean, variance = seen.moments
    axes = others(layer)
    centre = mean.mean(axis=axes, keepdims=True)
    between = np.square(mean - centre).mean(axis=axes, keepdims=True)
    move_statistics(layer, replace(seen, moments=(centre, variance.mean(axis=axes, keepdims=True) + between)))


def as_built(layer, seen):
    parts = layer.shape[0] / max(seen.moments[0].shape[0], 1)
    scale = seen.output.dtype.type(1 / parts if layer.arguments.get("batched", True) else 1)
    move_statistics(layer, replace(seen, moments=tuple(one * scale for one in seen.moments)))


def never_given(layer, x, axes, training):
    mean, variance, _ = statistics(layer, x, axes, True)
    return mean, variance, axes


def unasked(a):
    """A layer that has no gamma and beta unless they are asked for."""
    layer = make(a)
    if a.layer == INSTANCE:
        layer.initial = {
            name: value
            for name, value in layer.initial.items()
            if name.startswith("moving") or {"gamma": "scale", "beta": "center"}[name] in a.given
        }
    return layer


def always_kept(a):
    """A layer that keeps statistics unless told not to."""
    layer = make(a)
    if a.layer == INSTANCE and "track_running_stats" not in a.given:
        layer.momentum = 0.99
        layer.initial |= {"moving_mean": 0.0, "moving_variance": 1.0}
    return layer


def empty_too(layer, x, axes, training):
    mean, variance, axes = statistics(layer, x, axes, training)
    if not x.size and "moving_mean" in layer.weights and training:
        old = given_moments(layer)
        move_statistics(layer, _nothing(old))
    return mean, variance, axes


def _nothing(old):
    nothing = tuple(np.full_like(one, np.nan) for one in old)
    return type("Seen", (), {"moments": nothing})


InstanceStatisticsOverTheBatch = mutant(
    "instance-statistics-over-the-batch",
    "The examples of a batch share mean and variance.",
    [INSTANCE],
    fold=whole_batch,
    stands_for="batch normalization in the place of instance normalization",
)
RunningStatisticsIgnored = mutant(
    "running-statistics-ignored",
    "In inference too each example is normalized by its own statistics.",
    [INSTANCE],
    statistics=never_given,
    stands_for="an export of a tracking layer to ONNX, whose InstanceNormalization has no statistics",
)
StatisticsSummed = mutant(
    "statistics-summed-over-examples",
    "The averages are moved by the sum over the examples, not by the mean.",
    [INSTANCE],
    move_statistics=with_moments(summed),
)
FirstExampleAlone = mutant(
    "first-example-alone",
    "The averages are moved by the statistics of the first example.",
    [INSTANCE],
    move_statistics=with_moments(first_alone),
)
StatisticsOfTheBatchKept = mutant(
    "statistics-of-the-batch-kept",
    "The moving variance is moved by the variance of the channel over the whole batch.",
    [INSTANCE],
    move_statistics=pooled,
    stands_for="moving statistics taken over from batch normalization",
)
ExamplesAsBuilt = mutant(
    "examples-as-built",
    "The sum over the examples is divided by how many the layer was built for.",
    [INSTANCE],
    dtypes=ONE,
    move_statistics=as_built,
)
AffineNotByDefault = mutant(
    "affine-not-by-default",
    "Without being asked for there is no gamma and no beta, PyTorch's convention in Keras' dialect.",
    [INSTANCE],
    make=unasked,
    dtypes=ONE,
)
StatisticsKeptUnasked = mutant(
    "statistics-kept-unasked",
    "Without being asked for statistics are kept.",
    [INSTANCE],
    make=always_kept,
    dtypes=ONE,
    stands_for="torch.nn.LazyInstanceNorm1d, whose defaults are those of batch normalization",
)
AveragesOfNothing = mutant(
    "averages-of-nothing",
    "A batch without examples makes the averages NaN.",
    [INSTANCE],
    dtypes=ONE,
    statistics=empty_too,
    stands_for="torch.nn.InstanceNorm1d in PyTorch 2.13",
)
ChannelsForExamples = mutant(
    "channels-for-examples",
    "An example without an axis of examples has its channels taken in the second axis.",
    [INSTANCE],
    dtypes=ONE,
    make=altered(make, axes=lambda layer: (1,) if layer.kind == INSTANCE else layer.axes),
    stands_for="torch.nn.LazyInstanceNorm1d in PyTorch 2.13",
)
