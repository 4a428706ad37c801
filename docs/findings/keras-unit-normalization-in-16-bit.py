"""Keras 3.15.1: UnitNormalization adds up squares in the 16-bit dtype.

Right: sums in float32, as the other layers have them, and one rounding. In float16 the square of 300 is infinite and
that of 1e-4 zero, and zeros give NaN. https://github.com/keras-team/keras/issues/23546
"""

import keras
import numpy as np

layer = keras.layers.UnitNormalization(dtype="float16")
rows = {"300, 400": [300.0, 400.0], "3e-4, 4e-4": [3e-4, 4e-4], "0, 0": [0.0, 0.0]}
for name, row in rows.items():
    got = keras.ops.convert_to_numpy(layer(np.array([row], "float16")))[0].tolist()
    print(f"keras {keras.__version__}: [{name}] gives {got}, right is {'0, 0' if name == '0, 0' else '0.6, 0.8'}")
raise SystemExit(0 if got != [0, 0] else 1)
