"""tf_keras layers and masks: two that fail or stop, and one that lets masked NaN through.

Right: a mask of (examples, steps) passes through Normalization and GroupNormalization; masked steps count for nothing.
"""

import numpy as np
import tensorflow as tf
import tf_keras

mask = tf.constant([[True, False], [True, True]])
x = tf.constant([[[1.0, 2], [np.nan, np.nan]], [[3, 4], [5, 6]]])
output = tf_keras.layers.BatchNormalization()(x, training=True, mask=mask)
told = [bool(tf.reduce_any(tf.math.is_nan(output[1])))]
try:
    tf_keras.layers.GroupNormalization(1)(tf.zeros((2, 2, 3)), mask=mask)
except tf.errors.InvalidArgumentError as error:
    told.append("Incompatible shapes" in str(error))
carrying = tf.zeros((2, 2, 3))
carrying._keras_mask = mask
told.append(getattr(tf_keras.layers.Normalization(mean=0.0, variance=1.0)(carrying), "_keras_mask", None) is None)
print(f"tf_keras {tf_keras.__version__}: NaN spreads, group normalization fails, Normalization stops the mask: {told}")
raise SystemExit(0 if told == [True, True, True] else 1)
