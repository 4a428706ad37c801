"""Keras 3.15.1: under a mixed policy RMSNormalization casts its float32 scale, and so its gradient, to 16 bits.

Right: the gradient of the scale is float32 and counts the 257 rows. The other layers create their weights with
autocast=False and use them as they are stored.
"""

import keras
import tensorflow as tf

layer = keras.layers.RMSNormalization(epsilon=0.0, dtype="mixed_bfloat16")
layer.build((257, 1))
with tf.GradientTape() as tape:
    output = layer(tf.ones((257, 1), tf.bfloat16))
found = tape.gradient(output, layer.scale.value, output_gradients=tf.ones_like(output))
print(f"keras {keras.__version__}: the scale's gradient over 257 rows of 1 is {float(found[0])} in {found.dtype.name}")
raise SystemExit(0 if float(found[0]) != 257 else 1)
