"""The reference's filter response normalization: Singh and Krishnan 2019, with the threshold and the learned epsilon.

The input is (examples, height, width, channels). Arithmetic and rounding are those of `layer`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import KerasArguments
from ..arrays import Array, View, decode, encode, floating
from ..interface import Unsupported
from . import textbook
from .derivatives import hessian_product
from .layer import Layer, Pass, initial_value, read_constraint, read_options
from .textbook import Values

FILTER = "filter_response_normalization"
POSITIONS = (1, 2)
CHANNELS = 3
SHARED = (0, *POSITIONS)
LEARNED = 1e-4


def make_filter(a: KerasArguments) -> Layer:
    """A layer of checked arguments. Raises TypeError for an axis that is no list, ValueError for other axes."""
    if not isinstance(a.axis, list | tuple):
        raise TypeError(f"axis must be a list of integers, it is {a.axis!r}")
    if list(a.axis) != list(POSITIONS):
        raise ValueError(f"axis must be the axes of the positions, {list(POSITIONS)}, not {list(a.axis)}")
    layer = Layer(a.layer, floating(a.dtype), POSITIONS, abs(float(a.epsilon)), trainable=bool(a.trainable))
    layer.initial = {"learned_epsilon": LEARNED} if a.learned_epsilon else {}
    for name in ("gamma", "beta"):
        layer.initial[name] = initial_value(name, getattr(a, f"{name}_initializer"))
        read_options(layer, a, name)
    read_constraint(layer, "learned_epsilon", a.learned_epsilon_constraint)
    layer.initial |= {"tau": 0.0} if a.threshold else {}
    return layer


def build_filter(layer: Layer, shape: tuple[int | None, ...]) -> None:
    """Create the weights: learned_epsilon, gamma, beta, tau. Raises ValueError for another rank than four."""
    if len(shape) != CHANNELS + 1:
        raise ValueError(f"the input must have 4 dimensions, it has the shape {shape}")
    if shape[CHANNELS] is None:
        raise ValueError(f"axis {CHANNELS} has no size in shape {shape}")
    layer.shape = shape
    for name, value in layer.initial.items():
        laid = (1,) if name == "learned_epsilon" else (1, 1, 1, shape[CHANNELS] or 0)
        layer.weights[name] = encode(np.full(laid, value, layer.working), layer.stored)


def held(layer: Layer, name: str) -> Values:
    """A weight in the working dtype, which broadcasts against the input as it is."""
    return decode(layer.weights[name]).astype(layer.working)


def filter_forward(layer: Layer, array: Array | View) -> Pass:
    """The output; moments: gamma z + beta, and 1 where it passes the threshold. Raises ValueError for another shape."""
    x = decode(array).astype(layer.working)
    if x.ndim != len(layer.shape) or x.shape[CHANNELS] != layer.shape[CHANNELS]:
        raise ValueError(f"the layer was built for inputs of shape {layer.shape}, and was given shape {x.shape}")
    z, r = filtered(layer, x)
    t = z * held(layer, "gamma") + held(layer, "beta")
    return Pass(limited_from_below(layer, t), z, r, POSITIONS, (t, passing(layer, t)))


def filtered(layer: Layer, x: Values) -> tuple[Values, Values]:
    """The input divided by sqrt(mean x^2 + epsilon), and what it was multiplied by."""
    r = 1 / np.sqrt(textbook.mean_square(x, POSITIONS) + whole_epsilon(layer))
    return x * r, r


def whole_epsilon(layer: Layer) -> Values:
    """|epsilon| + |learned epsilon|."""
    given = np.asarray(layer.epsilon, layer.working)
    return given + np.abs(held(layer, "learned_epsilon")) if "learned_epsilon" in layer.weights else given


def limited_from_below(layer: Layer, t: Values) -> Values:
    """The larger of t and tau; NaN stays."""
    limited: Values = np.maximum(t, held(layer, "tau")) if "tau" in layer.weights else t
    return limited


def passing(layer: Layer, t: Values) -> Values:
    """1 where t is the larger, 0 where tau is."""
    above = t > held(layer, "tau") if "tau" in layer.weights else np.ones(t.shape, np.bool_)
    return above.astype(t.dtype)


def filter_backward(layer: Layer, seen: Pass, upstream: Array | View) -> dict[str, Values]:
    """The gradients of sum(upstream * output): `input`, and each trainable weight in its own shape."""
    g = decode(upstream).astype(layer.working)
    h = g * seen.moments[1]
    a = h * held(layer, "gamma")
    found = {"input": textbook.normalized_gradient(a, seen.z, seen.r, POSITIONS, centred=False)}
    parts = {"gamma": h * seen.z, "beta": h, "tau": g - h}
    gradients = {name: values.sum(axis=SHARED, keepdims=True) for name, values in parts.items()}
    gradients["learned_epsilon"] = epsilon_gradient(layer, seen, a)
    trained = layer.weights if layer.trainable else ()
    return found | {name: one for name, one in gradients.items() if name in trained}


def epsilon_gradient(layer: Layer, seen: Pass, a: Values) -> Values:
    """-sign(learned epsilon) / 2 * sum(a z r^2), the derivative of |learned epsilon| included."""
    if "learned_epsilon" not in layer.weights:
        return np.zeros(1, layer.working)
    total = ((a * seen.z).sum(axis=POSITIONS, keepdims=True) * np.square(seen.r)).sum()
    slope: Values = -np.sign(held(layer, "learned_epsilon")) / 2 * total
    return slope.astype(layer.working)


def filter_derivative(layer: Layer, seen: Pass, tangent: Array | View) -> Values:
    """The derivative of the output in a direction."""
    t = decode(tangent).astype(layer.working)
    moved = textbook.normalized_gradient(t, seen.z, seen.r, POSITIONS, centred=False)
    along: Values = moved * held(layer, "gamma") * seen.moments[1]
    return along


def filter_second_derivative(layer: Layer, seen: Pass, tangent: Array | View) -> Values:
    """The second derivative of the output in a direction."""
    t = decode(tangent).astype(layer.working)
    curved = hessian_product(t, t, seen.z, seen.r, POSITIONS, centred=False)
    along: Values = curved * held(layer, "gamma") * seen.moments[1]
    return along


def filter_gradient_derivatives(
    layer: Layer, seen: Pass, upstream: Array | View, tangent: Array | View
) -> dict[str, Values]:
    """The derivatives of the gradients of `filter_backward`. Raises Unsupported where epsilon is learned."""
    if "learned_epsilon" in layer.weights:
        raise Unsupported("the reference has no second derivatives of a learned epsilon")
    g, t = (decode(one).astype(layer.working) for one in (upstream, tangent))
    h = g * seen.moments[1]
    curved = hessian_product(h * held(layer, "gamma"), t, seen.z, seen.r, POSITIONS, centred=False)
    moved = h * textbook.normalized_gradient(t, seen.z, seen.r, POSITIONS, centred=False)
    parts: dict[str, Any] = {"gamma": moved, "beta": np.zeros_like(g), "tau": np.zeros_like(g)}
    gradients = {name: values.sum(axis=SHARED, keepdims=True) for name, values in parts.items()}
    trained = layer.weights if layer.trainable else ()
    return {"input": curved} | {name: one for name, one in gradients.items() if name in trained}
