"""Keras 3.15.1 on PyTorch and on JAX: the count of Normalization is int32, and on TensorFlow int64.

Name the backend as the first argument; torch is the default. Right: one dtype, as of every other weight.
"""

import os
import sys

os.environ["KERAS_BACKEND"] = sys.argv[1] if sys.argv[1:] in (["torch"], ["jax"], ["tensorflow"]) else "torch"
os.environ["JAX_ENABLE_X64"] = "1"

import keras

layer = keras.layers.Normalization()
layer.build((2, 3))
print(f"keras {keras.__version__} on {keras.backend.backend()}: count is {layer.count.dtype}, on TensorFlow int64")
raise SystemExit(0 if layer.count.dtype == "int32" else 1)
