"""Keras 3.15.1: Normalization subtracts and divides in the 16-bit dtype, which rounds twice.

Right: one rounding, so that an output is within half a unit in the last place of the exact answer.
"""

import keras
import numpy as np

layer = keras.layers.Normalization(mean=0.3, variance=7.0, dtype="float16")
x = np.linspace(-4, 4, 4001, dtype="float16")[:, None]
got = np.asarray(layer(keras.ops.convert_to_tensor(x)), "float64")
held = np.array([0.3, 7.0], "float16").astype("float64")
right = (x.astype("float64") - held[0]) / np.sqrt(held[1])
off = np.abs(got - right) / np.spacing(np.abs(right).astype("float16")).astype("float64")
print(f"keras {keras.__version__}: float16 Normalization is off by up to {off.max():.2f} units in the last place")
raise SystemExit(0 if off.max() > 0.75 else 1)
