"""The custom layer that document 002 writes out: moving statistics where layer normalization has none.

Its weights are scalars, and in training it adds to them the statistics of each example, of shape (batch, 1).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from ..arguments import Factory, KerasArguments
from .adapter import KerasAdapter

RATE = 0.01
EPSILON = 1e-8


@cache
def layer_class() -> Any:
    """The layer's class; made on first use, when TensorFlow has been imported."""
    keras: Any = importlib.import_module("keras")
    tf: Any = importlib.import_module("tensorflow")

    class CustomLayerNormalization(keras.layers.Layer):  # type: ignore[misc]
        """gamma * (x - mean) / sqrt(variance) + beta; outside training with the moving statistics."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.gamma = self.add_weight(name="gamma", initializer="ones")
            self.beta = self.add_weight(name="beta", initializer="zeros")
            self.moving_mean = self.add_weight(name="moving_mean", initializer="zeros", trainable=False)
            self.moving_variance = self.add_weight(name="moving_variance", initializer="ones", trainable=False)

        def call(self, inputs: Any, training: bool | None = None) -> Any:
            """The normalized input; in training the moving statistics go 1 % of the way to the batch's."""
            mean = tf.reduce_mean(inputs, axis=-1, keepdims=True)
            variance = tf.math.reduce_variance(inputs, axis=-1, keepdims=True) + EPSILON
            if training:
                self.moving_mean.assign_add(RATE * (mean - self.moving_mean))
                self.moving_variance.assign_add(RATE * (variance - self.moving_variance))
            else:
                mean, variance = self.moving_mean, self.moving_variance
            return self.gamma * ((inputs - mean) / tf.sqrt(variance)) + self.beta

    return CustomLayerNormalization


def layer_normalization(a: KerasArguments) -> Any:
    """The layer; it takes no arguments."""
    return layer_class()()


class Document002Adapter(KerasAdapter):
    """The layer of document 002, alone and in models among Keras' own."""

    name: ClassVar[str] = "document-002"
    modes: ClassVar[tuple[str, ...]] = ("eager",)
    compiling: ClassVar[tuple[str, ...]] = ()
    layers: ClassVar[Mapping[str, Factory]] = {"layer_normalization": layer_normalization}
