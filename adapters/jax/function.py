"""A plain function on JAX arrays, judged as a layer; as in `function`, with the gradients that JAX finds.

class Adapter(JaxFunctionAdapter):
    name = "mine"
    layers = {"layer_normalization": my_layer_norm}
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..arrays import FLOATING
from ..function import FunctionAdapter, Held
from ..interface import Adapter, Unsupported
from .on_jax import OnJax

Pure = Callable[[Mapping[str, Any], Any], Any]


class JaxFunctionAdapter(OnJax, FunctionAdapter):
    """`layers` maps a layer's name to a function of JAX arrays: under jax.jit, or eager. float64 is enabled.

    It is the eager mode that is asked few cases: JAX compiles each operation of it by itself.
    """

    name: ClassVar[str] = "jax-function"
    modes: ClassVar[tuple[str, ...]] = ("jit", "eager")
    compiling: ClassVar[tuple[str, ...]] = ("eager",)
    environment: ClassVar[Mapping[str, str]] = {"JAX_ENABLE_X64": "1"}
    arrange = Adapter.arrange

    def start(self) -> None:
        """Import JAX."""
        self.jax = importlib.import_module("jax")
        self.jax.config.update("jax_enable_x64", True)

    def check_dtype(self, dtype: str) -> None:
        """Every dtype of the specs is one of JAX's."""

    def _pure(self, layer: Held, training: bool | None) -> Pure:
        """The layer as a function of its weights and its input."""
        return lambda weights, x: self.run(layer, weights, x, training)

    def _in_mode(self, function: Callable[..., Any]) -> Callable[..., Any]:
        compiled: Callable[..., Any] = self.jax.jit(function) if self.mode == "jit" else function
        return compiled

    def call(self, layer: Held, x: Any, training: bool | None) -> Any:
        """The function's output; statistics that it gives are kept."""
        output, moved = self._in_mode(self._pure(layer, training))(layer.weights, x)
        layer.weights |= moved
        return output

    def gradient(self, layer: Held, x: Any, training: bool | None, upstream: Any) -> tuple[Any, dict[str, Any]]:
        """Output and gradients by jax.vjp."""

        def both(weights: Mapping[str, Any], x: Any, upstream: Any) -> tuple[Any, Any, Any, Any]:
            free = {name: weights[name] for name in layer.trainable}
            output, back, moved = self.jax.vjp(self._open(layer, weights, training), free, x, has_aux=True)
            at_weights, at_x = back(upstream)
            return output, moved, at_weights, at_x

        self._floating(x)
        output, moved, at_weights, at_x = self._in_mode(both)(layer.weights, x, upstream)
        layer.weights |= moved
        return output, {"input": at_x, **at_weights}

    def _open(self, layer: Held, weights: Mapping[str, Any], training: bool | None) -> Pure:
        """As `_pure`, for the trainable weights alone."""
        pure = self._pure(layer, training)
        return lambda free, x: pure({**weights, **free}, x)

    def _floating(self, x: Any) -> None:
        if x.dtype.name not in FLOATING:
            raise Unsupported(f"JAX has no gradient of a {x.dtype.name} input")

    def forward(self, layer: Held, x: Any, training: bool | None, tangent: Any) -> Any:
        """By jax.jvp."""
        self._floating(x)
        pure = self._pure(layer, training)
        derived = self._in_mode(lambda w, x, t: self.jax.jvp(lambda x: pure(w, x)[0], (x,), (t,))[1])
        return derived(layer.weights, x, tangent)

    def second_order(
        self, layer: Held, x: Any, training: bool | None, upstream: Any, tangent: Any, way: str
    ) -> dict[str, Any]:
        """By jax.vjp and jax.jvp over each other."""
        self._floating(x)
        derived = self._in_mode(lambda w, x, g, t: self._derived(layer, training, w, x, g, t, way))
        found: dict[str, Any] = derived(layer.weights, x, upstream, tangent)
        return found

    def _derived(
        self, layer: Held, training: bool | None, weights: Any, x: Any, upstream: Any, tangent: Any, way: str
    ) -> dict[str, Any]:
        jax, run = self.jax, self._open(layer, weights, training)
        free = {name: weights[name] for name in layer.trainable}

        def output(free: Any, x: Any) -> Any:
            return run(free, x)[0]

        def along(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
            return lambda x: jax.jvp(function, (x,), (tangent,))[1]

        def gradients(free: Any, x: Any) -> Any:
            return jax.vjp(output, free, x)[1](upstream)

        if way == "forward-over-forward":
            return {"output": along(along(lambda x: output(free, x)))(x)}
        if way == "forward-over-reverse":
            at_weights, at_x = along(lambda x: gradients(free, x))(x)
        elif way == "reverse-over-reverse":
            _, back = jax.vjp(lambda free, x: gradients(free, x)[1], free, x)
            at_weights, at_x = back(tangent)
        else:
            _, back = jax.vjp(lambda free, x: along(lambda x: output(free, x))(x), free, x)
            at_weights, at_x = back(upstream)
        return {"input": at_x, **at_weights}

    def vectorized(self, layer: Held, x: Any, training: bool | None) -> Any:
        """By jax.vmap."""
        pure = self._pure(layer, training)
        return self._in_mode(self.jax.vmap(lambda x: pure(layer.weights, x)[0]))(x)
