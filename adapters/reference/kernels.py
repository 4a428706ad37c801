"""The reference's dense layers whose kernel is normalized: by magnitude, or by its largest singular value.

Formulas of Salimans and Kingma 2016 and of Miyato et al. 2018; what is kept, and when the kernel is replaced, as in
Keras' SpectralNormalization. The kernel is (inputs, units). Its first values are drawn from a fixed seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import KerasArguments
from ..arrays import Array, View, decode, encode, floating
from .layer import Layer, Pass
from .textbook import Values

KERNELS = ("weight_normalization", "spectral_normalization")
SMALLEST_LENGTH = 1e-7
SEED = 0


def make_kernel(a: KerasArguments) -> Layer:
    """A layer of checked arguments. Raises ValueError for a number out of its range."""
    options: dict[str, Any] = {"units": _positive("units", a.units)}
    if a.layer == "spectral_normalization":
        options["power_iterations"] = _positive("power_iterations", a.power_iterations)
        return Layer(a.layer, floating(a.dtype), (), trainable=bool(a.trainable), options=options)
    options["dim"] = a.dim
    return Layer(a.layer, floating(a.dtype), (), options=options)


def _positive(name: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} must be a positive integer, it is {value!r}")
    return value


def build_kernel(layer: Layer, shape: tuple[int, ...]) -> None:
    """Create the weights: g and kernel, or kernel and vector_u."""
    layer.shape, units = shape, layer.options["units"]
    drawn = np.random.default_rng(SEED).normal(size=(shape[-1] + 1, units)).astype(layer.working)
    kernel = drawn[:-1]
    if layer.kind == "spectral_normalization":
        values = {"kernel": kernel, "vector_u": drawn[-1:] / 50}
    else:
        values = {"g": length_of(layer, kernel).reshape(_magnitude_shape(layer, kernel)), "kernel": kernel}
    layer.weights = {name: encode(value, layer.dtype) for name, value in values.items()}


def _magnitude_shape(layer: Layer, kernel: Values) -> tuple[int, ...]:
    dim = layer.options["dim"]
    return () if dim is None else (kernel.shape[dim],)


def length_of(layer: Layer, kernel: Values) -> Values:
    """The Euclidean norm over all that shares a magnitude, its axes kept."""
    length: Values = np.sqrt(np.square(kernel).sum(axis=shared_axes(layer), keepdims=True))
    return length


def shared_axes(layer: Layer) -> tuple[int, ...]:
    """The axes of the kernel over which a magnitude is shared."""
    dim = layer.options["dim"]
    return (0, 1) if dim is None else (1 - dim % 2,)


def held(layer: Layer, name: str) -> Values:
    """A weight in the working dtype."""
    return decode(layer.weights[name]).astype(layer.working)


def kernel_forward(layer: Layer, array: Array | View, training: bool | None) -> Pass:
    """The output; z: the kernel that it was computed with; r: what the kernel was multiplied by.

    Raises ValueError for an input of another length than the kernel's.
    """
    x = decode(array).astype(layer.working)
    if x.shape[-1] != layer.shape[-1]:
        raise ValueError(f"the kernel was built for {layer.shape[-1]} inputs, and was given {x.shape[-1]}")
    if layer.kind == "weight_normalization":
        kernel = held(layer, "kernel")
        length = length_of(layer, kernel)
        scale = held(layer, "g").reshape(length.shape) / length
        return Pass(x @ (kernel * scale), kernel * scale, scale, (), (length, length))
    if training:
        normalize_kernel(layer)
    kernel = held(layer, "kernel")
    return Pass(x @ kernel, kernel, np.ones((), layer.working), (), (kernel, kernel))


def normalize_kernel(layer: Layer) -> None:
    """Iterate the vector, and divide the kernel by its largest singular value; a kernel of zeros is left alone."""
    kernel, u = held(layer, "kernel"), held(layer, "vector_u")
    if not kernel.any():
        return
    v = u
    for _ in range(iterations(layer)):
        v = unit(u @ kernel.T)
        u = unit(v @ kernel)
    layer.weights["vector_u"] = encode(u, layer.dtype)
    layer.weights["kernel"] = encode(kernel / (v @ kernel @ u.T), layer.dtype)


def iterations(layer: Layer) -> int:
    """How many steps of the power method a call in training makes."""
    return int(layer.options["power_iterations"])


def unit(vector: Values) -> Values:
    """A vector divided by its length."""
    length = np.sqrt(np.square(vector).sum())
    divided: Values = vector / np.maximum(length, vector.dtype.type(SMALLEST_LENGTH))
    return divided


def kernel_backward(layer: Layer, seen: Pass, array: Array | View, upstream: Array | View) -> dict[str, Values]:
    """The gradients of sum(upstream * output): of `input` and of each trainable weight."""
    x, g = decode(array).astype(layer.working), decode(upstream).astype(layer.working)
    inward = g @ seen.z.T
    d = x.reshape(-1, x.shape[-1]).T @ g.reshape(-1, g.shape[-1])
    if layer.kind == "spectral_normalization":
        return {"input": inward} | ({"kernel": d} if layer.trainable else {})
    kernel, length = held(layer, "kernel"), seen.moments[0]
    along = (d * kernel).sum(axis=shared_axes(layer), keepdims=True)
    direction = seen.r * (d - kernel * along / np.square(length))
    return {"input": inward, "g": (along / length).reshape(_magnitude_shape(layer, kernel)), "kernel": direction}
