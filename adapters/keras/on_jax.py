"""Keras' layers on JAX. To judge a layer of your own on this backend, extend `KerasJaxAdapter`; see keras.py."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ..arrays import Array
from ..interface import Unsupported
from ..jax import derivatives
from ..jax.on_jax import OnJax
from .base import Built, KerasBase, by_name, call_options
from .stateless import other_values, pure, stateless, trainable_values


class KerasJaxAdapter(OnJax, KerasBase):
    """Keras on JAX; `layers` maps a layer's name to a factory that reads a `KerasArguments`.

    JAX_ENABLE_X64 lets JAX have float64 at all. It is the eager mode that is asked few cases: JAX compiles each
    operation of it by itself, some thirty in a case, where jit makes two or three programs of a whole layer.
    """

    name: ClassVar[str] = "keras-jax"
    backend: ClassVar[str] = "jax"
    requires: ClassVar[tuple[str, ...]] = ("jax", "keras")
    modes: ClassVar[tuple[str, ...]] = ("jit", "eager")
    compiling: ClassVar[tuple[str, ...]] = ("eager",)
    tracing: ClassVar[tuple[str, ...]] = ("jit",)
    environment: ClassVar[Mapping[str, str]] = {
        "KERAS_BACKEND": "jax",
        "JAX_ENABLE_X64": "1",
        "NPROC": "1",
    }

    def start(self) -> None:
        """Import JAX and Keras. Raises ImportError, or Unsupported where Keras runs on another backend."""
        super().start()
        self.jax = importlib.import_module("jax")

    def versions(self) -> dict[str, str]:
        """Keras' and JAX's versions."""
        return {"keras": str(self.keras.__version__), "jax": str(self.jax.__version__)}

    def to_native(self, array: Array) -> Any:
        """A new array on the device."""
        numpy = self.jax.numpy
        with self.on_device():
            return numpy.array(np.frombuffer(array.data, numpy.dtype(array.dtype)).reshape(array.shape))

    def arrange(self, native: Any, layout: str) -> Any:
        """Raises Unsupported: there is no choice."""
        raise Unsupported("JAX chooses itself how arrays lie in memory")

    def to_array(self, native: Any) -> Array:
        """The bits of an array or a weight."""
        values = np.asarray(getattr(native, "value", native))
        return Array(values.dtype.name, values.shape, values.tobytes())

    def call(self, layer: Built, x: Any, training: bool | None) -> Any:
        """The layer's output."""
        with self.on_device():
            if self.mode == "eager":
                return layer.layer(x, **call_options(training))
            trainable, other = trainable_values(layer.layer), other_values(layer.layer)
            output, kept, _ = self._compiled(layer, "call", training)(list(trainable.values()), other, x)
            self._keep(layer, kept)
            return output

    def gradient(self, layer: Built, x: Any, training: bool | None, upstream: Any) -> tuple[Any, dict[str, Any]]:
        """Output and gradients through jax.vjp of the layer as a function of its weights."""
        if not self.jax.numpy.issubdtype(x.dtype, self.jax.numpy.floating):
            raise Unsupported(f"JAX has no gradient of a {x.dtype.name} input")
        with self.on_device():
            output, _, inward, found = self._backward(layer, x, training, upstream)
        return output, {"input": inward, **found}

    def update(self, layer: Built, x: Any, upstream: Any, learning_rate: float) -> tuple[Any, float]:
        """One step of keras.optimizers.SGD in training mode; the optimizer applies the constraints."""
        trainable = by_name(layer.layer.trainable_variables)
        with self.on_device():
            output, losses, _, found = self._backward(layer, x, True, upstream)
            if trainable:
                self.keras.optimizers.SGD(learning_rate).apply(list(found.values()), list(trainable.values()))
        return output, float(sum(float(loss) for loss in losses))

    def forward(self, layer: Built, x: Any, training: bool | None, tangent: Any) -> Any:
        """By jax.jvp of the layer as a function of its weights."""
        with self.on_device():
            return self._in_mode(derivatives.forward(self.jax, pure(self.keras, layer.layer, training)))(x, tangent)

    def second_order(
        self, layer: Built, x: Any, training: bool | None, upstream: Any, tangent: Any, way: str
    ) -> dict[str, Any]:
        """By jax.jvp and jax.vjp of the layer as a function of its weights."""
        with self.on_device():
            derived = self._in_mode(derivatives.second_order(self.jax, pure(self.keras, layer.layer, training), way))
            found: dict[str, Any] = derived(x, trainable_values(layer.layer), upstream, tangent)
        return found

    def vectorized(self, layer: Built, x: Any, training: bool | None) -> Any:
        """By jax.vmap of the layer as a function of its weights."""
        with self.on_device():
            return self._in_mode(self.jax.vmap(pure(self.keras, layer.layer, training)))(x)

    def _backward(
        self, layer: Built, x: Any, training: bool | None, upstream: Any
    ) -> tuple[Any, list[Any], Any, dict[str, Any]]:
        """Output, losses, and the gradients of the input and of the weights by name."""
        trainable, other = trainable_values(layer.layer), other_values(layer.layer)
        backward = self._compiled(layer, "gradient", training)
        output, kept, losses, (found, inward) = backward(list(trainable.values()), other, x, upstream)
        self._keep(layer, kept)
        return output, losses, inward, dict(zip(trainable, found, strict=True))

    @staticmethod
    def _keep(layer: Built, values: Sequence[Any]) -> None:
        for one, value in zip(layer.layer.non_trainable_variables, values, strict=True):
            one.assign(value)

    def _compiled(self, layer: Built, what: str, training: bool | None) -> Callable[..., Any]:
        """The layer, or its differentiated form, in the adapter's mode, made once per `training`."""
        key = (what, training)
        if key not in layer.functions:
            run = stateless(self.keras, layer.layer, training)
            layer.functions[key] = self._in_mode(run if what == "call" else self._differentiated(run))
        return layer.functions[key]

    def _in_mode(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` as the adapter's mode runs it."""
        if self.mode == "eager":
            return function
        compiled: Callable[..., Any] = self.jax.jit(function)
        return compiled

    def _differentiated(self, run: Callable[..., Any]) -> Callable[..., Any]:
        """Of run(trainable, other, x), what it gives, and the gradients of upstream * output + losses."""

        def backward(trainable: Any, other: Any, x: Any, upstream: Any) -> tuple[Any, ...]:
            def output(trainable: Any, x: Any) -> tuple[Any, Any]:
                output, kept, losses = run(trainable, other, x)
                return (output, losses), kept

            (found, losses), back, kept = self.jax.vjp(output, trainable, x, has_aux=True)
            return found, kept, losses, back((upstream, [self.jax.numpy.ones_like(loss) for loss in losses]))

        return backward
