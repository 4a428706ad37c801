"""Keras' layers on TensorFlow: eager, in a tf.function, compiled by XLA, or as a SavedModel.

To judge a layer of your own, give the layers it stands for; it is made under the dtype that is asked for:

    class Adapter(KerasAdapter):
        name = "mine"
        layers = {"layer_normalization": lambda a: MyLayerNormalization(epsilon=a.epsilon)}

For Keras on another backend there are `KerasTorchAdapter` in keras_torch.py and `KerasJaxAdapter` in keras_jax.py.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, ClassVar, cast

import numpy as np

from ..arrays import Array, arranged
from ..interface import Unsupported
from ..timing.timeable import in_turn
from . import derivatives, masks, timing
from .base import Built, KerasBase, by_name, call_options, tensor_of
from .saved_model import served, with_unknown


class KerasAdapter(KerasBase):
    """Keras on TensorFlow; `layers` maps a layer's name to a factory that reads a `KerasArguments`."""

    name: ClassVar[str] = "keras"
    backend: ClassVar[str] = "tensorflow"
    requires: ClassVar[tuple[str, ...]] = ("tensorflow", "keras")
    modes: ClassVar[tuple[str, ...]] = ("eager", "graph", "xla", "savedmodel")
    compiling: ClassVar[tuple[str, ...]] = ("xla", "savedmodel")
    tracing: ClassVar[tuple[str, ...]] = ("graph",)
    full_modes: ClassVar[tuple[str, ...]] = ("savedmodel",)
    threads_fixed: ClassVar[str] = "TensorFlow fixes its number of threads when it starts"
    symbolic: ClassVar[bool] = True
    environment: ClassVar[Mapping[str, str]] = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}

    tf: Any = None

    def start(self) -> None:
        """Import TensorFlow and Keras, set the number of threads.

        Raises ImportError, or Unsupported for a Keras 2 or one on another backend.
        """
        for name, value in self.environment.items():
            os.environ.setdefault(name, value)
        self.tf = importlib.import_module("tensorflow")
        threading = self.tf.config.threading
        if threading.get_intra_op_parallelism_threads() != self.thread_count:
            threading.set_intra_op_parallelism_threads(self.thread_count)
        if threading.get_inter_op_parallelism_threads() != 1:
            threading.set_inter_op_parallelism_threads(1)
        super().start()

    def versions(self) -> dict[str, str]:
        """Keras' and TensorFlow's versions."""
        return {self.given.package: str(self.keras.__version__), "tensorflow": str(self.tf.__version__)}

    def devices(self) -> Sequence[str]:
        """`cpu`, then every accelerator: `cuda`, `cuda:1`, … `tpu`."""
        found = ["cpu"]
        for kind, name in (("GPU", "cuda"), ("TPU", "tpu")):
            count = len(self.tf.config.list_physical_devices(kind))
            found += [name if index == 0 else f"{name}:{index}" for index in range(count)]
        return tuple(found)

    def threads(self) -> int:
        """The number of intra-op threads."""
        return int(self.tf.config.threading.get_intra_op_parallelism_threads())

    def on_device(self) -> AbstractContextManager[Any]:
        """Where everything is made and computed."""
        kind, _, index = self.device.partition(":")
        found: AbstractContextManager[Any] = self.tf.device(f"/{kind.replace('cuda', 'gpu').upper()}:{index or 0}")
        return found

    def to_native(self, array: Array) -> Any:
        """A new tensor on the device."""
        kind = self.tf.as_dtype(array.dtype).as_numpy_dtype
        with self.on_device():
            return self.tf.constant(np.frombuffer(bytearray(array.data), kind).reshape(array.shape))

    def arrange(self, native: Any, layout: str) -> Any:
        """A NumPy array that lies so, which is given to the layer as it is; TensorFlow's own tensors lie in one way."""
        kind = native.dtype.as_numpy_dtype
        view = arranged(self.to_array(native), layout).bits
        return view if native.dtype.name != "bfloat16" else view.view(kind)

    def to_array(self, native: Any) -> Array:
        """The bits of a tensor or a weight."""
        values = np.asarray(native if isinstance(native, np.ndarray) else native.numpy())
        return Array(values.dtype.name, values.shape, values.tobytes())

    def call(self, layer: Built, x: Any, training: bool | None) -> Any:
        """The layer's output."""
        with self.on_device():
            return self._compiled(layer, "call", training, x)(x)

    def gradient(self, layer: Built, x: Any, training: bool | None, upstream: Any) -> tuple[Any, dict[str, Any]]:
        """Output and gradients through a GradientTape; zero where the output does not depend on a weight."""
        x, upstream = self.tf.convert_to_tensor(x), self.tf.convert_to_tensor(upstream)
        if not x.dtype.is_floating:
            raise Unsupported(f"TensorFlow has no gradient of a {x.dtype.name} input")
        names = ["input", *by_name(layer.layer.trainable_weights)]
        with self.on_device():
            output, _, found = self._compiled(layer, "gradient", training, x)(x, upstream)
        return output, dict(zip(names, found, strict=True))

    def forward(self, layer: Built, x: Any, training: bool | None, tangent: Any) -> Any:
        """By tf.autodiff.ForwardAccumulator."""
        with self.on_device():
            return self._in_mode(derivatives.forward(self.tf, _run(layer, training)))(x, tangent)

    def second_order(
        self, layer: Built, x: Any, training: bool | None, upstream: Any, tangent: Any, way: str
    ) -> dict[str, Any]:
        """By nested tapes and accumulators."""
        weights = {name: tensor_of(one) for name, one in by_name(layer.layer.trainable_weights).items()}
        with self.on_device():
            derived = derivatives.second_order(self.tf, _run(layer, training), weights, way)
            found: dict[str, Any] = self._in_mode(derived)(x, upstream, tangent)
        return found

    def vectorized(self, layer: Built, x: Any, training: bool | None) -> Any:
        """By tf.vectorized_map."""
        with self.on_device():
            return self._in_mode(derivatives.vectorized(self.tf, _run(layer, training)))(x)

    def masked(self, layer: Built, x: Any, training: bool | None, mask: Any) -> tuple[Any, Any]:
        """The output, and the mask that it carries; the input carries its own, as what keras.layers.Masking gives."""
        with self.on_device():
            return cast(tuple[Any, Any], self._compiled(layer, "masked", training, x)(x, mask))

    def masked_gradient(
        self, layer: Built, x: Any, training: bool | None, mask: Any, upstream: Any
    ) -> tuple[Any, dict[str, Any]]:
        """As `gradient`, of an input that carries a mask."""
        names = ["input", *by_name(layer.layer.trainable_weights)]
        with self.on_device():
            output, _, found = self._compiled(layer, "gradient", training, x)(x, upstream, mask)
        return output, dict(zip(names, found, strict=True))

    def repeated(self, layer: Built, x: Any, training: bool, upstream: Any) -> Callable[[int], Any]:
        """Calls of the function that the mode makes; a call of training records nothing unless gradients are asked."""
        names = ["input", *by_name(layer.layer.trainable_weights)]
        given = (x,) if upstream is None else (x, upstream)

        def run(calls: int) -> Any:
            with self.on_device():
                function = self._compiled(layer, "call" if upstream is None else "gradient", training, x)
                found = in_turn(partial(function, *given), calls)
            return found if upstream is None else (found[0], dict(zip(names, found[2], strict=True)))

        return run

    def wait(self, result: Any) -> None:
        """For the device."""
        timing.wait(self.tf, self.device)

    def copying(self, count: int) -> Callable[[], Any] | None:
        """By turning every bit."""
        return timing.copying(self.tf, self.device, self.on_device, count)

    def device_memory(self) -> tuple[int, Callable[[], int]] | None:
        """Of a GPU's allocator."""
        return timing.device_memory(self.tf, self.device)

    def accelerator(self) -> str:
        """As TensorFlow names it."""
        return timing.accelerator(self.tf, self.device)

    def update(self, layer: Built, x: Any, upstream: Any, learning_rate: float) -> tuple[Any, float]:
        """One step of keras.optimizers.SGD in training mode; the optimizer applies the constraints."""
        trainable = layer.layer.trainable_weights
        x, upstream = self.tf.convert_to_tensor(x), self.tf.convert_to_tensor(upstream)
        with self.on_device():
            output, losses, found = self._compiled(layer, "update", True, x)(x, upstream)
            if trainable:
                self.keras.optimizers.SGD(learning_rate).apply_gradients(zip(found[1:], trainable, strict=True))
        return output, float(sum(float(loss) for loss in losses))

    def set(self, weight: Any, value: Any) -> None:
        """Set one weight, in its own dtype; both native."""
        weight.assign(self.tf.cast(value, weight.dtype))

    def changed(self, layer: Built) -> None:
        """A SavedModel holds the weights that the layer had."""
        if self.mode == "savedmodel":
            layer.functions.clear()

    def _compiled(self, layer: Built, what: str, training: bool | None, x: Any) -> Callable[..., Any]:
        """`_forward` or `_backward` of this layer in the adapter's mode, made once for `training` and what is known."""
        key = (what, training, with_unknown(x.shape, self.dynamic) if self.mode == "savedmodel" else ())
        if key not in layer.functions:
            layer.functions[key] = self._made(layer, what, training, x)
        return layer.functions[key]

    def _made(self, layer: Built, what: str, training: bool | None, x: Any) -> Callable[..., Any]:
        unknown = with_unknown(x.shape, self.dynamic)
        if self.mode == "savedmodel":
            return served(self.keras, self.tf, layer.layer, unknown, x.dtype.name, what, training)
        options = call_options(training)
        called = layer.layer
        if self.dynamic:
            start = self.keras.Input(batch_shape=unknown, dtype=x.dtype.name)
            called = self.keras.Model(start, called(start))
        function = self._forward(called, options)
        if what == "masked":
            function = masks.masked(self.tf, called, options)
        elif what != "call":
            function = self._backward(called, options, with_losses=what == "update")
        if not self.dynamic:
            return self._in_mode(function)
        shapes = [unknown] if what == "call" else [unknown, called.output_shape]
        return self._in_mode(function, [self.tf.TensorSpec(shape, x.dtype) for shape in shapes])

    def _in_mode(self, function: Callable[..., Any], signature: Sequence[Any] | None = None) -> Callable[..., Any]:
        """`function` as the adapter's mode runs it. Raises Unsupported where that is what a SavedModel serves."""
        if self.mode == "savedmodel":
            raise Unsupported("a SavedModel serves outputs, and no derivatives")
        if self.mode == "eager":
            return function
        compiled: Callable[..., Any] = self.tf.function(
            function, jit_compile=self.mode == "xla", input_signature=signature
        )
        return compiled

    @staticmethod
    def _forward(layer: Any, options: Mapping[str, Any]) -> Callable[..., Any]:
        return lambda x: layer(x, **options)

    def _backward(self, layer: Any, options: Mapping[str, Any], with_losses: bool) -> Callable[..., Any]:
        tf = self.tf

        def backward(x: Any, upstream: Any, mask: Any = None) -> tuple[Any, list[Any], list[Any]]:
            variables = [tensor_of(one) for one in layer.trainable_weights]
            with tf.GradientTape() as tape:
                tape.watch(x)
                output = layer(x if mask is None else masks.carrying(x, mask), **options)
                losses = list(layer.losses) if with_losses else []
            found = tape.gradient(
                [output, *losses],
                [x, *variables],
                output_gradients=[upstream, *map(tf.ones_like, losses)],
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
            return output, losses, found

        return backward


def _run(layer: Built, training: bool | None) -> Callable[[Any], Any]:
    """The call of the layer."""
    options = call_options(training)
    return lambda x: layer.layer(x, **options)
