"""The reference's derivatives in a direction t of its input for layers that are no normalization by mean and variance.

The formulas of `reference_formulas` and `reference_kernels`, differentiated once more by hand; a dash is the derivative
in the direction t.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array, View, decode
from ..interface import Unsupported
from .filter_response import FILTER, filter_derivative, filter_gradient_derivatives, filter_second_derivative
from .formulas import over_neighbours
from .kernels import KERNELS, kernel_backward
from .layer import Layer, Pass
from .textbook import Values


def formula_derivative(layer: Layer, seen: Pass, array: Array | View, tangent: Array | View) -> Values:
    """The derivative of the output, y'."""
    if layer.kind == FILTER:
        return filter_derivative(layer, seen, tangent)
    t, x = _values(layer, tangent), _values(layer, array)
    if layer.kind in KERNELS:
        moved: Values = t @ seen.z
        return moved
    if layer.kind == "unit_normalization":
        return _unit(layer, seen, x, t)[0]
    return _response(layer, seen, x, t)[0]


def formula_second_derivative(layer: Layer, seen: Pass, array: Array | View, tangent: Array | View) -> Values:
    """The second derivative of the output, y''."""
    if layer.kind == FILTER:
        return filter_second_derivative(layer, seen, tangent)
    t, x = _values(layer, tangent), _values(layer, array)
    if layer.kind in KERNELS:
        return np.zeros_like(seen.output)
    if layer.kind == "unit_normalization":
        moved, slope, norm = _unit(layer, seen, x, t)
        bend = (np.square(t).sum(axis=layer.axes, keepdims=True) - slope**2) / norm
        unit: Values = (-2 * moved * slope - seen.output * bend) / norm
        return unit
    _, f, s = _response(layer, seen, x, t)
    beta = x.dtype.type(layer.options["beta"])
    share = x.dtype.type(2 * layer.options["alpha"] / layer.options["size"])
    curved = share * over_neighbours(np.square(t), *_window(layer))
    scale = seen.moments[0]
    response: Values = 2 * t * f + x * (beta * seen.r / scale) * ((beta + 1) * s**2 / scale - curved)
    return response


def formula_gradient_derivatives(
    layer: Layer, seen: Pass, array: Array | View, upstream: Array | View, tangent: Array | View
) -> dict[str, Values]:
    """The derivatives of the gradients of sum(upstream * output): `input`, and each trainable weight by name."""
    if layer.kind == FILTER:
        return filter_gradient_derivatives(layer, seen, upstream, tangent)
    x, g, t = (_values(layer, one) for one in (array, upstream, tangent))
    if layer.kind in KERNELS:
        return kernel_backward(layer, seen, tangent, upstream) | {"input": np.zeros_like(x)}
    if layer.kind == "unit_normalization":
        return {"input": _unit_gradient(layer, seen, x, g, t)}
    return {"input": _response_gradient(layer, seen, x, g, t)}


def _values(layer: Layer, array: Array | View) -> Values:
    return decode(array).astype(layer.working)


def _unit(layer: Layer, seen: Pass, x: Values, t: Values) -> tuple[Values, Values, Values]:
    """y', the norm's derivative, the norm. Raises Unsupported for another order than 2, or where epsilon divides."""
    norm, d = seen.moments
    if layer.options["order"] != 2 or not (norm == d).all():
        raise Unsupported("the reference has second derivatives of the Euclidean norm alone, where epsilon is below it")
    slope = (seen.output * t).sum(axis=layer.axes, keepdims=True)
    return (t - seen.output * slope) / norm, slope, norm


def _unit_gradient(layer: Layer, seen: Pass, x: Values, g: Values, t: Values) -> Values:
    """G = (g - c y) / N with c = sum(g y), so G' = -(c' y + c y' + G N') / N."""
    moved, slope, norm = _unit(layer, seen, x, t)
    c, c_moved = ((g * one).sum(axis=layer.axes, keepdims=True) for one in (seen.output, moved))
    gradient = (g - c * seen.output) / norm
    curved: Values = -(c_moved * seen.output + c * moved + gradient * slope) / norm
    return curved


def _window(layer: Layer) -> tuple[int, int]:
    size = int(layer.options["size"])
    return -(size // 2), (size - 1) // 2


def _response(layer: Layer, seen: Pass, x: Values, t: Values) -> tuple[Values, Values, Values]:
    """y', f' and s' of y = x f, f = s^-beta."""
    share = x.dtype.type(2 * layer.options["alpha"] / layer.options["size"])
    s = share * over_neighbours(x * t, *_window(layer))
    f = -x.dtype.type(layer.options["beta"]) * seen.r / seen.moments[0] * s
    return t * seen.r + x * f, f, s


def _response_gradient(layer: Layer, seen: Pass, x: Values, g: Values, t: Values) -> Values:
    """G = g f - c x B with B = sum of g y / s, so G' = g f' - c (t B + x B')."""
    moved, f, s = _response(layer, seen, x, t)
    first, last = _window(layer)
    scale = seen.moments[0]
    factor = x.dtype.type(2 * layer.options["alpha"] * layer.options["beta"] / layer.options["size"])
    b = over_neighbours(g * seen.output / scale, -last, -first)
    b_moved = over_neighbours(g * (moved - seen.output * s / scale) / scale, -last, -first)
    gradient: Values = g * f - factor * (t * b + x * b_moved)
    return gradient
