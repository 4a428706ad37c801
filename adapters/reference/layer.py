"""The reference's layers: arguments checked, weights, and the textbook's formulas put together.

The arguments and their defaults are Keras'. 16-bit and float32 layers compute in float32, float64 ones in
float64.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arguments import KerasArguments
from ..arrays import Array, View, decode, encode, floating
from ..interface import Unsupported
from . import textbook
from .renorm import corrections, limits_of, move_renormed
from .textbook import Values

INITIAL = {"zeros": 0.0, "ones": 1.0}
REGULARIZERS = ("l1", "l2")
CONSTRAINTS = ("non_neg", "unit_norm", "max_norm")
SMALLEST_DEVIATION = 1e-7
MOVING = ("batch_normalization", "instance_normalization")


@dataclass(slots=True)
class Layer:
    """A layer: its checked arguments, and, once built, its weights in the dtype they are `stored` in.

    dtype: that of the output; input and weights are widened to the one computed in.
    arguments: those that were given, as they were given; a saved layer is made from them again. options: those of
    a layer of `reference_formulas` or `reference_kernels`.
    """

    kind: str
    dtype: str
    axes: tuple[int, ...]
    epsilon: float = 0.0
    momentum: float = 0.0
    groups: int = 0
    limits: dict[str, float] | None = None
    renorm_momentum: float = 0.0
    trainable: bool = True
    given: tuple[Any, Any] | None = None
    invert: bool = False
    initial: dict[str, float] = field(default_factory=dict)
    regularizers: dict[str, tuple[str, float]] = field(default_factory=dict)
    constraints: dict[str, tuple[str, dict[str, float]]] = field(default_factory=dict)
    stored: str = ""
    mask: Values | None = None
    shape: tuple[int | None, ...] = ()
    weights: dict[str, Array] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def working(self) -> str:
        """The dtype of the computation."""
        return "float64" if self.dtype == "float64" else "float32"


@dataclass(frozen=True, slots=True)
class Pass:
    """A forward pass as the backward pass needs it.

    z: the normalized input, in a shape in which groups have an axis of their own; r: what it was scaled by;
    axes: what the statistics reduce over, empty where they were given; moments: mean and variance.
    correction: r and d of batch renormalization.
    """

    output: Values
    z: Values
    r: Values
    axes: tuple[int, ...]
    moments: tuple[Values, Values]
    correction: tuple[Values, Values] | None = None


def make(a: KerasArguments) -> Layer:
    """A layer of checked arguments.

    Raises TypeError for an axis that is no integer, ValueError for a number out of its range, and Unsupported
    for initializers, regularizers and constraints other than those named above.
    """
    layer = Layer(a.layer, floating(a.dtype), _axes_of(a), trainable=bool(a.trainable))
    if a.layer == "feature_normalization":
        _check_statistics(layer, a.mean, a.variance)
        layer.given = None if a.mean is None else (a.mean, a.variance)
        layer.invert = bool(a.invert)
        layer.initial = {} if layer.given else {"mean": 0.0, "variance": 1.0}
        return layer
    layer.epsilon = float(a.epsilon)
    _ = a.synchronized  # of one process the statistics are its own
    _check(layer.epsilon >= 0, f"epsilon must not be negative, it is {a.epsilon}")
    if a.layer == "rms_normalization":
        layer.initial = {"scale": 1.0} if a.scale else {}
        return layer
    if a.layer == "group_normalization":
        layer.groups = a.groups
        _check(
            type(a.groups) is int and (a.groups >= 1 or a.groups == -1),
            f"groups must be positive, or -1, not {a.groups}",
        )
    names = [name for name, there in (("gamma", a.scale), ("beta", a.center)) if there]
    for name in names:
        read_options(layer, a, name)
    if a.layer in MOVING and a.track_running_stats:
        layer.momentum = float(a.momentum)
        _check(0 <= layer.momentum <= 1, f"momentum must be between 0 and 1, it is {a.momentum}")
        names += ["moving_mean", "moving_variance"]
    if a.layer == "batch_normalization" and a.renorm:
        layer.limits, layer.renorm_momentum = limits_of(a.renorm_clipping), float(a.renorm_momentum)
    layer.initial = {name: initial_value(name, getattr(a, f"{name}_initializer")) for name in names}
    if layer.limits is not None:
        deviation = math.sqrt(layer.initial["moving_variance"])
        layer.initial |= {"moving_stddev": deviation, "renorm_mean": layer.initial["moving_mean"]}
        layer.initial["renorm_stddev"] = deviation
    return layer


def _check(holds: bool, sentence: str) -> None:
    if not holds:
        raise ValueError(sentence)


def _check_statistics(layer: Layer, mean: Any, variance: Any) -> None:
    _check((mean is None) == (variance is None), "mean and variance must be given together")
    if mean is None:
        return
    shape = np.shape(mean)
    _check(shape == np.shape(variance), f"mean has shape {shape}, and variance {np.shape(variance)}")
    _check(len(shape) <= len(layer.axes), f"mean has {len(shape)} dimensions, more than the {len(layer.axes)} axes")
    _check(bool(np.min(variance) >= 0), f"variance must not be negative, it is {variance}")


def _axes_of(a: KerasArguments) -> tuple[int, ...]:
    """Instance normalization has its channels after the examples, where there are any; the others say where."""
    return (int(a.batched),) if a.layer == "instance_normalization" else _axes(a.axis)


def _axes(axis: Any) -> tuple[int, ...]:
    axes = () if axis is None else tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    if not all(type(one) is int for one in axes):
        raise TypeError(f"axis must be an integer or a list of integers, it is {axis!r}")
    return axes


def _kind(value: Any) -> tuple[str, dict[str, Any]]:
    """The name and the numbers of an initializer, regularizer or constraint."""
    options = dict(value) if isinstance(value, Mapping) else {"kind": value}
    return str(options.pop("kind")), options


def initial_value(name: str, value: Any) -> float:
    """The number that an initializer fills a weight with. Raises Unsupported for one that draws numbers."""
    kind, options = _kind(value)
    if kind == "constant":
        return float(options["value"])
    if kind not in INITIAL:
        raise Unsupported(f"the reference has no initializer {kind} for {name}")
    return INITIAL[kind]


def read_options(layer: Layer, a: KerasArguments, name: str) -> None:
    """Read a weight's regularizer and constraint. Raises Unsupported for one that is not named above."""
    regularizer = getattr(a, f"{name}_regularizer")
    if regularizer is not None:
        kind, options = _kind(regularizer)
        if kind not in REGULARIZERS:
            raise Unsupported(f"the reference has no regularizer {kind}")
        layer.regularizers[name] = kind, float(options.get("factor", 0.01))
    read_constraint(layer, name, getattr(a, f"{name}_constraint"))


def read_constraint(layer: Layer, name: str, constraint: Any) -> None:
    """Read a weight's constraint. Raises Unsupported for one that is not named above."""
    if constraint is not None:
        kind, options = _kind(constraint)
        if kind not in CONSTRAINTS:
            raise Unsupported(f"the reference has no constraint {kind}")
        layer.constraints[name] = kind, options


def build(layer: Layer, shape: tuple[int | None, ...]) -> None:
    """Fix the axes and create the weights; None is a size that is not known yet, and that no weight has.

    Raises ValueError for axes or groups that do not fit `shape`.
    """
    rank = len(shape)
    for axis in layer.axes:
        _check(-rank <= axis < rank, f"axis {axis} is out of range for an input of shape {shape}")
    axes = tuple(sorted(axis % rank for axis in layer.axes))
    _check(len(set(axes)) == len(axes), f"axis {layer.axes} names the same axis twice")
    if layer.kind in ("batch_normalization", "group_normalization"):
        _check(len(axes) == 1, f"axis must be one axis, it is {layer.axes}")
    counted = bool(layer.initial or layer.given or layer.groups)
    _check(not counted or all(shape[axis] is not None for axis in axes), f"axis {axes} has no size in shape {shape}")
    if layer.kind == "group_normalization":
        channels = shape[axes[0]] or 0
        layer.groups = channels if layer.groups == -1 else layer.groups
        _check(channels % layer.groups == 0, f"groups {layer.groups} do not divide {channels} channels")
    layer.axes, layer.shape = axes, shape
    features = tuple(shape[axis] or 0 for axis in axes)
    for name, value in layer.initial.items():
        layer.weights[name] = encode(np.full(features, value, layer.working), layer.stored)
    if layer.given:
        given = np.shape(layer.given[0])
        fits = all(one in (1, size) for one, size in zip(given, features[len(features) - len(given) :], strict=True))
        _check(fits, f"mean has shape {given}, and the kept axes have {features}")
    elif layer.kind == "feature_normalization":
        layer.weights["count"] = encode(np.zeros((), np.int64))


def weight_of(layer: Layer, name: str) -> Values | None:
    """A weight in the working dtype, shaped to broadcast against the input; None where there is none."""
    if name not in layer.weights:
        return None
    return broadcast(layer, decode(layer.weights[name]).astype(layer.working))


def broadcast(layer: Layer, values: Values) -> Values:
    """`values` of the features' shape (or of its last axes), with length one for every other axis."""
    kept = layer.axes[len(layer.axes) - values.ndim :]
    shape = [1] * len(layer.shape)
    for axis, size in zip(kept, values.shape, strict=True):
        shape[axis] = size
    return values.reshape(shape)


def given_moments(layer: Layer) -> tuple[Values, Values]:
    """Moving statistics, or the constant or adapted ones of feature normalization."""
    if layer.given:
        mean, variance = (np.asarray(one, layer.working) for one in layer.given)
        return broadcast(layer, mean), broadcast(layer, variance)
    prefix = "moving_" if layer.kind in MOVING else ""
    names = (f"{prefix}mean", f"{prefix}variance")
    mean, variance = (broadcast(layer, decode(layer.weights[name]).astype(layer.working)) for name in names)
    return mean, variance


def fold(layer: Layer, x: Values) -> tuple[Values, tuple[int, ...]]:
    """The input with the axes its statistics reduce over; groups get an axis of their own."""
    if layer.kind == "group_normalization":
        axis = layer.axes[0]
        x = x.reshape(*x.shape[:axis], layer.groups, x.shape[axis] // layer.groups, *x.shape[axis + 1 :])
        return x, tuple(one for one in range(1, x.ndim) if one != axis)
    if layer.kind == "batch_normalization":
        return x, others(layer)
    if layer.kind == "instance_normalization":
        return x, tuple(range(layer.axes[0] + 1, x.ndim))
    return x, layer.axes


def forward(layer: Layer, array: Array | View, training: bool | None) -> Pass:
    """The output, gamma (x - mean) / sqrt(variance + epsilon) + beta, with the statistics of its kind."""
    x = decode(array).astype(layer.working)
    _check(
        x.ndim == len(layer.shape) and all(layer.shape[axis] in (None, x.shape[axis]) for axis in layer.axes),
        f"the layer was built for inputs of shape {layer.shape}, and was given shape {x.shape}",
    )
    if layer.kind == "feature_normalization":
        return features(layer, x)
    folded, axes = fold(layer, x)
    mean, variance, axes = statistics(layer, folded, axes, training)
    r = textbook.reciprocal_deviation(variance, layer.epsilon)
    z = textbook.standardized(folded, mean, r)
    if layer.limits is not None and axes:
        correction = corrections(layer, mean, variance)
        output = affine(layer, z * correction[0] + correction[1])
        return Pass(output, z, r, axes, (mean, variance), correction)
    return Pass(affine(layer, z.reshape(x.shape)), z, r, axes, (mean, variance))


def statistics(
    layer: Layer, x: Values, axes: textbook.Axes, training: bool | None
) -> tuple[Values, Values, textbook.Axes]:
    """Mean, variance and the axes they reduce over, none where they were given; RMS normalization's mean is 0."""
    if layer.kind == "rms_normalization":
        return np.zeros((), x.dtype), textbook.mean_square(x, axes), axes
    if "moving_mean" in layer.weights and not in_training(layer, training):
        return (*given_moments(layer), ())
    if layer.kind == "batch_normalization" and layer.mask is not None:
        return (*textbook.masked_moments(x, axes, layer.mask), axes)
    return (*textbook.moments(x, axes), axes)


def in_training(layer: Layer, training: bool | None) -> bool:
    """Whether a layer that keeps statistics uses those of its input, and moves its own."""
    return bool(training) and layer.trainable


def affine(layer: Layer, z: Values) -> Values:
    """Gamma z + beta, as far as the layer has them."""
    gamma, beta = weight_of(layer, scale_of(layer)), weight_of(layer, "beta")
    output = z if gamma is None else z * gamma
    return output if beta is None else output + beta


def scale_of(layer: Layer) -> str:
    """What the weight that multiplies is called."""
    return "scale" if layer.kind == "rms_normalization" else "gamma"


def features(layer: Layer, x: Values) -> Pass:
    """The output (x - mean) / max(sqrt(variance), 1e-7), or the inverse; the statistics are given."""
    mean, variance = given_moments(layer)
    deviation = np.maximum(np.sqrt(variance), x.dtype.type(SMALLEST_DEVIATION))
    if layer.invert:
        return Pass(x * deviation + mean, x, deviation, (), (mean, variance))
    z = (x - mean) / deviation
    return Pass(z, z, 1 / deviation, (), (mean, variance))


def backward(layer: Layer, seen: Pass, upstream: Array | View) -> dict[str, Values]:
    """The gradients of sum(upstream * output): `input`, and each trainable weight in its own shape."""
    g = decode(upstream).astype(layer.working)
    _check(g.shape == seen.output.shape, f"upstream has shape {g.shape}, the output {seen.output.shape}")
    scale = scale_of(layer)
    gamma = weight_of(layer, scale)
    a = (g if gamma is None else g * gamma).reshape(seen.z.shape)
    z = seen.z.reshape(g.shape)
    if seen.correction is not None:
        a, z = a * seen.correction[0], z * seen.correction[0] + seen.correction[1]
    if seen.axes and layer.kind == "batch_normalization" and layer.mask is not None:
        dx = textbook.gradient_under_mask(a, seen.z, seen.r, seen.axes, layer.mask)
    elif seen.axes:
        centred = layer.kind != "rms_normalization"
        dx = textbook.normalized_gradient(a, seen.z, seen.r, seen.axes, centred)
    else:
        dx = a * seen.r
    found = {"input": dx.reshape(g.shape)}
    for name, values in ((scale, g * z), ("beta", g)):
        if name in layer.weights and layer.trainable:
            found[name] = values.sum(axis=others(layer))
    return found


def others(layer: Layer) -> tuple[int, ...]:
    """The axes that have no weights of their own."""
    return tuple(axis for axis in range(len(layer.shape)) if axis not in layer.axes)


def move_statistics(layer: Layer, seen: Pass) -> None:
    """Set moving to momentum moving + (1 - momentum) new, with the variance that divides by n.

    Of instance normalization the new value is the mean over the examples.
    """
    if layer.limits is not None:
        move_renormed(layer, seen)
        return
    for name, new in zip(("moving_mean", "moving_variance"), seen.moments, strict=True):
        old = decode(layer.weights[name]).astype(layer.working)
        kept, added = old.dtype.type(layer.momentum), old.dtype.type(1 - layer.momentum)
        new = new.mean(axis=others(layer)).reshape(old.shape)
        layer.weights[name] = encode(kept * old + added * new, layer.stored)


def adapt(layer: Layer, data: Array | View) -> None:
    """Set mean and population variance to those of `data`, over every axis but the layer's; `count` stays."""
    mean, variance = textbook.moments(decode(data).astype(layer.working), others(layer))
    for name, value in (("mean", mean), ("variance", variance)):
        layer.weights[name] = encode(value.reshape(layer.weights[name].shape), layer.stored)


def descend(layer: Layer, gradients: Mapping[str, Values], learning_rate: float) -> float:
    """Set w to w - learning_rate (gradient + regularizer's), constrained; returns the losses before it."""
    loss = 0.0
    for name, gradient in gradients.items():
        w = decode(layer.weights[name]).astype(layer.working)
        if name in layer.regularizers:
            loss += textbook.penalty(*layer.regularizers[name], w)
            gradient = gradient + textbook.penalty_gradient(*layer.regularizers[name], w)
        w = w - w.dtype.type(learning_rate) * gradient
        if name in layer.constraints:
            w = textbook.constrained(*layer.constraints[name], w)
        layer.weights[name] = encode(w, layer.stored)
    return loss
