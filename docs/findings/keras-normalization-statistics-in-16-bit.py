"""Keras 3.15.1: under a mixed policy Normalization rounds its float32 mean and variance to 16 bits before it subtracts.

Right: 100 - 100.25 = -0.25, divided by a deviation of 1. 100.25 needs nine bits, and bfloat16 has eight.
"""

import keras
import numpy as np

layer = keras.layers.Normalization(dtype="mixed_bfloat16")
layer.adapt(np.array([[99.25], [101.25]], "float32"))
got = float(np.asarray(keras.ops.cast(layer(np.array([[100.0]], "float32")), "float32"))[0, 0])
held = float(layer.adapt_mean.numpy()[0])
print(f"keras {keras.__version__}: Normalization of 100 with mean {held} and variance 1 gives {got} in bfloat16")
raise SystemExit(0 if got != -0.25 else 1)
