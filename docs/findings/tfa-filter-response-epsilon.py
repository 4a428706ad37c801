"""TensorFlow Addons' FilterResponseNormalization rounds epsilon to float32 in a float64 layer.

tf.cast makes a float32 tensor of a Python number before it casts. Right: the epsilon that was given, in float64.
"""

import tensorflow as tf
import tensorflow_addons as tfa

layer = tfa.layers.FilterResponseNormalization(epsilon=1e-3, dtype="float64")
got = float(layer(tf.fill((1, 1, 1, 1), tf.constant(1e-3, tf.float64)))[0, 0, 0, 0])
right = 1e-3 / (1e-6 + 1e-3) ** 0.5
print(f"tensorflow-addons {tfa.__version__}: {got!r}, right is {right!r}")
raise SystemExit(0 if abs(got / right - 1) > 1e-12 else 1)
