"""Mutants that compute, store or return in a format that is too narrow, or take a root that is too coarse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.reference.layer import adapt, affine, forward, statistics
from normcheck.adapters.reference.textbook import moments, reciprocal_deviation, standardized
from normcheck.tests.mutants.mutant import (
    ALL,
    CENTRED,
    FEATURE,
    INTEGER,
    NARROW,
    RMS,
    STATISTICAL,
    UNIT,
    WIDE,
    mutant,
    on_input,
    rounded,
    rows,
)


def tree_mean(x, axes, dtype):
    """The mean with every sum of two rounded to `dtype`."""
    values = rows(x, axes)
    n = values.shape[-1]
    while values.shape[-1] > 1:
        odd = values[..., -1:] if values.shape[-1] % 2 else values[..., :0]
        paired = values[..., : values.shape[-1] // 2 * 2]
        values = np.concatenate([rounded(paired[..., ::2] + paired[..., 1::2], dtype), odd], -1)
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
    return rounded(values.reshape(shape) / x.dtype.type(max(n, 1)), dtype)


def narrow_moments(x, axes, dtype):
    mean = tree_mean(x, axes, dtype)
    return mean, tree_mean(rounded(np.square(x - mean), dtype), axes, dtype)


def summed_narrowly(layer, x, axes, training):
    mean, variance, axes = statistics(layer, x, axes, training)
    if not axes or not x.size:
        return mean, variance, axes
    if layer.kind == RMS:
        return mean, tree_mean(rounded(np.square(x), layer.dtype), axes, layer.dtype), axes
    return (*narrow_moments(x, axes, layer.dtype), axes)


def adapted_in_steps(layer, data):
    adapt(layer, data)
    x = decode(data).astype(layer.working)
    reduced = tuple(axis for axis in range(x.ndim) if axis not in layer.axes)
    for name, value in zip(("mean", "variance"), narrow_moments(x, reduced, layer.dtype), strict=True):
        layer.weights[name] = encode(value.reshape(layer.weights[name].shape), layer.dtype)


SumsIn16Bit = mutant(
    "sums-in-16-bit",
    "Sums are accumulated in the layer's own 16 bits.",
    ALL,
    dtypes=NARROW,
    stands_for="PyTorch on a CPU in pure float16 and bfloat16 at a mean that is not zero; tf_keras in pure 16 bits",
    statistics=summed_narrowly,
    adapt=adapted_in_steps,
)


def stored_narrowly(layer, x, axes, training):
    mean, variance, axes = statistics(layer, x, axes, training)
    return rounded(mean, layer.dtype), rounded(variance, layer.dtype), axes


StatisticsIn16Bit = mutant(
    "statistics-in-16-bit",
    "Mean and variance are rounded to the layer's 16 bits before they are used.",
    STATISTICAL,
    dtypes=NARROW,
    statistics=stored_narrowly,
)
RootIn16Bit = mutant(
    "root-in-16-bit",
    "The reciprocal deviation is rounded to bfloat16.",
    STATISTICAL,
    reciprocal_deviation=lambda v, e: rounded(reciprocal_deviation(v, e), "bfloat16"),
)


def squares_overflow(layer, x, axes, training):
    mean, variance, axes = statistics(layer, x, axes, training)
    if not axes:
        return mean, variance, axes
    squares = rounded(np.square(x - mean), layer.dtype)
    return mean, squares.mean(axis=axes, keepdims=True), axes


OverflowIn16Bit = mutant(
    "overflow-in-16-bit",
    "Squares are taken in float16, and are infinite from 256 on.",
    STATISTICAL,
    dtypes=["float16"],
    stands_for="jax.nn.standardize in float16",
    statistics=squares_overflow,
)


def through(dtype):
    return on_input(lambda x: rounded(x, dtype))


def single_throughout(layer, array, training):
    kept, layer.dtype = layer.dtype, "float32"
    seen = forward(layer, array, training)
    layer.dtype = kept
    return seen


Float32Inside = mutant(
    "float32-inside",
    "A float64 layer computes in float32.",
    ALL,
    dtypes=["float64"],
    stands_for="Keras on JAX, whose float64 is float32",
    forward=single_throughout,
)
InputInBfloat16 = mutant(
    "input-in-bfloat16",
    "The input of a wider layer is rounded to bfloat16.",
    ALL,
    dtypes=("float32", "float64", "float16"),
    stands_for="a policy of mixed precision that nobody asked for",
    forward=through("bfloat16"),
)
OutputInFloat32 = mutant(
    "output-in-float32",
    "The output is float32, whatever the input is.",
    ALL,
    dtypes=("float64", "float16", "bfloat16"),
    call=lambda self, layer, x, training: widened(ReferenceAdapter.call(self, layer, x, training)),
    gradient=lambda self, layer, x, training, g: _both(ReferenceAdapter.gradient(self, layer, x, training, g)),
)


def widened(output):
    return encode(decode(output), "float32")


def _both(answer):
    return widened(answer[0]), answer[1]


def towards_zero(values, dtype):
    """`values` cut off to `dtype` in place of rounded."""
    near = rounded(values, dtype)
    low = np.abs(near) > np.abs(values)
    toward = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    return np.where(low, rounded(values - near * values.dtype.type(toward), dtype), near)


def cut(layer, array, training):
    seen = forward(layer, array, training)
    return replace(seen, output=towards_zero(seen.output, layer.dtype))


OutputCutOff = mutant(
    "output-cut-off",
    "The output is cut off to 16 bits in place of rounded.",
    ALL,
    dtypes=NARROW,
    stands_for="kernels that take the upper half of a float32 for a bfloat16",
    forward=cut,
)


def rounded_between(layer, array, training):
    seen = forward(layer, array, training)
    z = rounded(seen.z, layer.dtype).reshape(seen.output.shape)
    return replace(seen, output=affine(layer, z))


RoundedTwice = mutant(
    "rounded-twice",
    "The normalized input is rounded to 16 bits before gamma and beta are applied.",
    STATISTICAL,
    dtypes=NARROW,
    forward=rounded_between,
)


def integer_output(self, layer, x, training):
    output = decode(ReferenceAdapter.call(self, layer, x, training))
    return encode(np.trunc(output), "float32")


def integer_dtype(self, layer, x, training):
    output = decode(ReferenceAdapter.call(self, layer, x, training))
    return encode(np.trunc(np.nan_to_num(output)).astype("int32"), "int32")


IntegerTruncation = mutant(
    "integer-truncation",
    "The answer to an integer input is cut off to integers.",
    (*ALL, UNIT),
    dtypes=INTEGER,
    stands_for="keras LayerNormalization from 3.11.3 on, GroupNormalization from 3.7 on",
    call=integer_output,
)
IntegerOutput = mutant(
    "integer-output",
    "An integer input gives an integer output.",
    ALL,
    dtypes=INTEGER,
    stands_for="keras GroupNormalization 3.7 to 3.14",
    call=integer_dtype,
)


def statistics_of_integers(layer, array, training):
    return forward(layer, encode(np.floor(decode(array) / 2) * 2, "float32"), training)


IntegersWithoutLastBit = mutant(
    "integers-without-last-bit",
    "Integers lose their last bit on the way to floating point.",
    ALL,
    dtypes=INTEGER,
    forward=statistics_of_integers,
)


def flushed(layer, array, training):
    smallest = {"float16": 2.0**-14, "float64": 2.0**-1022}.get(layer.dtype, 2.0**-126)
    x = decode(array)
    kept = encode(np.where(np.abs(x) < smallest, x.dtype.type(0), x), array.dtype)
    seen = forward(layer, kept, training)
    return replace(seen, output=np.where(np.abs(seen.output) < smallest, 0, seen.output).astype(seen.output.dtype))


FLUSH = (
    "The bound admits flush to zero where the dtype has the exponents that it is computed in: |x| < N changes z by at "
    "most r N, and |y| < N changes y by at most N; the bound has 2 |gamma| r N + N for these."
)
FlushToZero = mutant(
    "flush-to-zero",
    "Subnormal numbers are taken for zero.",
    ALL,
    equivalent=dict.fromkeys(("float32", "float64", "bfloat16"), FLUSH),
    forward=flushed,
)


def off_by(share):
    return lambda v, e: reciprocal_deviation(v, e) * v.dtype.type(1 + share)


ApproximateRoot = mutant(
    "approximate-root",
    "The reciprocal root is off by one part in ten thousand.",
    STATISTICAL,
    stands_for="approximate reciprocal square roots of graphics processors",
    reciprocal_deviation=off_by(1e-4),
)
RootOffByAMillionth = mutant(
    "root-off-by-a-millionth",
    "The reciprocal root is off by two parts in a million, a thousandth of half a unit at 16 bits.",
    STATISTICAL,
    dtypes=WIDE,
    reciprocal_deviation=off_by(2e-6),
)


def one_newton_step(v, e):
    s = (v + v.dtype.type(e)).astype("float32")
    guess = (np.int32(0x5F3759DF) - (s.view(np.int32) >> 1)).view(np.float32)
    return (guess * (1.5 - 0.5 * s * guess * guess)).astype(v.dtype)


FastInverseRoot = mutant(
    "fast-inverse-root",
    "The reciprocal root is a shift of bits and one step of Newton's.",
    STATISTICAL,
    reciprocal_deviation=one_newton_step,
)
MeanInBfloat16 = mutant(
    "mean-in-bfloat16",
    "The mean is rounded to bfloat16 before it is subtracted.",
    CENTRED,
    standardized=lambda x, mean, r: standardized(x, rounded(mean, "bfloat16"), r),
)


def float16_statistics(x, axes):
    mean, variance = moments(x, axes)
    return rounded(mean, "float16"), rounded(variance, "float16")


AdaptsInFloat16 = mutant(
    "adapts-in-float16",
    "Adapted statistics pass through float16.",
    [FEATURE],
    dtypes=("float32", "float64", "bfloat16"),
    moments=float16_statistics,
)
