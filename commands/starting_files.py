"""The files that `normcheck new-adapter` writes, by kind."""

from __future__ import annotations

from collections.abc import Mapping

# The package that tells whether a kind can be had here, in the order in which they are looked for.
NEEDS: Mapping[str, str] = {"torch": "torch", "keras": "tensorflow", "jax": "jax", "numpy": "numpy"}

HEAD = '''"""Judges a layer of my own.

$ pytest --pyargs normcheck.cases --target THIS_FILE --layer layer_normalization
"""

'''

FUNCTION = """

class Adapter(BASE):
    name = "mine"  # what reports call it
    broadcast = True  # gamma and beta come with a length of 1 along every axis that they do not have
    # By a layer's name in the specs, the function that is judged as it. What it names is handed to it: weights (gamma,
    # beta, moving_mean, moving_variance), arguments (axis, epsilon, groups, ...) and `training`. A case that asks for
    # more is unsupported: it is not judged, and does not count as passed.
    layers = {"layer_normalization": my_layer_norm}
"""

TORCH = """import torch

from normcheck.adapters.torch import TorchAdapter


class MyLayerNorm(torch.nn.Module):  # put your own module here
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.normalized_shape, self.eps = normalized_shape, eps
        self.weight = torch.nn.Parameter(torch.ones(normalized_shape))
        self.bias = torch.nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x):
        return torch.nn.functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)


class Adapter(TorchAdapter):
    name = "mine"  # what reports call it
    # By a layer's name in the specs, what makes the module that is judged as it. `a` has the arguments of a case, by
    # the names of the specs (a.epsilon, a.axis, a.groups) and by PyTorch's (a.normalized_shape, a.num_features). A case
    # with an argument that is not read here is unsupported: it is not judged, and does not count as passed.
    layers = {"layer_normalization": lambda a: MyLayerNorm(a.normalized_shape, eps=a.epsilon)}
"""

KERAS = """import keras
from keras import ops

from normcheck.adapters.keras import KerasAdapter


@keras.saving.register_keras_serializable("mine")
class MyLayerNormalization(keras.layers.Layer):  # put your own layer here
    def __init__(self, epsilon=1e-3, **options):
        super().__init__(**options)
        self.epsilon = epsilon

    def build(self, shape):
        self.gamma = self.add_weight(name="gamma", shape=shape[-1:], initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape[-1:], initializer="zeros")

    def call(self, x):
        wide = ops.cast(x, "float64" if x.dtype == "float64" else "float32")  # 16-bit sums would be poor
        mean, variance = ops.moments(wide, -1, keepdims=True)
        scaled = (wide - mean) / ops.sqrt(variance + self.epsilon)
        return ops.cast(scaled, x.dtype) * self.gamma + self.beta

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


class Adapter(KerasAdapter):
    name = "mine"  # what reports call it
    # By a layer's name in the specs, what makes the layer that is judged as it. `a` has the arguments of a case
    # (a.epsilon, a.axis, a.groups); a.keywords(epsilon="epsilon") hands on those that it gives. A case with an argument
    # that is not read here is unsupported: it is not judged, and does not count as passed.
    layers = {"layer_normalization": lambda a: MyLayerNormalization(epsilon=a.epsilon)}
"""

JAX = """import jax.numpy as jnp

from normcheck.adapters.jax.function import JaxFunctionAdapter


def my_layer_norm(x, gamma=1, beta=0, *, axis=-1, epsilon=1e-3):  # put your own function here
    dtype = x.dtype if jnp.issubdtype(x.dtype, jnp.floating) else "float32"
    wide = x.astype(jnp.promote_types(dtype, "float32"))  # 16-bit sums would be poor
    centred = wide - wide.mean(axis, keepdims=True)
    variance = (centred**2).mean(axis, keepdims=True)
    return (centred / jnp.sqrt(variance + epsilon) * gamma + beta).astype(dtype)
"""

NUMPY = """import numpy as np

from normcheck.adapters.function import FunctionAdapter


def my_layer_norm(x, gamma=1, beta=0, *, axis=-1, epsilon=1e-3):  # put your own function here
    centred = x - x.mean(axis, keepdims=True, dtype="float64")
    variance = (centred**2).mean(axis, keepdims=True)
    y = centred / np.sqrt(variance + epsilon) * gamma + beta
    return y.astype(x.dtype if x.dtype.kind == "f" else "float32")
"""

GRADIENTS = """    # What gives the gradients, if you have it: it takes (x, upstream, gamma, beta, *, axis, epsilon),
    # and gives those of sum(upstream * output) as {"input": ..., "gamma": ..., "beta": ...}.
    # gradients = {"layer_normalization": my_layer_norm_gradients}
"""

FILES: Mapping[str, str] = {
    "torch": TORCH,
    "keras": KERAS,
    "jax": JAX + FUNCTION.replace("BASE", "JaxFunctionAdapter"),
    "numpy": NUMPY + FUNCTION.replace("BASE", "FunctionAdapter") + GRADIENTS,
}


def starting_file(kind: str) -> str:
    """A commented file that judges a right layer of a kind in NEEDS."""
    return HEAD + FILES[kind]
