"""Keras 3.15.1: the smallest deviation of Normalization, 1e-7, becomes 1.19e-7 in float16.

Right: inverting a feature of zeros multiplies by 1e-7 and rounds the product once.
"""

import keras
import numpy as np

layer = keras.layers.Normalization(mean=0.0, variance=0.0, invert=True, dtype="float16")
got = float(np.asarray(layer(keras.ops.convert_to_tensor(np.array([[60000.0]], "float16"))))[0, 0])
print(f"keras {keras.__version__}: inverted, 60000 becomes {got:.6f}, right is {60000 * 1e-7:.6f}")
raise SystemExit(0 if abs(got / 6e-3 - 1) > 0.1 else 1)
