"""Keras 3.15.1 cuts the output of SpectralNormalization off to integers where the input is one of integers.

Right: [0.75, -1.5], what the wrapped layer gives.
"""

import keras
import numpy as np

row = np.array([[1, 2]], "int32")
layer = keras.layers.SpectralNormalization(keras.layers.Dense(2, use_bias=False))
layer.build(row.shape)
layer.kernel.assign([[0.25, -0.5], [0.25, -0.5]])
got = np.asarray(layer(keras.ops.convert_to_tensor(row)))
right = np.asarray(layer.layer(keras.ops.convert_to_tensor(row)))
print(f"keras {keras.__version__}: SpectralNormalization of {row.dtype} gives {got} in {got.dtype}, right is {right}")
raise SystemExit(0 if got.dtype == row.dtype else 1)
