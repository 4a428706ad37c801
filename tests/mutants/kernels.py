"""Mutants that normalize the kernel of a dense layer in a wrong way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference import kernels
from normcheck.adapters.reference.kernels import held, kernel_backward, kernel_forward, length_of, normalize_kernel
from normcheck.tests.mutants.mutant import FLOATING, ONE, mutant

WEIGHT, SPECTRAL = kernels.KERNELS


def scaled(change):
    """The forward pass with another scale: change(layer, magnitude, length, kernel)."""

    def forward(layer, array, training):
        if layer.kind != WEIGHT:
            return kernel_forward(layer, array, training)
        kernel = held(layer, "kernel")
        length = length_of(layer, kernel)
        scale = change(layer, held(layer, "g").reshape(length.shape), length, kernel)
        x = decode(array).astype(layer.working)
        return replace(kernel_forward(layer, array, training), output=x @ (kernel * scale), z=kernel * scale)

    return forward


def weighted(name, description, change, **more):
    return mutant(name, description, (WEIGHT,), kernel_forward=scaled(change), **more)


DirectionNotNormalized = weighted(
    "direction-not-normalized", "The kernel is magnitude times direction.", lambda layer, g, length, kernel: g
)
MagnitudeIgnored = weighted(
    "magnitude-ignored", "The kernel is the direction at length 1.", lambda layer, g, length, kernel: 1 / length
)
RootForgotten = weighted(
    "root-of-length-forgotten",
    "The direction is divided by the square of its length.",
    lambda layer, g, length, kernel: g / length**2,
)
MeanForSum = weighted(
    "mean-for-sum-in-length",
    "The length is the root of the mean square.",
    lambda layer, g, length, kernel: g / (length / np.sqrt(kernel.size / length.size).astype(length.dtype)),
)
NormOverAll = weighted(
    "norm-over-all",
    "One norm is taken over the whole kernel.",
    lambda layer, g, length, kernel: g / np.sqrt(np.square(kernel).sum()),
)
NormPerUnit = mutant(
    "norm-per-unit",
    "Every unit has a norm of its own, whatever `dim` says.",
    (WEIGHT,),
    dtypes=ONE,
    length_of=lambda layer, kernel: np.sqrt(np.square(kernel).sum(axis=0, keepdims=True)),
)


def backward_with(change):
    """The backward pass with its gradients changed: change(layer, seen, found)."""

    def backward(layer, seen, array, upstream):
        found = kernel_backward(layer, seen, array, upstream)
        x, g = decode(array).astype(layer.working), decode(upstream).astype(layer.working)
        return found | change(layer, seen, x.T @ g, found)

    return backward


ProjectionForgotten = mutant(
    "direction-gradient-along-itself",
    "The gradient of the direction keeps its part along the direction.",
    (WEIGHT,),
    kernel_backward=backward_with(lambda layer, seen, d, found: {"kernel": seen.r * d}),
)
MagnitudeGradient = mutant(
    "magnitude-gradient-not-divided",
    "The gradient of the magnitude is not divided by the length.",
    (WEIGHT,),
    kernel_backward=backward_with(
        lambda layer, seen, d, found: {"g": found["g"] * seen.moments[0].reshape(found["g"].shape)}
    ),
)


def spectral(name, description, **changes):
    return mutant(name, description, (SPECTRAL,), dtypes=changes.pop("dtypes", FLOATING), **changes)


IteratesInInference = spectral(
    "iterates-in-inference",
    "A call in inference normalizes the kernel too.",
    kernel_forward=lambda layer, array, training: kernel_forward(layer, array, True),
)
OneIterationOnly = spectral(
    "one-iteration-only", "Every call makes one iteration.", dtypes=ONE, iterations=lambda layer: 1
)


def keeping(*names):
    """Normalize the kernel, and then put weights back as they were, but for the output of this call."""

    def normalize(layer):
        before = {name: layer.weights[name] for name in names}
        normalize_kernel(layer)
        layer.weights.update(before)

    return normalize


VectorsNotKept = spectral(
    "vectors-not-kept", "The vector starts anew in every call.", normalize_kernel=keeping("vector_u")
)
NotDivided = spectral(
    "spectral-norm-not-divided", "The kernel is iterated with, and not divided.", normalize_kernel=keeping("kernel")
)


def of_frobenius(layer):
    kernel = held(layer, "kernel")
    normalize_kernel(layer)
    if kernel.any():
        layer.weights["kernel"] = encode(kernel / np.sqrt(np.square(kernel).sum()), layer.dtype)


FrobeniusNorm = spectral(
    "frobenius-norm", "The kernel is divided by its Frobenius norm.", normalize_kernel=of_frobenius
)
VectorNotNormalized = spectral(
    "vector-not-normalized", "The vectors are not divided by their lengths.", unit=lambda vector: vector
)


def frozen(layer):
    if layer.trainable:
        normalize_kernel(layer)


FrozenLayer = spectral(
    "frozen-layer-is-not-normalized",
    "A layer that is not trainable leaves its kernel as it is.",
    dtypes=ONE,
    normalize_kernel=frozen,
)


def zeros_divided(layer):
    kernel = held(layer, "kernel")
    if kernel.any():
        normalize_kernel(layer)
    else:
        layer.weights["kernel"] = encode(kernel / kernel.sum(), layer.dtype)


ZerosDivided = spectral(
    "kernel-of-zeros-divided", "A kernel of zeros is divided by zero.", dtypes=ONE, normalize_kernel=zeros_divided
)
RowsForgotten = mutant(
    "gradient-of-the-first-rows",
    "The gradient of the kernel adds up the rows of the first example alone.",
    (WEIGHT, SPECTRAL),
    dtypes=ONE,
    kernel_backward=lambda layer, seen, array, upstream: (
        kernel_backward(layer, seen, *(encode(decode(one)[:1], one.dtype) for one in (array, upstream)))
        | {"input": kernel_backward(layer, seen, array, upstream)["input"]}
        if decode(array).ndim > 2
        else kernel_backward(layer, seen, array, upstream)
    ),
)
