"""Mutants of unit and local response normalization: wrong norms, limits, windows, exponents and gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcheck.adapters.reference.formulas import (
    formula_forward,
    limited,
    lp_norm,
    over_neighbours,
    response_backward,
    response_scale,
    slope,
    unit_backward,
)
from normcheck.tests.mutants.mutant import NARROW, RESPONSE, UNIT, mutant, refusing_none, rounded


def narrow(x):
    """The 16-bit dtype that all of `x` is exact in; float16 where both hold it."""
    return next(dtype for dtype in ("float16", "bfloat16") if np.array_equal(rounded(x, dtype), x, equal_nan=True))


def with_order(order):
    """The change that takes every norm of this order."""
    return lambda x, _, axes: lp_norm(x, order, axes)


def others(x, axes):
    last = (x.ndim - 1,)
    return (0,) if tuple(axes) == last else last


def count(x, axes):
    return int(np.prod([x.shape[axis] for axis in axes]))


NoExamplesRefused = mutant(
    "no-examples-refused",
    "A batch without examples is refused.",
    [UNIT, RESPONSE],
    dtypes=("float32", "bfloat16"),
    formula_forward=refusing_none(formula_forward),
)
NormNotRooted = mutant(
    "norm-not-rooted",
    "The sum of the powers stands where its root is meant.",
    [UNIT],
    lp_norm=lambda x, order, axes: lp_norm(x, order, axes) ** (order if np.isfinite(order) else 1),
)
NormOfOrderOne = mutant("norm-of-order-one", "The norm is always that of order 1.", [UNIT], lp_norm=with_order(1))
NormOfOrderTwo = mutant(
    "norm-of-order-two",
    "The norm is always that of order 2.",
    [UNIT],
    stands_for="an order that is accepted and not read",
    lp_norm=with_order(2),
)
NormOverAnotherAxis = mutant(
    "norm-over-another-axis",
    "The norm is taken over the last axis, or over the first where the last is meant.",
    [UNIT],
    lp_norm=lambda x, order, axes: lp_norm(x, order, others(x, axes)),
)
NormOverOneAxis = mutant(
    "norm-over-one-axis",
    "Of several axes the norm is taken over the first alone.",
    [UNIT],
    dtypes=("float32", "bfloat16"),
    lp_norm=lambda x, order, axes: lp_norm(x, order, axes[:1]),
)
UnitMeanSquare = mutant(
    "unit-mean-square",
    "The mean of the powers stands where their sum is meant.",
    [UNIT],
    stands_for="root mean square normalization taken for L2 normalization",
    lp_norm=lambda x, order, axes: (
        lp_norm(x, order, axes) * x.dtype.type(max(count(x, axes), 1) ** (-1 / order if np.isfinite(order) else 0))
    ),
)
FloorAdded = mutant(
    "floor-added",
    "Epsilon is added to the norm.",
    [UNIT],
    limited=lambda norm, epsilon: norm + norm.dtype.type(epsilon),
)
FloorIgnored = mutant("floor-ignored", "There is no epsilon.", [UNIT], limited=lambda norm, epsilon: norm)
FloorSquared = mutant(
    "floor-squared",
    "The square of the norm is limited by epsilon.",
    [UNIT],
    stands_for="tf.math.l2_normalize, whose epsilon limits the sum of the squares",
    limited=lambda norm, epsilon: limited(norm, np.sqrt(epsilon)),
)


def zero_at_zero(layer, seen, x, g):
    return unit_backward(layer, seen, x, g) * (seen.moments[0] != 0)


def without_limit(layer, seen, x, g):
    norm, d = seen.moments
    steep = slope(x, np.where(norm == 0, norm.dtype.type(1), norm), layer.options["order"], layer.axes)
    return (g - (g * seen.z).sum(axis=layer.axes, keepdims=True) * steep) / d


ZeroVectorGradient = mutant(
    "zero-vector-gradient",
    "The gradient at a vector of zeros is zero.",
    [UNIT],
    dtypes=("float32", "float64", "bfloat16"),
    unit_backward=zero_at_zero,
)
GradientThroughTheFloor = mutant(
    "gradient-through-the-floor",
    "The gradient goes through the norm where epsilon divides.",
    [UNIT],
    unit_backward=without_limit,
)
UnitGradientDetached = mutant(
    "unit-gradient-detached",
    "The norm is held constant.",
    [UNIT],
    stands_for="a norm computed under stop_gradient or no_grad",
    unit_backward=lambda layer, seen, x, g: g / seen.moments[1],
)
UnitGradientOfOrderTwo = mutant(
    "unit-gradient-of-order-two",
    "The gradient of the norm is always that of order 2.",
    [UNIT],
    slope=lambda x, norm, order, axes: slope(x, norm, 2, axes),
)


def summed_narrowly(x, order, axes):
    dtype, total = narrow(x), None
    powers = np.moveaxis(np.abs(x) ** x.dtype.type(order if np.isfinite(order) else 1), axes, range(len(axes)))
    for one in powers.reshape(-1, *powers.shape[len(axes) :]):
        total = one if total is None else rounded(total + one, dtype)
    norm = total ** x.dtype.type(1 / order if np.isfinite(order) else 1)
    return np.expand_dims(norm, axes) if np.isfinite(order) else lp_norm(x, order, axes)


NormIn16Bit = mutant(
    "norm-in-16-bit",
    "The powers are added up in the layer's dtype, one by one.",
    [UNIT],
    dtypes=NARROW,
    lp_norm=summed_narrowly,
)
SquaresIn16Bit = mutant(
    "squares-in-16-bit",
    "The squares are rounded to float16, which holds none above 65504.",
    [UNIT],
    dtypes=["float16"],
    stands_for="keras UnitNormalization in float16",
    lp_norm=lambda x, order, axes: (
        np.sqrt(rounded(np.square(x), "float16").sum(axis=axes, keepdims=True))
        if order == 2
        else lp_norm(x, order, axes)
    ),
)
UnitNanLaundered = mutant(
    "unit-nan-laundered",
    "A norm that is NaN counts as epsilon.",
    [UNIT],
    dtypes=["float32"],
    stands_for="maximum functions that drop NaN",
    limited=lambda norm, epsilon: np.fmax(norm, norm.dtype.type(epsilon)),
)

WindowTooLong = mutant(
    "window-too-long",
    "The window has one channel too many.",
    [RESPONSE],
    stands_for="the formula of the documentation, whose window is symmetric, read for even sizes",
    over_neighbours=lambda values, first, last: over_neighbours(values, first, last + 1),
)
WindowShifted = mutant(
    "window-shifted",
    "The window stands one channel further.",
    [RESPONSE],
    over_neighbours=lambda values, first, last: over_neighbours(values, first + 1, last + 1),
)


def unmirrored(layer, seen, x, g):
    size = int(layer.options["size"])
    factor = x.dtype.type(2 * layer.options["alpha"] * layer.options["beta"] / size)
    through = over_neighbours(g * seen.z / seen.moments[0], -(size // 2), (size - 1) // 2)
    return g * seen.r - factor * x * through


WindowNotMirrored = mutant(
    "window-not-mirrored",
    "The gradient adds up over the window of the output, which for an even size is another.",
    [RESPONSE],
    response_backward=unmirrored,
)
NeighboursHeldConstant = mutant(
    "neighbours-held-constant",
    "The gradient is that of a sum that is held constant.",
    [RESPONSE],
    response_backward=lambda layer, seen, x, g: g * seen.r,
)
GradientPartHalved = mutant(
    "response-gradient-halved",
    "The gradient through the squares has half its size.",
    [RESPONSE],
    response_backward=lambda layer, seen, x, g: (response_backward(layer, seen, x, g) + g * seen.r) / 2,
)


def with_options(**wrong):
    """The change that reads options otherwise; each is a function of the options."""

    def faulty(layer, x):
        options = {**layer.options, **{name: read(layer.options) for name, read in wrong.items()}}
        return response_scale(replace(layer, options=options), x)

    return faulty


AlphaUndivided = mutant(
    "alpha-undivided",
    "Alpha is not divided by the size.",
    [RESPONSE],
    stands_for="tf.nn.local_response_normalization, whose alpha multiplies the sum",
    response_scale=with_options(alpha=lambda options: options["alpha"] * options["size"]),
)
KIgnored = mutant("k-ignored", "K is 0.", [RESPONSE], response_scale=with_options(k=lambda options: 0.0))
KAlwaysOne = mutant(
    "k-always-one",
    "K is 1.",
    [RESPONSE],
    dtypes=("float32", "bfloat16"),
    response_scale=with_options(k=lambda options: 1.0),
)


def by_exponent(change):
    """The change that takes the power by another exponent, through the scale."""
    return lambda layer, x: response_scale(layer, x) ** x.dtype.type(change(layer.options["beta"]))


BetaIgnored = mutant(
    "beta-ignored",
    "The exponent is always 3/4.",
    [RESPONSE],
    dtypes=["float32"],
    response_scale=by_exponent(lambda beta: 0.75 / beta if beta else 1.0),
)


def over_those_there(layer, x):
    size = int(layer.options["size"])
    there = over_neighbours(np.ones_like(x), -(size // 2), (size - 1) // 2)
    k, alpha = x.dtype.type(layer.options["k"]), x.dtype.type(layer.options["alpha"])
    return k + alpha * over_neighbours(np.square(x), -(size // 2), (size - 1) // 2) / there


DividedByThoseThere = mutant(
    "divided-by-those-there",
    "At the ends alpha is divided by the number of channels that there are.",
    [RESPONSE],
    stands_for="avg_pool with count_include_pad=False",
    response_scale=over_those_there,
)


def slid(values, first, last):
    sums = np.cumsum(values, axis=1)
    ends = np.arange(values.shape[1])
    upper = sums[:, np.minimum(ends + last, values.shape[1] - 1)]
    lower = np.where(
        (ends + first > 0).reshape(-1, *[1] * (values.ndim - 2)), sums[:, np.maximum(ends + first - 1, 0)], 0
    )
    return np.asarray(upper - lower, values.dtype)


SlidingSums = mutant(
    "sliding-sums",
    "The sum over a window is the difference of two sums from the first channel on.",
    [RESPONSE],
    dtypes=["float32"],
    over_neighbours=slid,
)
FirstChannelKept = mutant(
    "first-channel-kept",
    "The first channel never leaves the window.",
    [RESPONSE],
    stands_for="torch.nn.CrossMapLRN2d",
    over_neighbours=lambda values, first, last: over_neighbours(values, first, last) + _gone(values, first),
)


def _gone(values, first):
    """The first channel, in every channel whose window begins after it."""
    kept = np.where(np.arange(values.shape[1]) + first > 0, 1, 0).reshape(-1, *[1] * (values.ndim - 2))
    return np.asarray(values[:, :1] * kept, values.dtype)


ResponseNanLaundered = mutant(
    "response-nan-laundered",
    "NaN among the neighbours counts as zero.",
    [RESPONSE],
    dtypes=["float32"],
    over_neighbours=lambda values, first, last: over_neighbours(np.nan_to_num(values), first, last),
)
ChannelsLastAssumed = mutant(
    "channels-last-assumed",
    "With four dimensions or more the channels are looked for along the last axis.",
    [RESPONSE],
    dtypes=["float32"],
    stands_for="a layer written for channels last",
    over_neighbours=lambda values, first, last: (
        over_neighbours(values, first, last)
        if values.ndim < 4
        else np.moveaxis(over_neighbours(np.moveaxis(values, -1, 1), first, last), 1, -1)
    ),
)
