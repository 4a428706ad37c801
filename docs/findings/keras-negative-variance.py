"""Keras 3.15.1: Normalization accepts a negative variance, and gives NaN.

Right: ValueError at construction or build.
"""

import keras
import numpy as np

try:
    got = np.asarray(keras.layers.Normalization(mean=0.0, variance=-1.0)(np.array([[1.0, 2.0]], "float32")))
except ValueError as error:
    print(f"keras {keras.__version__}: refused: {error}")
    raise SystemExit(1) from None
print(f"keras {keras.__version__}: Normalization(mean=0, variance=-1) of [1, 2] gives {got}")
raise SystemExit(0)
