"""Mutants whose output and gradients are right, and whose other derivatives, or whose samples of a stack, are not."""

from __future__ import annotations

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.reference.derivatives import (
    derivatives_of_gradients,
    direction,
    forward_derivative,
    hessian_product,
    second_derivative,
    times_gamma,
    vector,
)
from normcheck.adapters.reference.formula_derivatives import (
    formula_derivative,
    formula_gradient_derivatives,
    formula_second_derivative,
)
from normcheck.adapters.reference.kernels import KERNELS
from normcheck.adapters.reference.layer import forward, scale_of
from normcheck.tests.mutants.mutant import (
    ALL,
    BATCH,
    CENTRED,
    ONE,
    RESPONSE,
    RMS,
    STATISTICAL,
    UNIT,
    mutant,
    rounded,
)


def moving(formula):
    """The change that takes the derivative of z by `formula` of t, seen, mean(t) and mean(t z)."""

    def faulty(layer, seen, t):
        if not seen.axes:
            return direction(layer, seen, t)
        mean = t.mean(axis=seen.axes, keepdims=True) if layer.kind != RMS else 0
        return formula(t, seen, mean, (t * seen.z).mean(axis=seen.axes, keepdims=True))

    return faulty


def bending(formula):
    """The change that takes the Hessian's product by `formula` of z, r, m, b, c2, q and w."""

    def faulty(a, t, z, r, axes, centred):
        def mean(values):
            return values.mean(axis=axes, keepdims=True)

        level, slope = (mean(v) if centred else 0 for v in (a, t))
        c2, m = mean(a * z), mean(t * z)
        b, q = a - level - z * c2, t - slope - z * m
        return formula(z, r, m, b, c2, q, mean(a * (t - slope)) - c2 * m)

    return faulty


def of_gradients(change):
    """The change that alters the derivatives of the gradients: change(layer, name, values)."""
    return lambda layer, seen, upstream, tangent: {
        name: change(layer, name, values)
        for name, values in derivatives_of_gradients(layer, seen, upstream, tangent).items()
    }


ForwardDetached = mutant(
    "forward-mode-detached",
    "Forward mode holds mean and variance constant.",
    STATISTICAL,
    dtypes=ONE,
    stands_for="statistics computed under stop_gradient",
    direction=moving(lambda t, seen, mean, along: t * seen.r),
)
ForwardWithoutMean = mutant(
    "forward-mode-without-mean-term",
    "Forward mode holds the mean constant.",
    CENTRED,
    dtypes=ONE,
    direction=moving(lambda t, seen, mean, along: seen.r * (t - seen.z * along)),
)
ForwardWithoutVariance = mutant(
    "forward-mode-without-variance-term",
    "Forward mode holds the variance constant.",
    STATISTICAL,
    dtypes=ONE,
    direction=moving(lambda t, seen, mean, along: seen.r * (t - mean)),
)
ForwardIgnoresGamma = mutant(
    "forward-mode-ignores-gamma",
    "The derivative of the output forgets that gamma multiplies.",
    STATISTICAL,
    dtypes=ONE,
    forward_derivative=lambda layer, seen, tangent: direction(
        layer, seen, decode(tangent).astype(layer.working).reshape(seen.z.shape)
    ).reshape(seen.output.shape),
)
ForwardOfTheMovingStatistics = mutant(
    "forward-mode-as-in-inference",
    "Forward mode differentiates the layer as it is in inference.",
    [BATCH],
    dtypes=ONE,
    forward=lambda self, layer, x, training, tangent: ReferenceAdapter.forward(self, layer, x, False, tangent),
)
ForwardRounded = mutant(
    "forward-mode-through-bfloat16",
    "The derivative of the output goes through bfloat16.",
    ALL,
    dtypes=ONE,
    forward_derivative=lambda layer, seen, tangent: rounded(forward_derivative(layer, seen, tangent), "bfloat16"),
)
SecondWithoutVariance = mutant(
    "second-derivative-without-variance-term",
    "Second derivatives hold the variance of the first ones constant.",
    STATISTICAL,
    dtypes=ONE,
    hessian_product=bending(lambda z, r, m, b, c2, q, w: -r * r * (c2 * q + z * w)),
)
SecondOfAStoppedMean = mutant(
    "second-derivative-of-a-stopped-mean",
    "The variance is the mean square of the distance from a mean that is held constant: its first derivative is right.",
    CENTRED,
    dtypes=ONE,
    stands_for="tf.nn.moments, under every normalization of Keras on TensorFlow",
    hessian_product=lambda a, t, z, r, axes, centred: (
        hessian_product(a, t, z, r, axes, centred)
        - r * r * (a * z).mean(axis=axes, keepdims=True) * t.mean(axis=axes, keepdims=True)
    ),
)
HessianNotSymmetric = mutant(
    "hessian-not-symmetric",
    "The Hessian lacks the term of how mean(a z) moves.",
    STATISTICAL,
    dtypes=ONE,
    hessian_product=bending(lambda z, r, m, b, c2, q, w: -r * r * (m * b + c2 * q)),
)
SecondReversed = mutant(
    "second-derivative-reversed",
    "The second derivative has the other sign.",
    STATISTICAL,
    dtypes=ONE,
    hessian_product=lambda a, t, z, r, axes, centred: -hessian_product(a, t, z, r, axes, centred),
)
ForwardOverForwardSquared = mutant(
    "forward-over-forward-squared",
    "The second derivative of the output is the square of its first.",
    ALL,
    dtypes=ONE,
    second_derivative=lambda layer, seen, tangent: np.square(forward_derivative(layer, seen, tangent)),
)
ForwardOverForwardDropsATerm = mutant(
    "forward-over-forward-drops-a-term",
    "The rule of forward mode, differentiated once more, takes r for a constant.",
    STATISTICAL,
    dtypes=ONE,
    stands_for="PyTorch 2.13: the derivatives of layer_norm's and batch_norm's forward derivatives (196699, 196700)",
    second_derivative=lambda layer, seen, tangent: _with_constant_r(layer, seen, tangent),
)


def _with_constant_r(layer, seen, tangent):
    right = second_derivative(layer, seen, tangent)
    if not seen.axes:
        return right
    t = vector(layer, seen, tangent)
    along = (t * seen.z).mean(axis=seen.axes, keepdims=True)
    return right + times_gamma(layer, seen, seen.r * along * direction(layer, seen, t))


GammaMissing = mutant(
    "second-order-without-gamma",
    "Second derivatives leave the gradient of gamma out.",
    STATISTICAL,
    dtypes=ONE,
    derivatives_of_gradients=lambda layer, seen, upstream, tangent: {
        name: values
        for name, values in derivatives_of_gradients(layer, seen, upstream, tangent).items()
        if name != scale_of(layer)
    },
)
GammaConstant = mutant(
    "second-order-of-a-constant-gamma",
    "The gradient of gamma is taken not to depend on the input.",
    STATISTICAL,
    dtypes=ONE,
    derivatives_of_gradients=of_gradients(
        lambda layer, name, values: np.zeros_like(values) if name == scale_of(layer) else values
    ),
)
BetaMoves = mutant(
    "second-order-of-a-moving-beta",
    "The gradient of beta is taken to depend on the input.",
    CENTRED,
    dtypes=ONE,
    derivatives_of_gradients=of_gradients(lambda layer, name, values: values + 1 if name == "beta" else values),
)
WaysDisagree = mutant(
    "forward-over-reverse-halved",
    "One of the ways to the same second derivative gives half of it.",
    STATISTICAL,
    dtypes=ONE,
    second_order=lambda self, layer, x, training, upstream, tangent, way: _halved(
        ReferenceAdapter.second_order(self, layer, x, training, upstream, tangent, way), way
    ),
)


def _halved(found, way):
    if way != "forward-over-reverse":
        return found
    return {name: encode(decode(one) / 2, one.dtype) for name, one in found.items()}


def samples(function):
    """The change of how a stack is gone through: function(layer, samples, training) to outputs."""

    def faulty(self, layer, x, training):
        return encode(np.stack(function(self, layer, list(decode(x)), x.dtype, training)), layer.dtype)

    return faulty


def _called(self, layer, values, dtype, training):
    return decode(self.call(layer, encode(values, dtype), training))


StackMixed = mutant(
    "vectorized-samples-exchanged",
    "The outputs of a stack come in the order of the samples reversed.",
    ALL,
    dtypes=ONE,
    vectorized=samples(
        lambda self, layer, stack, dtype, training: [_called(self, layer, one, dtype, training) for one in stack[::-1]]
    ),
)
StackRepeated = mutant(
    "vectorized-first-sample-repeated",
    "Every sample of a stack gets the output of the first.",
    ALL,
    dtypes=ONE,
    vectorized=samples(
        lambda self, layer, stack, dtype, training: [_called(self, layer, stack[0], dtype, training) for _ in stack]
    ),
)


def _as_one(self, layer, stack, dtype, training):
    joined = _called(self, layer, np.concatenate(stack), dtype, training)
    return np.split(joined, len(stack))


StackAsOneBatch = mutant(
    "vectorized-stack-as-one-batch",
    "A stack is normalized as one batch.",
    [BATCH],
    dtypes=ONE,
    stands_for="vmap of a layer in training by folding the mapped axis into the batch",
    vectorized=samples(_as_one),
)


def _by_the_first(self, layer, stack, dtype, training):
    seen = [forward(layer, encode(one, dtype), training) for one in stack]
    moved = (stack[0].mean() - stack[1].mean()) * 0.5
    return [seen[0].output, seen[1].output + moved.astype(seen[1].output.dtype)]


StackLeaks = mutant(
    "vectorized-samples-leak",
    "What is subtracted from the second sample depends on the first.",
    ALL,
    dtypes=ONE,
    vectorized=samples(_by_the_first),
)
FormulaForwardDetached = mutant(
    "norm-held-constant-in-forward-mode",
    "Forward mode holds what divides the input constant.",
    (UNIT, RESPONSE),
    dtypes=ONE,
    formula_derivative=lambda layer, seen, x, tangent: decode(tangent).astype(layer.working) * seen.r,
)
FormulaBendForgotten = mutant(
    "norm-held-constant-in-second-derivatives",
    "The second derivative of the output leaves the bend of the norm out.",
    (UNIT, RESPONSE),
    dtypes=ONE,
    formula_second_derivative=lambda layer, seen, x, tangent: (
        formula_second_derivative(layer, seen, x, tangent) + formula_derivative(layer, seen, x, tangent)
    ),
)
FormulaGradientsStand = mutant(
    "gradient-of-the-norm-stands-still",
    "The derivative of the input's gradient is taken for zero.",
    (UNIT, RESPONSE),
    dtypes=ONE,
    formula_gradient_derivatives=lambda layer, seen, x, upstream, tangent: {"input": np.zeros_like(seen.output)},
)
KernelGradientStands = mutant(
    "gradient-of-the-kernel-stands-still",
    "The derivative of a kernel's gradient is that gradient.",
    KERNELS,
    dtypes=ONE,
    formula_gradient_derivatives=lambda layer, seen, x, upstream, tangent: formula_gradient_derivatives(
        layer, seen, x, upstream, x
    ),
)
KernelBends = mutant(
    "output-of-a-kernel-bends",
    "The second derivative of a dense layer's output is not zero.",
    KERNELS,
    dtypes=ONE,
    formula_second_derivative=lambda layer, seen, x, tangent: formula_derivative(layer, seen, x, tangent),
)
