"""Keras' layers on TensorFlow: eager, in a tf.function, compiled by XLA, or as a SavedModel.

To judge a layer of your own, give the layers it stands for; it is made under the dtype that is asked for:

    class Adapter(KerasAdapter):
        name = "mine"
        layers = {"layer_normalization": lambda a: MyLayerNormalization(epsilon=a.epsilon)}
"""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, cast

import numpy as np

from . import keras_derivatives, keras_exports, keras_files, keras_masks
from .arguments import Factory, KerasArguments, build_with, plain
from .arrays import Array, arranged, floating
from .interface import Adapter, Export, Request, Unsupported, Weight
from .keras_layers import (
    batch_normalization,
    built_in,
    instance_normalization,
    rms_normalization,
    spectral_normalization,
    unit_normalization,
)
from .keras_saved_model import served, with_unknown


@dataclass(slots=True)
class Built:
    """A layer or model, the shape it was built for, and the compiled functions made for it so far."""

    layer: Any
    shape: tuple[int | None, ...] = ()
    functions: dict[Hashable, Callable[..., Any]] = field(default_factory=dict)


class KerasAdapter(Adapter):
    """keras.layers; `layers` maps a layer's name to a factory that reads a `KerasArguments`."""

    name: ClassVar[str] = "keras"
    dialect: ClassVar[str] = "keras"
    requires: ClassVar[tuple[str, ...]] = ("tensorflow", "keras")
    modes: ClassVar[tuple[str, ...]] = ("eager", "graph", "xla", "savedmodel")
    compiling: ClassVar[tuple[str, ...]] = ("xla", "savedmodel")
    tracing: ClassVar[tuple[str, ...]] = ("graph",)
    full_modes: ClassVar[tuple[str, ...]] = ("savedmodel",)
    symbolic: ClassVar[bool] = True
    environment: ClassVar[Mapping[str, str]] = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    own_layers: ClassVar[Mapping[str, Factory]] = {
        "layer_normalization": built_in("LayerNormalization"),
        "rms_normalization": rms_normalization,
        "batch_normalization": batch_normalization,
        "group_normalization": built_in("GroupNormalization"),
        "instance_normalization": instance_normalization,
        "feature_normalization": built_in("Normalization"),
        "unit_normalization": unit_normalization,
        "spectral_normalization": spectral_normalization,
        "dense": built_in("Dense"),
    }
    layers: ClassVar[Mapping[str, Factory]] = own_layers
    given: ClassVar[type[KerasArguments]] = KerasArguments

    keras: Any = None
    tf: Any = None
    precision: str = "plain"

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """Layers made inside have the request's precision."""
        if request.precision == "autocast":
            raise Unsupported("Keras casts by a layer's dtype policy, and has no automatic casts around a layer")
        if request.threads != 1:
            raise Unsupported("TensorFlow fixes its number of threads when it starts")
        with super().settings(replace(request, precision="plain")):
            self.precision = request.precision
            try:
                yield
            finally:
                self.precision = "plain"

    def start(self) -> None:
        """Import TensorFlow and Keras, set one thread.

        Raises ImportError, or Unsupported for a Keras 2 or one on another backend.
        """
        for name, value in self.environment.items():
            os.environ.setdefault(name, value)
        self.tf = importlib.import_module("tensorflow")
        threading = self.tf.config.threading
        if threading.get_intra_op_parallelism_threads() != 1:
            threading.set_intra_op_parallelism_threads(1)
        if threading.get_inter_op_parallelism_threads() != 1:
            threading.set_inter_op_parallelism_threads(1)
        package = self.given.package
        self.keras = importlib.import_module(package)
        if reason := self.refuses({package: self.keras.__version__}):
            raise Unsupported(reason)
        if self.keras.backend.backend() != "tensorflow":
            raise Unsupported("this adapter drives Keras on TensorFlow: set KERAS_BACKEND=tensorflow")

    @classmethod
    def refuses(cls, versions: Mapping[str, str]) -> str:
        """Why it is no Keras 3."""
        version = versions["keras"]
        return f"keras {version} is Keras 2, which the target tf.keras judges." if version.startswith("2.") else ""

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

    def exports(self) -> Sequence[Export]:
        """The layers of keras.layers."""
        return tuple(keras_exports.layers(self.keras))

    def threads(self) -> int:
        """The number of intra-op threads."""
        return int(self.tf.config.threading.get_intra_op_parallelism_threads())

    def _on_device(self) -> Any:
        kind, _, index = self.device.partition(":")
        return self.tf.device(f"/{kind.replace('cuda', 'gpu').upper()}:{index or 0}")

    @contextmanager
    def _making(self, dtype: str) -> Iterator[None]:
        """Layers made inside have `dtype` (float32 for an integer one) unless they say otherwise."""
        room = self.keras.mixed_precision
        before = room.global_policy()
        policies = {"plain": floating(dtype), "mixed": f"mixed_{dtype}", "converted": "float32"}
        room.set_global_policy(policies[self.precision])
        try:
            with self._on_device():
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
            with self._on_device():
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
        held = _by_name(layer.layer.weights)
        for name, value in values.items():
            if name not in held:
                raise KeyError(f"no weight is called {name}; the layer has: {', '.join(held) or 'none'}")
            held[name].assign(self.tf.cast(self.to_native(value), held[name].dtype))
        if hasattr(layer.layer, "finalize_state"):
            layer.layer.finalize_state()  # Normalization computes with copies of its weights
        self._changed(layer)

    def to_native(self, array: Array) -> Any:
        """A new tensor on the device."""
        kind = self.tf.as_dtype(array.dtype).as_numpy_dtype
        with self._on_device():
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
        with self._on_device():
            return self._compiled(layer, "call", training, x)(x)

    def gradient(self, layer: Built, x: Any, training: bool | None, upstream: Any) -> tuple[Any, dict[str, Any]]:
        """Output and gradients through a GradientTape; zero where the output does not depend on a weight."""
        x, upstream = self.tf.convert_to_tensor(x), self.tf.convert_to_tensor(upstream)
        if not x.dtype.is_floating:
            raise Unsupported(f"TensorFlow has no gradient of a {x.dtype.name} input")
        names = ["input", *_by_name(layer.layer.trainable_weights)]
        with self._on_device():
            output, _, found = self._compiled(layer, "gradient", training, x)(x, upstream)
        return output, dict(zip(names, found, strict=True))

    def forward(self, layer: Built, x: Any, training: bool | None, tangent: Any) -> Any:
        """By tf.autodiff.ForwardAccumulator."""
        with self._on_device():
            return self._in_mode(keras_derivatives.forward(self.tf, _run(layer, training)))(x, tangent)

    def second_order(
        self, layer: Built, x: Any, training: bool | None, upstream: Any, tangent: Any, way: str
    ) -> dict[str, Any]:
        """By nested tapes and accumulators."""
        weights = {name: tensor_of(one) for name, one in _by_name(layer.layer.trainable_weights).items()}
        with self._on_device():
            derived = keras_derivatives.second_order(self.tf, _run(layer, training), weights, way)
            found: dict[str, Any] = self._in_mode(derived)(x, upstream, tangent)
        return found

    def vectorized(self, layer: Built, x: Any, training: bool | None) -> Any:
        """By tf.vectorized_map."""
        with self._on_device():
            return self._in_mode(keras_derivatives.vectorized(self.tf, _run(layer, training)))(x)

    def masked(self, layer: Built, x: Any, training: bool | None, mask: Any) -> tuple[Any, Any]:
        """The output, and the mask that it carries; the input carries its own, as what keras.layers.Masking gives."""
        with self._on_device():
            return cast(tuple[Any, Any], self._compiled(layer, "masked", training, x)(x, mask))

    def masked_gradient(
        self, layer: Built, x: Any, training: bool | None, mask: Any, upstream: Any
    ) -> tuple[Any, dict[str, Any]]:
        """As `gradient`, of an input that carries a mask."""
        names = ["input", *_by_name(layer.layer.trainable_weights)]
        with self._on_device():
            output, _, found = self._compiled(layer, "gradient", training, x)(x, upstream, mask)
        return output, dict(zip(names, found, strict=True))

    def update(self, layer: Built, x: Any, upstream: Any, learning_rate: float) -> tuple[Any, float]:
        """One step of keras.optimizers.SGD in training mode; the optimizer applies the constraints."""
        trainable = layer.layer.trainable_weights
        x, upstream = self.tf.convert_to_tensor(x), self.tf.convert_to_tensor(upstream)
        with self._on_device():
            output, losses, found = self._compiled(layer, "update", True, x)(x, upstream)
            if trainable:
                self.keras.optimizers.SGD(learning_rate).apply_gradients(zip(found[1:], trainable, strict=True))
        return output, float(sum(float(loss) for loss in losses))

    def adapt(self, layer: Built, data: Any) -> None:
        """The layer's own `adapt`."""
        if not hasattr(layer.layer, "adapt"):
            raise Unsupported(f"Keras' {type(layer.layer).__name__} has no adapt")
        with self._on_device():
            layer.layer.adapt(data)
        self._changed(layer)

    def _changed(self, layer: Built) -> None:
        """A SavedModel holds the weights that the layer had."""
        if self.mode == "savedmodel":
            layer.functions.clear()

    def arguments(self, layer: Built) -> Mapping[str, Any]:
        """The layer's own get_config()."""
        return {name: plain(value) for name, value in layer.layer.get_config().items()}

    def save(self, layer: Built, folder: str, how: str) -> None:
        """The layer, in every way but `whole`."""
        keras_files.save(self.keras, layer.layer, layer.shape, folder, how)

    def load(self, folder: str, request: Request, how: str) -> Built:
        """What was saved; weights alone go into a new layer of the same arguments."""
        new = self.construct(request.layer, request.arguments, request.shape, request.dtype)
        self.build(new, request.shape)
        with self._on_device():
            return Built(keras_files.load(self.keras, new.layer, request.shape, folder, how), request.shape)

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
        options = {} if training is None else {"training": training}
        called = layer.layer
        if self.dynamic:
            start = self.keras.Input(batch_shape=unknown, dtype=x.dtype.name)
            called = self.keras.Model(start, called(start))
        function = self._forward(called, options)
        if what == "masked":
            function = keras_masks.masked(self.tf, called, options)
        elif what != "call":
            function = self._backward(called, options, with_losses=what == "update")
        spec = self.tf.TensorSpec(unknown, x.dtype)
        signature = [spec] if what == "call" else [spec, spec]
        return self._in_mode(function, signature if self.dynamic else None)

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
                output = layer(x if mask is None else keras_masks.carrying(x, mask), **options)
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
    options = {} if training is None else {"training": training}
    return lambda x: layer.layer(x, **options)


def name_of(weight: Any) -> str:
    """The last part of a weight's name: `kernel` of Keras 2's `dense/kernel:0` too."""
    return str(weight.name).rpartition("/")[2].partition(":")[0]


def tensor_of(weight: Any) -> Any:
    """What a tape knows a weight by: the variable within, which it is itself in Keras 2."""
    return weight if callable(weight.value) else weight.value


def _elements(weights: Sequence[Any]) -> int:
    return sum(math.prod(one.shape) for one in weights)


def _by_name(weights: Sequence[Any]) -> dict[str, Any]:
    """Weights by name. Raises Unsupported where two share one, as two dense layers' kernels do."""
    held = {name_of(one): one for one in weights}
    if len(held) != len(weights):
        raise Unsupported("two weights of the model share a name")
    return held
