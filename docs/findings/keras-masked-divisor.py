"""Keras 3.15.1: BatchNormalization under a mask divides by n + 1e-7, n being how many elements count.

Right: the mean of 1 and 3 is 2. In float32 the addition rounds away but for n = 1; float64 keeps it.
"""

import keras
import numpy as np

layer = keras.layers.BatchNormalization(momentum=0.0, dtype="float64")
layer(np.array([[[1.0], [3.0], [9.0]]]), mask=np.array([[True, True, False]]), training=True)
got = float(layer.moving_mean.numpy()[0])
print(f"keras {keras.__version__}: the mean of 1 and 3, with a third element masked, is {got!r}")
raise SystemExit(0 if got != 2.0 else 1)
