"""tf_keras BatchNormalization(synchronized=True) is one-pass and not saved as such, and renorm=True fails in float64.

Right: the variance about the mean, 0.8317 here; a configuration with `synchronized`; an output.
"""

import numpy as np
import tensorflow as tf
import tf_keras

x = (np.random.default_rng(0).normal(size=(64, 1)) + 1e3).astype("float32")
layer = tf_keras.layers.BatchNormalization(synchronized=True, momentum=0.0)
layer(x, training=True)
variance = float(layer.moving_variance[0])
told = [f"variance {variance} of {x.astype('float64').var():.4f}", f"saved: {'synchronized' in layer.get_config()}"]
try:
    tf_keras.layers.BatchNormalization(renorm=True, dtype="float64")(np.ones((4, 1)), training=True)
except tf.errors.InvalidArgumentError:
    told.append("renorm in float64 raises InvalidArgumentError")
print(f"tf_keras {tf_keras.__version__}: {told}")
raise SystemExit(0 if len(told) == 3 and abs(variance - 0.8317) > 0.01 and told[1] == "saved: False" else 1)
