"""Keras 3.15.1 accepts a negative epsilon, with which the root of a small variance is NaN.

Right: ValueError at construction.
"""

import keras
import numpy as np

try:
    got = np.asarray(keras.layers.LayerNormalization(epsilon=-1.0)(np.array([[1.0, 2.0]], "float32")))
except ValueError as error:
    print(f"keras {keras.__version__}: refused: {error}")
    raise SystemExit(1) from None
print(f"keras {keras.__version__}: LayerNormalization(epsilon=-1.0) of [1, 2] gives {got}")
raise SystemExit(0)
