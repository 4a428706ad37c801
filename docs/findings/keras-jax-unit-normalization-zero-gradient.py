"""Keras 3.15.1 on JAX: the gradient of UnitNormalization is NaN at a vector of zeros and where all squares vanish.

Right: 1e12, the limit of 1 / norm, times the gradient that comes in. https://github.com/keras-team/keras/issues/23075
"""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras

layer = keras.layers.UnitNormalization()
got = jax.grad(lambda x: layer(x).sum())(jax.numpy.zeros((1, 3)))
print(f"keras {keras.__version__} on JAX: the gradient is {got.tolist()}, right is [[1e12, 1e12, 1e12]]")
raise SystemExit(0 if jax.numpy.isnan(got).any() else 1)
