"""Keras 3.15.1 normalizes integers in floating point, and then cuts the result off to integers.

Right: [-1.26, -0.48, 0.29, 1.45], the numbers that floating-point input of the same values gives.
"""

import keras
import numpy as np

row = [[10, 20, 30, 45]]
layer = keras.layers.LayerNormalization()
got = np.asarray(layer(keras.ops.convert_to_tensor(np.array(row, "int32"))), "float64")
right = np.asarray(layer(keras.ops.convert_to_tensor(np.array(row, "float32"))), "float64")
print(f"keras {keras.__version__}: LayerNormalization of int32 gives {got}, right is {right.round(2)}")
raise SystemExit(0 if np.abs(got - right).max() > 0.2 else 1)
