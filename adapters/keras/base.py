"""What is the same of Keras on every backend: layers, weights, dtype policies and files.

An adapter of one backend adds how arrays go in and out, how a layer is called, and how it is differentiated.
"""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..arguments import Factory, KerasArguments, build_with, plain
from ..arrays import Array, floating
from ..interface import Export, Request, Unsupported, Weight
from ..precision import Precise
from . import exports, files
from .layers import LAYERS
from .saved_model import with_unknown


@dataclass(slots=True)
class Built:
    """A layer or model, the shape it was built for, and the compiled functions made for it so far."""

    layer: Any
    shape: tuple[int | None, ...] = ()
    functions: dict[Hashable, Callable[..., Any]] = field(default_factory=dict)


class KerasBase(Precise):
    """keras.layers on one `backend`; `layers` maps a layer's name to a factory that reads a `KerasArguments`."""

    dialect: ClassVar[str] = "keras"
    backend: ClassVar[str] = ""
    own_layers: ClassVar[Mapping[str, Factory]] = LAYERS
    layers: ClassVar[Mapping[str, Factory]] = own_layers
    given: ClassVar[type[KerasArguments]] = KerasArguments

    keras: Any = None

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """Layers made inside have the request's precision."""
        if request.precision == "autocast":
            raise Unsupported("Keras casts by a layer's dtype policy, and has no automatic casts around a layer")
        with super().settings(request):
            yield

    def start(self) -> None:
        """Import Keras. Raises ImportError, or Unsupported for a Keras 2 or one on another backend."""
        for name, value in self.environment.items():
            os.environ.setdefault(name, value)
        package = self.given.package
        self.keras = importlib.import_module(package)
        if reason := self.refuses({package: self.keras.__version__}):
            raise Unsupported(reason)
        if self.keras.backend.backend() != self.backend:
            raise Unsupported(f"this adapter drives Keras on {self.backend}: set KERAS_BACKEND={self.backend}")

    @classmethod
    def refuses(cls, versions: Mapping[str, str]) -> str:
        """Why it is no Keras 3."""
        version = versions["keras"]
        return f"keras {version} is Keras 2, which the target tf.keras judges." if version.startswith("2.") else ""

    def exports(self) -> Sequence[Export]:
        """The layers of keras.layers."""
        return tuple(exports.layers(self.keras))

    def on_device(self) -> AbstractContextManager[Any]:
        """Where everything is made and computed."""
        kind, _, index = self.device.partition(":")
        found: AbstractContextManager[Any] = self.keras.device(f"{kind.replace('cuda', 'gpu')}:{index or 0}")
        return found

    @contextmanager
    def _making(self, dtype: str) -> Iterator[None]:
        """Layers made inside have `dtype` (float32 for an integer one) unless they say otherwise."""
        room = self.keras.mixed_precision
        before = room.global_policy()
        policies = {"plain": floating(dtype), "mixed": f"mixed_{dtype}", "converted": "float32"}
        room.set_global_policy(policies[self.precision])
        try:
            with self.on_device():
                yield
        finally:
            room.set_global_policy(before)

    def construct(self, layer: str, arguments: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> Built:
        """The layer; raises Unsupported for one that this version of Keras does not have."""
        if layer not in self.layers:
            raise Unsupported(f"{self.name} offers no {layer}")
        with self._making(dtype):
            return Built(self._make(layer, arguments, shape, dtype))

    def _make(self, layer: str, arguments: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> Any:
        factory = self.layers.get(layer) or self.own_layers.get(layer)
        if factory is None:
            raise Unsupported(f"{self.name} offers no {layer}")
        own = {"dtype": dtype} if self.precision == "converted" else {}
        return build_with(factory, self.given(layer, {**arguments, **own}, shape, dtype), self.name)

    def construct_model(
        self,
        form: str,
        layers: Sequence[tuple[str, Mapping[str, Any]]],
        shape: tuple[int, ...],
        dtype: str,
    ) -> Built:
        """A keras.Sequential, or a functional keras.Model of the same chain; initial values from seed 0."""
        self.keras.utils.set_random_seed(0)
        with self._making(dtype):
            chain = [self._make(layer, arguments, shape, dtype) for layer, arguments in layers]
            if form == "sequential":
                return Built(self.keras.Sequential(chain))
            start = end = self.keras.Input(batch_shape=shape, dtype=dtype)
            for layer in chain:
                end = layer(end)
            return Built(self.keras.Model(start, end))

    def build(self, layer: Built, shape: tuple[int, ...]) -> None:
        """Create the weights."""
        layer.shape = with_unknown(shape, self.dynamic)
        if not layer.layer.built:
            with self.on_device():
                layer.layer.build(layer.shape)

    def weights(self, layer: Built) -> Sequence[Weight]:
        """`layer.weights`, by the last part of each name."""
        trainable = {id(one) for one in layer.layer.trainable_weights}
        return [Weight(name_of(one), id(one) in trainable, self.to_array(one)) for one in layer.layer.weights]

    def parameters(self, layer: Built) -> tuple[int, int]:
        """Elements of the trainable and of the other weights, as `summary` counts them."""
        return _elements(layer.layer.trainable_weights), _elements(layer.layer.non_trainable_weights)

    def assign(self, layer: Built, values: Mapping[str, Array]) -> None:
        """Assign by name, in the weight's dtype. Raises KeyError for an unknown name, ValueError for another shape."""
        held = by_name(layer.layer.weights)
        for name, value in values.items():
            if name not in held:
                raise KeyError(f"no weight is called {name}; the layer has: {', '.join(held) or 'none'}")
            self.set(held[name], self.to_native(value))
        if hasattr(layer.layer, "finalize_state"):
            layer.layer.finalize_state()  # Normalization computes with copies of its weights
        self.changed(layer)

    def adapt(self, layer: Built, data: Any) -> None:
        """The layer's own `adapt`."""
        if not hasattr(layer.layer, "adapt"):
            raise Unsupported(f"Keras' {type(layer.layer).__name__} has no adapt")
        with self.on_device():
            layer.layer.adapt(data)
        self.changed(layer)

    def set(self, weight: Any, value: Any) -> None:
        """Set one weight, which casts what it is given; both native."""
        weight.assign(value)

    def changed(self, layer: Built) -> None:
        """Called when the weights of `layer` have been set."""

    def arguments(self, layer: Built) -> Mapping[str, Any]:
        """The layer's own get_config()."""
        return {name: plain(value) for name, value in layer.layer.get_config().items()}

    def save(self, layer: Built, folder: str, how: str) -> None:
        """The layer, in every way but `whole`."""
        files.save(self.keras, layer.layer, layer.shape, folder, how)

    def load(self, folder: str, request: Request, how: str) -> Built:
        """What was saved; weights alone go into a new layer of the same arguments."""
        new = self.construct(request.layer, request.arguments, request.shape, request.dtype)
        self.build(new, request.shape)
        with self.on_device():
            return Built(files.load(self.keras, new.layer, request.shape, folder, how), request.shape)


def call_options(training: bool | None) -> dict[str, bool]:
    """The keywords that a layer is called with."""
    return {} if training is None else {"training": training}


def name_of(weight: Any) -> str:
    """The last part of a weight's name: `kernel` of Keras 2's `dense/kernel:0` too."""
    return str(weight.name).rpartition("/")[2].partition(":")[0]


def tensor_of(weight: Any) -> Any:
    """What a tape knows a weight by: the variable within, which it is itself in Keras 2."""
    return weight if callable(weight.value) else weight.value


def _elements(weights: Sequence[Any]) -> int:
    return sum(math.prod(one.shape) for one in weights)


def by_name(weights: Sequence[Any]) -> dict[str, Any]:
    """Weights by name. Raises Unsupported where two share one, as two dense layers' kernels do."""
    held = {name_of(one): one for one in weights}
    if len(held) != len(weights):
        raise Unsupported("two weights of the model share a name")
    return held
