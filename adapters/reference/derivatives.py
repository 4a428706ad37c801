"""The reference's derivatives in a direction t of its input: the textbook's formulas, differentiated once more.

The Hessian is symmetric, so that reverse over reverse and forward over reverse are one formula here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, View, decode
from . import textbook
from .layer import Layer, Pass, others, scale_of, weight_of
from .textbook import Axes, Values


def forward_derivative(layer: Layer, seen: Pass, tangent: Array | View) -> Values:
    """The derivative of the output: gamma r (t - mean(t) - z mean(t z)); gamma r t where statistics are given."""
    return times_gamma(layer, seen, direction(layer, seen, vector(layer, seen, tangent)))


def derivatives_of_gradients(
    layer: Layer, seen: Pass, upstream: Array | View, tangent: Array | View
) -> dict[str, Values]:
    """The derivatives of the gradients of sum(upstream * output): `input`, and each trainable weight by name."""
    t, g = vector(layer, seen, tangent), vector(layer, seen, upstream)
    shape = seen.output.shape
    a = times_gamma(layer, seen, g).reshape(g.shape)
    found = {"input": curvature(layer, seen, a, t).reshape(shape)}
    moved = (g * direction(layer, seen, t)).reshape(shape)
    for name, values in ((scale_of(layer), moved), ("beta", np.zeros_like(moved))):
        if name in layer.weights and layer.trainable:
            found[name] = values.sum(axis=others(layer))
    return found


def second_derivative(layer: Layer, seen: Pass, tangent: Array | View) -> Values:
    """The second derivative of the output."""
    t = vector(layer, seen, tangent)
    return times_gamma(layer, seen, curvature(layer, seen, t, t))


def vector(layer: Layer, seen: Pass, array: Array | View) -> Values:
    """`array` in the working dtype and in the shape in which groups have an axis of their own."""
    return decode(array).astype(layer.working).reshape(seen.z.shape)


def times_gamma(layer: Layer, seen: Pass, values: Values) -> Values:
    """`values` in the shape of the output, times gamma."""
    laid, gamma = values.reshape(seen.output.shape), weight_of(layer, scale_of(layer))
    return laid if gamma is None else laid * gamma


def direction(layer: Layer, seen: Pass, t: Values) -> Values:
    """The derivative of z."""
    return textbook.normalized_gradient(t, seen.z, seen.r, seen.axes, centred(layer)) if seen.axes else t * seen.r


def curvature(layer: Layer, seen: Pass, a: Values, t: Values) -> Values:
    """The Hessian of sum(a z) applied to t; z is linear where statistics are given."""
    return hessian_product(a, t, seen.z, seen.r, seen.axes, centred(layer)) if seen.axes else np.zeros_like(a)


def centred(layer: Layer) -> bool:
    """Whether a mean is subtracted."""
    return layer.kind != "rms_normalization"


def hessian_product(a: Values, t: Values, z: Values, r: Values, axes: Axes, centred: bool) -> Values:
    """-r² (m b + c2 q + z w): the derivative of r (a - mean(a) - z mean(a z)) in the direction t.

    c2 = mean(a z), b = a - mean(a) - z c2, m = mean(t z), q = t - mean(t) - z m, w = mean(a (t - mean(t))) - c2 m;
    without the means of a and t where no mean is subtracted. r' = -r² m, z' = r q and c2' = r w.
    """

    def mean(values: Values) -> Any:
        return values.mean(axis=axes, keepdims=True)

    level, slope = (mean(v) if centred else 0 for v in (a, t))
    along, moved = mean(a * z), mean(t * z)
    b, q = a - level - z * along, t - slope - z * moved
    across = mean(a * (t - slope)) - along * moved
    product: Values = -np.square(r) * (moved * b + along * q + z * across)
    return product
