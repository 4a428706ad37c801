"""Keras 3.15.1: Normalization converts a mean and a variance that are given to float32, in a float64 layer too.

Right: 0 for the input that equals the mean.
"""

import keras
import numpy as np

mean = 0.1
layer = keras.layers.Normalization(mean=mean, variance=1.0, dtype="float64")
got = float(np.asarray(layer(np.array([[mean]], "float64")))[0, 0])
print(f"keras {keras.__version__}: Normalization(mean=0.1, variance=1) of 0.1 in float64 gives {got}, right is 0")
raise SystemExit(0 if abs(got) > 1e-10 else 1)
