"""tf_keras BatchNormalization and LayerNormalization, compiled by XLA, lose a large mean, because of the fused kernel.

XLA writes the fused kernel of batch normalization as the mean of squares less the square of the mean. Keras 2 uses that
kernel for batches of images, and for layer normalization over the last axes too.
"""

import numpy as np
import tensorflow as tf
import tf_keras

x = (1000 + np.random.default_rng(0).normal(size=(4, 3, 3, 8))).astype("float32")
gone = False
for name, axes in (("BatchNormalization", (0, 1, 2)), ("LayerNormalization", (3,))):
    layer = getattr(tf_keras.layers, name)()
    right = (x.astype("float64") - x.mean(axes, "float64", keepdims=True)) / np.sqrt(
        x.var(axes, "float64", keepdims=True) + 1e-3
    )
    off = [
        float(np.abs(tf.function(layer, jit_compile=jit)(x, training=True).numpy() - right).max())
        for jit in (False, True)
    ]
    print(f"tf_keras {tf_keras.__version__}: {name} at mean 1000 is off by {off[0]:.1e}, and by {off[1]:.1e} under XLA")
    gone = gone or not off[1] > 10 * off[0]
raise SystemExit(1 if gone else 0)
