"""Keras 3.15.1 on PyTorch and on JAX: layers in float64 compute in float32.

keras.backend.result_type gives float32 for float64 on every backend but TensorFlow, and the layers convert to it.
Name the backend as the first argument; torch is the default. Right: the last digits are those of float64.
"""

import os
import sys

os.environ["KERAS_BACKEND"] = sys.argv[1] if sys.argv[1:] in (["torch"], ["jax"]) else "torch"
os.environ["JAX_ENABLE_X64"] = "1"

import keras
import numpy as np

x = np.random.default_rng(1).normal(size=(2, 8))
print(f"keras {keras.__version__} on {keras.backend.backend()}")
wrong = 0
for kind in (keras.layers.LayerNormalization, keras.layers.BatchNormalization, keras.layers.GroupNormalization):
    layer = kind(epsilon=0.5, dtype="float64", **({"groups": 2} if "Group" in kind.__name__ else {}))
    axis = {"L": -1, "B": 0, "G": -1}[kind.__name__[0]]
    rows = x.reshape(2, 2, 4) if "Group" in kind.__name__ else x
    got = keras.ops.convert_to_numpy(layer(x, training=True) if axis == 0 else layer(x))
    right = (rows - rows.mean(axis, keepdims=True)) / np.sqrt(rows.var(axis, keepdims=True) + 0.5)
    error = np.abs(got - right.reshape(got.shape)).max()
    wrong += got.dtype == np.float64 and error > 1e-10
    print(f"{kind.__name__} gives {got.dtype} with an error of {error:.1e}, right is about 1e-16")
raise SystemExit(0 if wrong == 3 else 1)
