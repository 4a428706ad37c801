"""A plain function on NumPy arrays, judged as a layer.

    class Adapter(FunctionAdapter):
        name = "mine"
        layers = {"layer_normalization": my_layer_norm}

where `my_layer_norm(x, gamma, beta, *, axis, epsilon)` names, behind its input, what it takes: weights by the names of
the dialect, arguments by those of the specs, and `training`. A case that asks for what is not named is *unsupported*.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .arguments import MEANS_NOTHING, Arguments, KerasArguments, axes_of
from .arrays import FLOATING, LAYOUTS, Array, decode, encode, floating
from .interface import Adapter, Unsupported, Weight
from .torch.layers import TorchArguments

Function = Callable[..., Any]

AFFINE = ("gamma", "beta")
MOVING = ("moving_mean", "moving_variance")
ROLES: Mapping[str, tuple[str, ...]] = {
    "layer_normalization": AFFINE,
    "rms_normalization": ("gamma",),
    "batch_normalization": (*AFFINE, *MOVING),
    "group_normalization": AFFINE,
    "instance_normalization": AFFINE,
    "feature_normalization": (),
    "unit_normalization": (),
    "local_response_normalization": (),
}
SWITCHES = {"gamma": "scale", "beta": "center"}
INITIAL = {"gamma": 1.0, "beta": 0.0, "moving_mean": 0.0, "moving_variance": 1.0}
KNOWN: Mapping[str, type[Arguments]] = {"keras": KerasArguments, "torch": TorchArguments}
OTHERS = ("groups", "size", "alpha", "beta", "k", "order", "power_iterations", "implementation")


@dataclass(slots=True)
class Held:
    """The function of a layer and what it is called with: `options` by name, and the weights, native.

    roles: what each weight is. feature_axes: the axes of the input along which the weights lie. rank: the input's.
    """

    layer: str
    function: Function
    rank: int
    feature_axes: tuple[int, ...]
    takes: frozenset[str]
    options: dict[str, Any] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    weights: dict[str, Any] = field(default_factory=dict)

    @property
    def trainable(self) -> dict[str, Any]:
        """The weights that have gradients."""
        return {name: self.weights[name] for name, role in self.roles.items() if role in AFFINE}


class FunctionAdapter(Adapter):
    """`layers` maps a layer's name to a function of NumPy arrays that gives the output.

    One with moving statistics takes `training`, and gives (output, {name: new value}) in training.

    broadcast: weights come in a shape that broadcasts against the input, and not in that of the specs (one axis for
    each axis that is normalized over). gradients: by layer, a function that takes (x, upstream, ...) and otherwise what
    the layer's own takes, and gives the gradients of sum(upstream * output) by name: `input` and each trainable weight.
    """

    name: ClassVar[str] = "function"
    requires: ClassVar[tuple[str, ...]] = ("numpy",)
    layers: ClassVar[Mapping[str, Function]] = {}
    gradients: ClassVar[Mapping[str, Function]] = {}
    broadcast: ClassVar[bool] = False

    def versions(self) -> dict[str, str]:
        """NumPy's version."""
        return {"numpy": np.__version__}

    def construct(self, layer: str, arguments: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> Held:
        """The function with its arguments and weights.

        Raises Unsupported for a case that asks for what the function does not name, and TypeError for a parameter that
        stands for nothing.
        """
        if layer not in self.layers:
            raise Unsupported(f"{self.name} offers no {layer}")
        if layer not in ROLES:
            raise Unsupported(f"{layer} wraps another layer, and is no function")
        self.check_dtype(dtype)
        return self._held(self.layers[layer], KNOWN.get(self.dialect, Arguments)(layer, arguments, shape, dtype))

    def check_dtype(self, dtype: str) -> None:
        """Raises Unsupported for a dtype that the arrays cannot have."""
        if dtype == "bfloat16":
            raise Unsupported("NumPy has no bfloat16")

    def _held(self, function: Function, a: Arguments) -> Held:
        parameters = list(inspect.signature(function).parameters.values())[1:]
        names = {role: self._called(role, a.layer) for role in ROLES[a.layer]}
        held = Held(a.layer, function, len(a.shape), _feature_axes(a), frozenset(one.name for one in parameters))
        for role in ROLES[a.layer]:
            self._hold(held, a, role, names[role], parameters)
        held.options = dict(_options(a, [one for one in parameters if one.name not in names.values()]))
        if unread := a.unread():
            raise Unsupported(f"{self.name}'s {a.layer} takes no {', '.join(unread)}")
        return held

    def _hold(self, held: Held, a: Arguments, role: str, name: str, parameters: Sequence[inspect.Parameter]) -> None:
        """Make a weight, unless the case is without it."""
        own = next((one for one in parameters if one.name == name), None)
        if role in SWITCHES and not getattr(a, SWITCHES[role]):
            if own is not None and own.default is own.empty:
                raise Unsupported(f"{self.name}'s {a.layer} needs {name}: give it a default to go without")
            return
        if own is None:
            raise Unsupported(f"{self.name}'s {a.layer} takes no {name}")
        sizes = tuple(a.shape[axis] for axis in held.feature_axes)
        held.roles[name] = role
        held.weights[name] = self.to_native(encode(np.full(sizes, INITIAL[role]), floating(a.dtype)))

    def _called(self, role: str, layer: str) -> str:
        """What the dialect calls the weight of a role. Raises Unsupported where a function cannot hold it."""
        if self.dialect != "torch":
            return "scale" if layer == "rms_normalization" else role
        if layer == "batch_normalization":
            raise Unsupported("PyTorch's batch normalization counts its batches, and no function does")
        return {"gamma": "weight", "beta": "bias"}[role]

    def weights(self, layer: Held) -> Sequence[Weight]:
        """In the order of the specs."""
        return [Weight(name, name in layer.trainable, self.to_array(one)) for name, one in layer.weights.items()]

    def assign(self, layer: Held, values: Mapping[str, Array]) -> None:
        """Set weights. Raises KeyError for an unknown name and ValueError for another shape."""
        for name, value in values.items():
            if name not in layer.weights:
                raise KeyError(f"no weight is called {name}; the function has: {', '.join(layer.weights) or 'none'}")
            if (shape := tuple(layer.weights[name].shape)) != value.shape:
                raise ValueError(f"{name} has shape {shape}, not {value.shape}")
            layer.weights[name] = self.to_native(value)

    def to_native(self, array: Array) -> Any:
        """A new NumPy array. Raises Unsupported for bfloat16."""
        self.check_dtype(array.dtype)
        return decode(array).copy()

    def arrange(self, native: Any, layout: str) -> Any:
        """A NumPy array with the strides of `layout`."""
        return LAYOUTS[layout](native)

    def to_array(self, native: Any) -> Array:
        """The bits of whatever NumPy makes an array of."""
        return encode(np.asarray(native))

    def call(self, layer: Held, x: Any, training: bool | None) -> Any:
        """The function's output; statistics that it gives are kept."""
        output, moved = self.run(layer, layer.weights, x, training)
        layer.weights |= moved
        return output

    def run(self, layer: Held, weights: Mapping[str, Any], x: Any, training: bool | None) -> tuple[Any, dict[str, Any]]:
        """What the function makes of `x`: the output, and what moved. Raises TypeError for other results."""
        found = layer.function(x, **self.keywords(layer, weights, training))
        if not isinstance(found, tuple):
            return found, {}
        output, moved = found if len(found) == 2 else (found, None)
        if not isinstance(moved, Mapping) or not moved.keys() <= layer.weights.keys():
            raise TypeError("a function gives its output, or (output, {weight: new value}) where statistics move")
        return output, {name: one.reshape(layer.weights[name].shape) for name, one in moved.items()}

    def keywords(self, layer: Held, weights: Mapping[str, Any], training: bool | None) -> dict[str, Any]:
        """Everything that the function is called with besides its input."""
        told = (self.dialect == "torch") if training is None else training
        shaped = {name: self._shaped(layer, one) for name, one in weights.items()}
        return layer.options | shaped | ({"training": told} if "training" in layer.takes else {})

    def _shaped(self, layer: Held, weight: Any) -> Any:
        if not self.broadcast:
            return weight
        sizes = dict(zip(layer.feature_axes, weight.shape, strict=True))
        return weight.reshape([sizes.get(axis, 1) for axis in range(layer.rank)])

    def gradient(self, layer: Held, x: Any, training: bool | None, upstream: Any) -> tuple[Any, dict[str, Any]]:
        """Those of `gradients`. Raises Unsupported where it has none for the layer."""
        own = self.gradients.get(layer.layer)
        if own is None:
            raise Unsupported("a NumPy function has no gradient unless the adapter gives one, in `gradients`")
        if self.to_array(x).dtype not in FLOATING:
            raise Unsupported("there is no gradient of an integer input")
        output = self.call(layer, x, training)
        found = own(x, upstream, **self.keywords(layer, layer.weights, training))
        shapes = {name: one.shape for name, one in layer.weights.items()}
        return output, {name: one.reshape(shapes.get(name, one.shape)) for name, one in found.items()}


def _feature_axes(a: Arguments) -> tuple[int, ...]:
    """The axes along which the weights lie, in ascending order. Raises Unsupported where one is named twice."""
    if not ROLES[a.layer]:
        return ()
    if a.layer == "instance_normalization":
        return (1,)
    axes = sorted(axes_of(a.axis, len(a.shape)))
    if len(set(axes)) != len(axes):
        raise Unsupported(f"axis {a.axis} names an axis twice, and weights along it have no shape")
    return tuple(axes)


def _options(a: Arguments, parameters: Sequence[inspect.Parameter]) -> Iterator[tuple[str, Any]]:
    """What the other parameters are given: what the case says, else their own default, else the dialect's."""
    for one in parameters:
        if one.kind is one.VAR_KEYWORD:
            yield from ((name, _value(a, name)) for name in a.given if name not in SWITCHES.values())
        elif one.name in a.given or (one.default is one.empty and one.name != "training"):
            yield one.name, _value(a, one.name)


def _value(a: Arguments, name: str) -> Any:
    """An argument; an array for statistics that are given, and a tuple for a list of axes."""
    try:
        value = getattr(a, name)
    except AttributeError as error:
        if name in KNOWN_NAMES:
            raise Unsupported(f"{a.layer} has no default for {name}, and the case gives none") from error
        raise TypeError(
            f"the function of {a.layer} takes {name}, which is neither a weight nor an argument of it: call it as the "
            "specs do (epsilon, axis, groups, ...), or give it a default"
        ) from error
    if name in ("mean", "variance"):
        if value is None:
            raise Unsupported(f"a function has no {name} of its own, and the case gives none")
        return np.asarray(value, a.dtype)
    return tuple(value) if isinstance(value, list) else value


KNOWN_NAMES = {*MEANS_NOTHING, *OTHERS} | {
    name for kind in KNOWN.values() for defaults in kind.defaults.values() for name in defaults
}
