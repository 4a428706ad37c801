"""Mutants of the variants of batch normalization: renormalized, synchronized, and without statistics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference.layer import (
    backward,
    broadcast,
    build,
    forward,
    make,
    statistics,
)
from normcheck.adapters.reference.renorm import NO_LIMITS, corrections, move_renormed
from normcheck.adapters.reference.textbook import moments
from normcheck.tests.mutants.mutant import BATCH, ONE, WIDE, altered, mutant


def corrected(change):
    """Corrections r and d that are changed."""
    return lambda layer, mean, variance: change(*corrections(layer, mean, variance))


def from_the_other_averages(layer, mean, variance):
    renamed = {
        **layer.weights,
        "renorm_mean": layer.weights["moving_mean"],
        "renorm_stddev": layer.weights["moving_stddev"],
    }
    return corrections(replace(layer, weights=renamed), mean, variance)


def without_floor(layer, mean, variance):
    deviation = broadcast(layer, decode(layer.weights["renorm_stddev"]).astype(mean.dtype))
    average = broadcast(layer, decode(layer.weights["renorm_mean"]).astype(mean.dtype))
    least, most, far = (layer.limits.get(name, other) for name, other in NO_LIMITS.items())
    r = np.sqrt(variance + variance.dtype.type(layer.epsilon)) / deviation
    return np.clip(r, least, most).astype(r.dtype), np.clip((mean - average) / deviation, -far, far).astype(r.dtype)


def in_inference_too(layer, array, training):
    if layer.limits is None or training:
        return forward(layer, array, training)
    seen = forward(layer, array, training)
    r, d = corrections(layer, *seen.moments)
    z = seen.z * r + d
    again = seen.output if not layer.weights.get("gamma") else z * broadcast(layer, decode(layer.weights["gamma"]))
    beta = layer.weights.get("beta")
    return replace(seen, output=again if beta is None else again + broadcast(layer, decode(beta)))


def momenta_swapped(layer, seen):
    move_renormed(
        _Swapped(layer),
        seen,
    )


class _Swapped:
    """A layer whose momenta are exchanged."""

    def __init__(self, layer):
        self.layer = layer

    def __getattr__(self, name):
        other = {"momentum": "renorm_momentum", "renorm_momentum": "momentum"}.get(name, name)
        return getattr(self.layer, other)


def variance_kept(layer, seen):
    """Leaves the moving variance as it was."""
    kept = layer.weights["moving_variance"]
    move_renormed(layer, seen)
    layer.weights["moving_variance"] = kept


def with_epsilon(layer, seen):
    """Squares the moving deviation, and leaves epsilon in."""
    move_renormed(layer, seen)
    deviation = decode(layer.weights["moving_stddev"]).astype(layer.working)
    layer.weights["moving_variance"] = encode(deviation * deviation, layer.stored)


def unclipped(layer):
    return None if layer.limits is None else {}


def exchanged_limits(layer):
    if layer.limits is None:
        return None
    limits = dict(layer.limits)
    if "rmax" in limits or "dmax" in limits:
        limits["rmax"], limits["dmax"] = limits.get("dmax", np.inf), limits.get("rmax", np.inf)
    return limits


def as_variance(layer, shape):
    build(layer, shape)
    for name in ("moving_stddev", "renorm_stddev"):
        if name in layer.weights:
            layer.weights[name] = layer.weights["moving_variance"]


def differentiated(layer, seen, upstream):
    """The gradient of gamma forgets d."""
    if seen.correction is None:
        return backward(layer, seen, upstream)
    r, d = seen.correction
    return backward(layer, replace(seen, correction=(r, np.zeros_like(d))), upstream)


def scaled_back(layer, seen, upstream):
    """The gradient of the input forgets r."""
    found = backward(layer, seen, upstream)
    if seen.correction is not None:
        found["input"] = backward(layer, replace(seen, correction=None), upstream)["input"]
    return found


def kept_after_all(a):
    """A layer that keeps statistics, asked or not."""
    layer = make(a)
    if a.layer == BATCH and "moving_mean" not in layer.initial:
        layer.momentum = float(a.momentum)
        layer.initial |= {"moving_mean": 0.0, "moving_variance": 1.0}
    return layer


def inference_without(layer, x, axes, training):
    """A layer without statistics does not normalize in inference."""
    mean, variance, axes = statistics(layer, x, axes, training)
    if layer.kind == BATCH and "moving_mean" not in layer.weights and not training:
        return np.zeros_like(mean), np.ones_like(variance), ()
    return mean, variance, axes


def in_one_pass(layer, x, axes, training):
    mean, variance, axes = statistics(layer, x, axes, training)
    if layer.arguments.get("synchronized") and axes:
        squares = np.square(x).mean(axis=axes, keepdims=True)
        return mean, np.maximum(squares - np.square(mean), 0), axes
    return mean, variance, axes


def counted_twice(layer, x, axes, training):
    """As if a second process had sent zeros."""
    if layer.arguments.get("synchronized") and training and x.size:
        both = np.concatenate([x, np.zeros_like(x)])
        mean, variance = moments(both, axes)
        _, _, axes = statistics(layer, x, axes, training)
        return mean, variance, axes
    return statistics(layer, x, axes, training)


RenormIgnored = mutant(
    "renorm-ignored", "r is 1 and d is 0.", [BATCH], corrections=corrected(lambda r, d: (r * 0 + 1, d * 0))
)
RenormWithoutR = mutant("renorm-without-r", "r is 1.", [BATCH], corrections=corrected(lambda r, d: (r * 0 + 1, d)))
RenormWithoutD = mutant("renorm-without-d", "d is 0.", [BATCH], corrections=corrected(lambda r, d: (r, d * 0)))
RenormInverted = mutant(
    "renorm-inverted", "r divides.", [BATCH], dtypes=ONE, corrections=corrected(lambda r, d: (1 / r, d))
)
RenormFromMovingAverages = mutant(
    "renorm-from-moving-averages",
    "r and d are made from the averages that are kept for inference.",
    [BATCH],
    corrections=from_the_other_averages,
)
RenormWithoutFloor = mutant(
    "renorm-without-floor",
    "Nothing keeps the deviation from below the root of epsilon.",
    [BATCH],
    dtypes=ONE,
    corrections=without_floor,
)
RenormInInference = mutant(
    "renorm-in-inference", "Inference corrects too.", [BATCH], dtypes=WIDE, forward=in_inference_too
)
RenormMomentaSwapped = mutant(
    "renorm-momenta-swapped", "The two momenta are exchanged.", [BATCH], move_renormed=momenta_swapped
)
RenormVarianceKept = mutant(
    "renorm-variance-kept", "The moving variance does not move.", [BATCH], move_renormed=variance_kept
)
RenormVarianceWithEpsilon = mutant(
    "renorm-variance-with-epsilon",
    "The moving variance is the square of a deviation that has epsilon in it.",
    [BATCH],
    move_renormed=with_epsilon,
)
RenormLimitsIgnored = mutant(
    "renorm-limits-ignored", "r and d have no limits.", [BATCH], dtypes=ONE, make=altered(make, limits=unclipped)
)
RenormLimitsSwapped = mutant(
    "renorm-limits-swapped",
    "The largest r limits d, and the other way round.",
    [BATCH],
    dtypes=ONE,
    make=altered(make, limits=exchanged_limits),
)
DeviationBeginsAsVariance = mutant(
    "deviation-begins-as-variance",
    "The deviations begin as the variance does, not as its root.",
    [BATCH],
    dtypes=ONE,
    build=as_variance,
)
RenormGradientWithoutD = mutant(
    "renorm-gradient-without-d", "The gradient of gamma forgets d.", [BATCH], backward=differentiated
)
RenormGradientWithoutR = mutant(
    "renorm-gradient-without-r", "The gradient of the input forgets r.", [BATCH], backward=scaled_back
)
StatisticsKeptAfterAll = mutant(
    "statistics-kept-after-all",
    "A layer that is to keep no statistics keeps them.",
    [BATCH],
    dtypes=ONE,
    make=kept_after_all,
)
InferenceWithoutStatistics = mutant(
    "inference-without-statistics",
    "A layer that keeps no statistics does not normalize in inference.",
    [BATCH],
    dtypes=WIDE,
    statistics=inference_without,
)
SynchronizedInOnePass = mutant(
    "synchronized-in-one-pass",
    "A synchronized layer takes the variance in one pass.",
    [BATCH],
    dtypes=ONE,
    stands_for="Keras 3 on TensorFlow, in a single process too",
    statistics=in_one_pass,
)
SynchronizedCountsTwice = mutant(
    "synchronized-counts-twice",
    "A synchronized layer divides by twice the number of elements.",
    [BATCH],
    dtypes=ONE,
    statistics=counted_twice,
)
