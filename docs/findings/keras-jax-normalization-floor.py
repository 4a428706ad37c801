"""Keras 3.15.1 on JAX: Normalization in float16 makes NaN of a feature without variance, where its mean comes in.

XLA multiplies by the reciprocal of a divisor that all share, and that of the smallest deviation, 1e-7, is infinite.
Right: 0, as on TensorFlow.
"""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np

layer = keras.layers.Normalization(mean=[1.0], variance=[0.0], dtype="float16")
got = np.asarray(layer(np.float16([[1.0], [1.0]])))
print(
    f"keras {keras.__version__} on jax {jax.__version__}: a feature without variance becomes {got.tolist()}, not zeros"
)
raise SystemExit(0 if np.isnan(got).all() else 1)
