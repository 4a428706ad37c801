"""Mutants that misplace epsilon, or what stands in its place."""

from __future__ import annotations

import numpy as np

from normcheck.adapters.reference.layer import Pass, features, given_moments, make, move_statistics
from normcheck.adapters.reference.textbook import reciprocal_deviation
from normcheck.tests.mutants.mutant import FEATURE, MOVING, RMS, STATISTICAL, mutant


def root(formula):
    """The change that takes the reciprocal deviation by `formula` of variance and epsilon, in the same dtype."""
    return lambda variance, epsilon: np.asarray(formula(variance, variance.dtype.type(epsilon)), variance.dtype)


EpsilonOutsideRoot = mutant(
    "epsilon-outside-root",
    "Epsilon is added to the deviation.",
    STATISTICAL,
    stands_for="the usual slip in layers written by hand",
    reciprocal_deviation=root(lambda v, e: 1 / (np.sqrt(v) + e)),
)
EpsilonIgnored = mutant(
    "epsilon-ignored", "Epsilon is not added.", STATISTICAL, reciprocal_deviation=root(lambda v, e: 1 / np.sqrt(v))
)
EpsilonTwice = mutant(
    "epsilon-twice",
    "Epsilon is added twice.",
    STATISTICAL,
    reciprocal_deviation=root(lambda v, e: 1 / np.sqrt(v + e + e)),
)
EpsilonSquared = mutant(
    "epsilon-squared",
    "The square of epsilon is added.",
    STATISTICAL,
    reciprocal_deviation=root(lambda v, e: 1 / np.sqrt(v + e * e)),
)
EpsilonAsFloor = mutant(
    "epsilon-as-floor",
    "The variance is raised to epsilon where it is less.",
    STATISTICAL,
    reciprocal_deviation=root(lambda v, e: 1 / np.sqrt(np.maximum(v, e))),
)
EpsilonTenfold = mutant(
    "epsilon-tenfold",
    "Epsilon is ten times too large.",
    STATISTICAL,
    reciprocal_deviation=root(lambda v, e: 1 / np.sqrt(v + 10 * e)),
)
EpsilonFloor = mutant(
    "epsilon-floor",
    "Epsilon is raised to 1e-5 where it is less.",
    STATISTICAL,
    stands_for="CUDNN_BN_MIN_EPSILON",
    reciprocal_deviation=lambda v, e: reciprocal_deviation(v, max(e, 1e-5)),
)
RootNotTaken = mutant(
    "root-not-taken",
    "The input is divided by the variance.",
    STATISTICAL,
    reciprocal_deviation=root(lambda v, e: 1 / (v + e)),
)
DivisionByZero = mutant(
    "division-by-zero",
    "The variance is divided by before epsilon is weighed in: 0 / 0 where it is zero.",
    (*STATISTICAL, FEATURE),
    reciprocal_deviation=root(lambda v, e: (1 / np.sqrt(v)) / np.sqrt(1 + e / v)),
    features=lambda layer, x: _with_deviation(layer, x, np.sqrt),
)
EpsilonInSinglePrecision = mutant(
    "epsilon-in-single-precision",
    "Epsilon is held in float32.",
    STATISTICAL,
    dtypes=["float64"],
    stands_for="ONNX, whose epsilon attribute is a float32",
    reciprocal_deviation=lambda v, e: reciprocal_deviation(v, float(np.float32(e))),
)
EpsilonUnderflows = mutant(
    "epsilon-underflows",
    "Epsilon is held in the layer's own 16 bits, on a scale on which 1e-6 is lost.",
    STATISTICAL,
    dtypes=["float16"],
    reciprocal_deviation=lambda v, e: reciprocal_deviation(v, e if e >= 2.0**-14 else 0.0),
)


def other_default(a):
    layer = make(a)
    if "epsilon" not in a.given:
        layer.epsilon = 2.0**-23 if a.layer == RMS else 1e-5
    return layer


DefaultEpsilon = mutant(
    "default-epsilon", "Without an epsilon PyTorch's default is taken.", STATISTICAL, make=other_default
)


def epsilon_in_the_average(layer, seen):
    mean, variance = seen.moments
    moments = (mean, variance + variance.dtype.type(layer.epsilon))
    move_statistics(layer, Pass(seen.output, seen.z, seen.r, seen.axes, moments))


EpsilonInMovingVariance = mutant(
    "epsilon-in-moving-variance",
    "The variance enters the moving average with epsilon added.",
    MOVING,
    move_statistics=epsilon_in_the_average,
)


def _with_deviation(layer, x, deviation_of):
    """Feature normalization with another deviation."""
    mean, variance = given_moments(layer)
    deviation = deviation_of(variance)
    if layer.invert:
        return Pass(x * deviation + mean, x, deviation, (), (mean, variance))
    z = (x - mean) / deviation
    return Pass(z, z, 1 / deviation, (), (mean, variance))


def deviation(formula):
    return lambda layer, x: _with_deviation(layer, x, formula)


EpsilonAdded = mutant(
    "epsilon-added",
    "1e-7 is added to the deviation instead of bounding it from below.",
    [FEATURE],
    equivalent={"bfloat16": "Measured: at deviations from 2^-12 up, 1e-7 is a tenth of half a unit."},
    features=deviation(lambda v: np.sqrt(v) + v.dtype.type(1e-7)),
)
FloorOfVariance = mutant(
    "floor-of-variance",
    "The variance, not the deviation, is bounded from below by 1e-7.",
    [FEATURE],
    features=deviation(lambda v: np.sqrt(np.maximum(v, v.dtype.type(1e-7)))),
)
VarianceForDeviation = mutant(
    "variance-for-deviation", "The input is divided by the variance.", [FEATURE], features=deviation(lambda v: v)
)


def floorless_inverse(layer, x):
    return _with_deviation(layer, x, np.sqrt) if layer.invert else features(layer, x)


InvertWithoutFloor = mutant(
    "invert-without-floor",
    "The inverse multiplies by a deviation that is not bounded from below.",
    [FEATURE],
    features=floorless_inverse,
)
