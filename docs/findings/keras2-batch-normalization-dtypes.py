"""tf_keras BatchNormalization has float32 weights in float16, and moves float64 statistics by a float32 momentum.

The first is a convention of Keras 2 (its fused kernel takes no others). Right for the second: 0.02 to 16 digits.
"""

import numpy as np
import tf_keras

layer = tf_keras.layers.BatchNormalization(dtype="float16")
layer.build((4, 1))
exact = tf_keras.layers.BatchNormalization(dtype="float64")
exact(np.full((4, 1), 2.0), training=True)
mean = float(exact.moving_mean[0])
print(
    f"tf_keras {tf_keras.__version__}: {layer.moving_mean.dtype.name} weights in float16; 0.01 * 2 in float64: {mean!r}"
)
raise SystemExit(0 if layer.moving_mean.dtype.name == "float32" and abs(mean - 0.02) > 1e-12 else 1)
