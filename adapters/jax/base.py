"""What every target on JAX has in common: a layer is a pure function of its weights, and JAX transforms it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ..arrays import Array
from ..by_python import WAYS, get, put
from ..interface import Request, Unsupported, Weight
from . import calls
from .on_jax import OnJax

FILE = "weights.msgpack"
Run = Callable[[Mapping[str, Any], Any, bool | None], tuple[Any, dict[str, Any]]]


@dataclass(slots=True)
class Built:
    """A layer as JAX sees it.

    run: of (weights, x, training), gives the output and every weight after the call. weights: by name, those of now.
    trainable: the names of the weights that have gradients. training: the mode that the layer was last put in.
    functions: what was compiled of it so far.
    """

    run: Run
    weights: dict[str, Any]
    trainable: tuple[str, ...] = ()
    training: bool | None = None
    functions: dict[tuple[str, bool | None], Callable[..., Any]] = field(default_factory=dict)


class JaxAdapter(OnJax):
    """Drives what `construct` and `build` of a subclass make: a `Built`.

    It is the eager mode that is asked few cases: JAX compiles each operation of it by itself, some thirty in a case,
    where jit makes two or three programs of a whole layer.
    """

    dialect: ClassVar[str] = "flax"
    modes: ClassVar[tuple[str, ...]] = ("jit", "eager")
    compiling: ClassVar[tuple[str, ...]] = ("eager",)
    tracing: ClassVar[tuple[str, ...]] = ("jit",)
    environment: ClassVar[Mapping[str, str]] = {
        "JAX_ENABLE_X64": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }

    def start(self) -> None:
        """Import JAX, with 64-bit types and one thread. Raises ImportError."""
        for name, value in self.environment.items():
            os.environ.setdefault(name, value)
        self.jax = importlib.import_module("jax")
        self.jax.config.update("jax_enable_x64", True)

    def weights(self, layer: Built) -> Sequence[Weight]:
        """Those with gradients, then the others."""
        names = [*layer.trainable, *(name for name in layer.weights if name not in layer.trainable)]
        return [Weight(name, name in layer.trainable, self.to_array(layer.weights[name])) for name in names]

    def parameters(self, layer: Built) -> tuple[int, int]:
        """Elements of the weights that have gradients, and of the others."""
        trainable = sum(layer.weights[name].size for name in layer.trainable)
        return trainable, sum(one.size for one in layer.weights.values()) - trainable

    def assign(self, layer: Built, values: Mapping[str, Array]) -> None:
        """New values in the weights' own dtypes. Raises KeyError for an unknown name, ValueError for another shape."""
        for name, value in values.items():
            if name not in layer.weights:
                raise KeyError(f"no weight is called {name}; the layer has: {', '.join(layer.weights) or 'none'}")
            held = layer.weights[name]
            if held.shape != value.shape:
                raise ValueError(f"{name} has shape {held.shape}, not {value.shape}")
            layer.weights[name] = self.to_native(value).astype(held.dtype)

    def arrange(self, native: Any, layout: str) -> Any:
        """Raises Unsupported: there is one layout."""
        raise Unsupported("JAX does not choose how arrays lie in memory")

    def call(self, layer: Built, x: Any, training: bool | None) -> Any:
        """The output; what the layer keeps moves."""
        output, after = self._function(layer, "call", training)(layer.weights, x)
        self._keep(layer, after)
        return output

    def gradient(self, layer: Built, x: Any, training: bool | None, upstream: Any) -> tuple[Any, dict[str, Any]]:
        """Output and gradients by jax.vjp."""
        if not self.jax.numpy.issubdtype(x.dtype, self.jax.numpy.floating):
            raise Unsupported(f"JAX has no gradient of a {x.dtype} input")
        output, after, found = self._function(layer, "gradient", training)(layer.weights, x, upstream)
        self._keep(layer, after)
        return output, found

    def forward(self, layer: Built, x: Any, training: bool | None, tangent: Any) -> Any:
        """By jax.jvp."""
        return self._function(layer, "forward", training)(layer.weights, x, tangent)

    def second_order(
        self, layer: Built, x: Any, training: bool | None, upstream: Any, tangent: Any, way: str
    ) -> dict[str, Any]:
        """By jax.jvp and jax.vjp of one another."""
        found: dict[str, Any] = self._function(layer, way, training)(layer.weights, x, upstream, tangent)
        return found

    def vectorized(self, layer: Built, x: Any, training: bool | None) -> Any:
        """By jax.vmap."""
        return self._function(layer, "vectorized", training)(layer.weights, x)

    def update(self, layer: Built, x: Any, upstream: Any, learning_rate: float) -> tuple[Any, float]:
        """One step of optax.sgd in training mode; there are no losses of a layer's own."""
        optax = importlib.import_module("optax")
        output, found = self.gradient(layer, x, True, upstream)
        trained = {name: layer.weights[name] for name in layer.trainable}
        rule = optax.sgd(learning_rate)
        changes, _ = rule.update({name: found[name] for name in trained}, rule.init(trained))
        layer.weights.update(optax.apply_updates(trained, changes))
        return output, 0.0

    def save(self, layer: Built, folder: str, how: str) -> None:
        """The weights by flax.serialization as `weights`; they are Python's to `copy` and `pickle`."""
        if how in WAYS:
            put(dict(layer.weights), folder, how)
        elif how == "weights":
            flax = importlib.import_module("flax.serialization")
            Path(folder, FILE).write_bytes(flax.to_bytes(layer.weights))
        else:
            raise Unsupported("JAX saves the weights, and no layers")

    def load(self, folder: str, request: Request, how: str) -> Built:
        """A new layer of the same arguments with the weights that were saved."""
        new: Built = self.construct(request.layer, request.arguments, request.shape, request.dtype)
        self.build(new, request.shape)
        if how in WAYS:
            new.weights = get(folder, how)
            return new
        data = Path(folder, FILE).read_bytes()
        found = importlib.import_module("flax.serialization").from_bytes(new.weights, data)
        new.weights = {name: self.jax.device_put(found[name], self.place()) for name in new.weights}
        return new

    def _function(self, layer: Built, what: str, training: bool | None) -> Callable[..., Any]:
        """What is asked of a layer as a function of its weights, in the adapter's mode."""
        if training is not None:
            layer.training = training
        key = (what, layer.training)
        if key not in layer.functions:
            made = calls.of(self.jax, layer.run, layer.trainable, layer.training, what)
            layer.functions[key] = self.jax.jit(made) if self.mode == "jit" else made
        return layer.functions[key]

    @staticmethod
    def _keep(layer: Built, after: Mapping[str, Any]) -> None:
        layer.weights = {name: after[name] for name in layer.weights}
