"""Keras 3.15.1 on JAX: training loses the kernel by which SpectralNormalization replaces the one that it wraps.

Right: after one step in training, at a learning rate of 0, the largest singular value of the kernel is 1, as on the
other backends. What is trained is called statelessly, which gives back the variables that are not trainable alone.
"""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

layer = keras.layers.SpectralNormalization(keras.layers.Dense(2, use_bias=False), power_iterations=20)
model = keras.Sequential([keras.Input((3,)), layer])
model.compile(keras.optimizers.SGD(0.0), "mse")
layer.layer.kernel.assign(np.float32([[3, 0], [0, 5], [0, 0]]))
model.fit(np.ones((4, 3), "float32"), np.ones((4, 2), "float32"), verbose=0)
got = np.linalg.norm(np.asarray(layer.layer.kernel), 2)
print(f"keras {keras.__version__} on JAX: the largest singular value of the kernel is {got} after training, right is 1")
raise SystemExit(0 if got > 4 else 1)
