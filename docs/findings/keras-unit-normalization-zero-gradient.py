"""Keras 3.15.1 on TensorFlow, compiled by XLA: the gradient of UnitNormalization at a vector of zeros is NaN.

Right: the incoming gradient divided by the epsilon of 1e-12, as without XLA; the limit is put on 1 / norm, which is
infinite by then, and 0 times infinity is NaN. https://github.com/keras-team/keras/issues/23075
"""

import keras
import tensorflow as tf

layer = keras.layers.UnitNormalization()


def gradient(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        output = layer(x)
    return tape.gradient(output, x)


got, right = (tf.function(gradient, jit_compile=compiled)(tf.zeros((1, 2))).numpy() for compiled in (True, False))
print(f"keras {keras.__version__}: the gradient at zeros is {got.tolist()} under XLA, right is {right.tolist()}")
raise SystemExit(0 if (got != got).any() else 1)
