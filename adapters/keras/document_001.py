"""The custom layer that document 001 writes out: layer normalization over the last axis, epsilon 1e-6."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from ..arguments import Factory, KerasArguments
from .adapter import KerasAdapter


@cache
def layer_class() -> Any:
    """The layer's class; made on first use, when TensorFlow has been imported."""
    keras: Any = importlib.import_module("keras")
    tf: Any = importlib.import_module("tensorflow")

    class LayerNormalization(keras.layers.Layer):  # type: ignore[misc]
        """gamma * (x - mean) / sqrt(variance + epsilon) + beta, with the variance that divides by n."""

        def __init__(self, epsilon: float = 1e-6, **options: Any) -> None:
            super().__init__(**options)
            self.epsilon = epsilon

        def build(self, input_shape: tuple[int, ...]) -> None:
            """One gamma (ones) and one beta (zeros) per feature."""
            features = input_shape[-1:]
            self.gamma = self.add_weight(name="gamma", shape=features, initializer="ones", trainable=True)
            self.beta = self.add_weight(name="beta", shape=features, initializer="zeros", trainable=True)
            super().build(input_shape)

        def call(self, x: Any) -> Any:
            """The normalized input."""
            mean = tf.math.reduce_mean(x, axis=-1, keepdims=True)
            variance = tf.math.reduce_mean(tf.math.square(x - mean), axis=-1, keepdims=True)
            deviation = tf.math.sqrt(variance + self.epsilon)
            return self.gamma * ((x - mean) / deviation) + self.beta

        def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
            """The input's shape."""
            return input_shape

    return LayerNormalization


def layer_normalization(a: KerasArguments) -> Any:
    """The layer; `epsilon` is all it takes."""
    return layer_class()(**a.keywords(epsilon="epsilon"))


class Document001Adapter(KerasAdapter):
    """The layer of document 001, alone and in models among Keras' own."""

    name: ClassVar[str] = "document-001"
    modes: ClassVar[tuple[str, ...]] = ("eager",)
    compiling: ClassVar[tuple[str, ...]] = ()
    layers: ClassVar[Mapping[str, Factory]] = {"layer_normalization": layer_normalization}
