"""Keras 3.15.1: RMSNormalization of integers gives integers.

Right: a floating-point output, as of the other layers; the roots of mean squares are no integers.
"""

import keras
import numpy as np

got = keras.layers.RMSNormalization()(keras.ops.convert_to_tensor(np.array([[10, 20, 30, 45]], "int32")))
print(f"keras {keras.__version__}: RMSNormalization of int32 gives {got.dtype}: {np.asarray(got)}")
raise SystemExit(0 if "int" in str(got.dtype) else 1)
