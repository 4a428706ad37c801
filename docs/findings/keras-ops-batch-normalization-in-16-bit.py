"""Keras 3.15.1: keras.ops.batch_normalization computes in the 16-bit dtype of its input, and rounds several times.

Right: layer_normalization and rms_normalization of the same module compute in float32 and round once.
"""

import keras
import numpy as np

x, mean, variance, offset, scale = (np.float16([value]) for value in (1001, 1000, 2, 0.1, 3))
exact = (1.0 / np.sqrt(2 + 1e-3)) * 3 + float(offset[0])
given = [keras.ops.convert_to_tensor(value) for value in (x[None], mean, variance)]
options = {"offset": keras.ops.convert_to_tensor(offset), "scale": keras.ops.convert_to_tensor(scale)}
got = float(keras.ops.batch_normalization(*given, -1, **options)[0, 0])
print(f"keras {keras.__version__}: batch_normalization of {x[0]} in float16 is {got}, right is {np.float16(exact)}")
raise SystemExit(0 if got != float(np.float16(exact)) else 1)
