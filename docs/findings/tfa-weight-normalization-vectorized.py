"""TensorFlow Addons' WeightNormalization cannot be called under tf.vectorized_map; the layer that it wraps can.

Whether the first call has been made is asked in the graph, which therefore holds an assignment that is never made.
"""

import logging

import tensorflow as tf
import tensorflow_addons as tfa

tf.get_logger().setLevel(logging.CRITICAL)
dense = tf.keras.layers.Dense(2, use_bias=False)
layer = tfa.layers.WeightNormalization(dense, data_init=False)
x = tf.ones((5, 4, 3))
layer(x[0])
plain = tf.keras.layers.Dense(2, use_bias=False)
plain(x[0])
try:
    tf.vectorized_map(layer, x)
    told = ""
except ValueError as error:
    told = str(error).strip().splitlines()[-1].strip()
print(f"tensorflow-addons {tfa.__version__}: Dense gives {tf.vectorized_map(plain, x).shape}, wrapped: {told[:90]}")
raise SystemExit(0 if "slice scalar" in told else 1)
