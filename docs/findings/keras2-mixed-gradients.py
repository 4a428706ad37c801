"""tf_keras under a mixed policy rounds the gradients of float32 weights to 16 bits.

Right: a float32 gradient has the digits of float32; weights are meant to be float32 to keep small steps.
"""

import numpy as np
import tensorflow as tf
import tf_keras

told = []
for layer in (
    tf_keras.layers.LayerNormalization(dtype="mixed_bfloat16"),
    tf_keras.layers.GroupNormalization(1, dtype="mixed_bfloat16"),
):
    x = tf.constant(np.random.default_rng(0).normal(size=(8, 5)), "bfloat16")
    with tf.GradientTape() as tape:
        y = layer(x)
    gradient = tape.gradient(y, layer.gamma)
    rounded = tf.cast(tf.cast(gradient, "bfloat16"), "float32")
    told.append(bool(tf.reduce_all(gradient == rounded)) and gradient.dtype == tf.float32)
print(f"tf_keras {tf_keras.__version__}: gradients of float32 gamma that have 8 bits: {told}")
raise SystemExit(0 if all(told) else 1)
