"""Keras 3.15.1: keras.ops.normalize of order 2 divides by its epsilon in Python, and raises where it is zero.

Right: x / max(norm, epsilon), as its documentation says, and as the other orders do.
"""

import keras
import numpy as np

x = np.array([[3.0, 4.0]], "float32")
other = np.round(np.asarray(keras.ops.normalize(x, order=1, epsilon=0.0)), 3).tolist()
try:
    keras.ops.normalize(x, order=2, epsilon=0.0)
except ZeroDivisionError as error:
    text = f"order 1 gives {other}, and order 2 raises ZeroDivisionError: {error}; right is [[0.6, 0.8]]"
    print(f"keras {keras.__version__}: normalize(epsilon=0.0): {text}")
    raise SystemExit(0) from None
raise SystemExit(1)
