"""Keras 2.15's SpectralNormalization cannot be trained by fit(), nor in any tf.function, nor saved as a SavedModel.

It asks of a tensor, in Python, whether the kernel is all zeros, and Keras' own code is not turned into graphs.
"""

import keras
import tensorflow as tf

layer = keras.layers.SpectralNormalization(keras.layers.Dense(2, use_bias=False))
x = tf.ones((4, 3))
plain = layer(x, training=True).shape
model = keras.Sequential([layer])
model.compile("sgd", "mse")
try:
    model.fit(x, tf.zeros((4, 2)), verbose=0)
    told = ""
except TypeError as error:
    told = type(error).__name__
print(f"keras {keras.__version__}: a plain call gives {plain}, fit() raises {told or 'nothing'}; right is a loss")
raise SystemExit(0 if told == "OperatorNotAllowedInGraphError" else 1)
