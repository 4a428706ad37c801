"""The reference's layers that are no normalization by mean and variance: unit and local response normalization.

Formulas as `torch.nn.functional.normalize` and `torch.nn.LocalResponseNorm` document them, with their derivatives; the
arithmetic is that of `reference_layer`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import KerasArguments
from ..arrays import Array, View, decode, floating
from .layer import Layer, Pass
from .textbook import Axes, Values

FORMULAS = ("unit_normalization", "local_response_normalization")
CHANNELS = 1


def make_formula(a: KerasArguments) -> Layer:
    """A layer of checked arguments.

    Raises TypeError for an axis or a size that is no integer, ValueError for a number out of its range.
    """
    if a.layer == "unit_normalization":
        options = {"order": _number("order", a.order, 1), "epsilon": _number("epsilon", a.epsilon, 0)}
        return Layer(a.layer, floating(a.dtype), _axes(a.axis), options=options)
    if type(a.size) is not int:
        raise TypeError(f"size must be an integer, it is {a.size!r}")
    options = {name: _number(name, getattr(a, name), least) for name, least in _RESPONSE.items()}
    return Layer(a.layer, floating(a.dtype), (CHANNELS,), options=options)


_RESPONSE = {"size": 1, "alpha": 0, "beta": 0, "k": 0}


def _number(name: str, value: Any, least: float) -> float:
    if not value >= least:
        raise ValueError(f"{name} must be at least {least}, it is {value}")
    return float(value)


def _axes(axis: Any) -> Axes:
    axes = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    if not axes or not all(type(one) is int for one in axes):
        raise TypeError(f"axis must be an integer or a list of integers, it is {axis!r}")
    return axes


def formula_forward(layer: Layer, array: Array | View) -> Pass:
    """The output. Raises ValueError for an input of another rank, or for one without positions along the channels."""
    x = decode(array).astype(layer.working)
    if x.ndim != len(layer.shape):
        raise ValueError(f"the layer was built for inputs of shape {layer.shape}, and was given shape {x.shape}")
    return unit_forward(layer, x) if layer.kind == "unit_normalization" else response_forward(layer, x)


def formula_backward(layer: Layer, seen: Pass, array: Array | View, upstream: Array | View) -> dict[str, Values]:
    """The gradient of sum(upstream * output) of the input, under `input`."""
    x, g = decode(array).astype(layer.working), decode(upstream).astype(layer.working)
    if layer.kind == "unit_normalization":
        return {"input": unit_backward(layer, seen, x, g)}
    return {"input": response_backward(layer, seen, x, g)}


def unit_forward(layer: Layer, x: Values) -> Pass:
    """The output x / max(norm, epsilon); moments: the norm, and what divides."""
    norm = lp_norm(x, layer.options["order"], layer.axes)
    d = limited(norm, layer.options["epsilon"])
    y = x / d
    return Pass(y, y, 1 / d, layer.axes, (norm, d))


def lp_norm(x: Values, order: float, axes: Axes) -> Values:
    """(sum |x|^order)^(1 / order), and the largest |x| for an infinite order."""
    size = np.abs(x)
    if math.isinf(order):
        largest: Values = size.max(axis=axes, keepdims=True, initial=0)
        return largest
    if order == 2:
        root: Values = np.sqrt(np.square(x).sum(axis=axes, keepdims=True))
        return root
    total = (size ** x.dtype.type(order)).sum(axis=axes, keepdims=True)
    norm: Values = total ** x.dtype.type(1 / order)
    return norm


def limited(norm: Values, epsilon: float) -> Values:
    """The norm, or epsilon where that is larger."""
    limit: Values = np.maximum(norm, norm.dtype.type(epsilon))
    return limit


def unit_backward(layer: Layer, seen: Pass, x: Values, g: Values) -> Values:
    """(g - sum(g y) dnorm/dx) / d; where epsilon divides, the norm has no part in it."""
    norm, d = seen.moments
    along = (g * seen.z).sum(axis=layer.axes, keepdims=True) * slope(x, norm, layer.options["order"], layer.axes)
    above = norm > norm.dtype.type(layer.options["epsilon"])
    gradient: Values = (g - np.where(above | np.isnan(norm), along, 0)) / d
    return gradient


def slope(x: Values, norm: Values, order: float, axes: Axes) -> Values:
    """The derivative of the norm: sign(x) (|x| / norm)^(order - 1); of an infinite order, shared by the largest."""
    if math.isinf(order):
        largest = np.abs(x) == norm
        return np.asarray(np.sign(x) * largest / largest.sum(axis=axes, keepdims=True), x.dtype)
    steep: Values = np.sign(x) * (np.abs(x) / norm) ** x.dtype.type(order - 1)
    return steep


def response_forward(layer: Layer, x: Values) -> Pass:
    """The output x s^-beta, with s = k + alpha / size times the sum of the neighbours' squares; moments: s twice."""
    if x.ndim < 3:
        raise ValueError(f"local response normalization takes 3 dimensions or more, not {x.ndim}")
    s = response_scale(layer, x)
    f = s ** x.dtype.type(-layer.options["beta"])
    return Pass(x * f, x * f, f, layer.axes, (s, s))


def response_scale(layer: Layer, x: Values) -> Values:
    """What the power is taken of."""
    size = int(layer.options["size"])
    sums = over_neighbours(np.square(x), -(size // 2), (size - 1) // 2)
    scale: Values = x.dtype.type(layer.options["k"]) + x.dtype.type(layer.options["alpha"] / size) * sums
    return scale


def over_neighbours(values: Values, first: int, last: int) -> Values:
    """For each channel, the sum over those from `first` to `last` places further; those not there count as zero."""
    channels = values.shape[CHANNELS]
    total = np.zeros_like(values)
    for distance in range(first, last + 1):
        start, stop = max(0, -distance), min(channels, channels - distance)
        if start < stop:
            total[:, start:stop] += values[:, start + distance : stop + distance]
    return total


def response_backward(layer: Layer, seen: Pass, x: Values, g: Values) -> Values:
    """G s^-beta - 2 alpha beta / size x (sum of g y / s over the channels that look here)."""
    size = int(layer.options["size"])
    factor = x.dtype.type(2 * layer.options["alpha"] * layer.options["beta"] / size)
    through = over_neighbours(g * seen.z / seen.moments[0], -((size - 1) // 2), size // 2)
    gradient: Values = g * seen.r - factor * x * through
    return gradient
