"""Keras 3.15 on TensorFlow: BatchNormalization(synchronized=True) computes E[x^2] - E[x]^2, even in a single process.

Right: the mean of the squared distances from the mean, as without `synchronized`.
"""

import keras
import numpy as np

x = (10000 + np.arange(8) % 4).reshape(8, 1).astype("float32")
got, right = (
    np.asarray(keras.layers.BatchNormalization(synchronized=flag)(x, training=True))[:4, 0].tolist()
    for flag in (True, False)
)
print(f"keras {keras.__version__}: at mean 10001.5 synchronized gives {got}, right is {right}")
raise SystemExit(0 if np.abs(np.subtract(got, right)).max() > 0.01 else 1)
