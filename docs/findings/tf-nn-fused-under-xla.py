"""TensorFlow 2.21: tf.compat.v1.nn.fused_batch_norm, compiled by XLA, loses a large mean.

XLA writes it as the mean of squares less the square of the mean. Right: the variance about the mean, as without XLA.
"""

import numpy as np
import tensorflow as tf

x = (1000 + np.random.default_rng(0).normal(size=(4, 3, 3, 8))).astype("float32")
exact = (x - x.mean((0, 1, 2), "float64")) / np.sqrt(x.var((0, 1, 2), "float64") + 1e-3)


def normalized(x):
    return tf.compat.v1.nn.fused_batch_norm(x, tf.ones(8), tf.zeros(8))[0]


off = [float(np.abs(tf.function(normalized, jit_compile=jit)(x) - exact).max()) for jit in (False, True)]
print(f"tensorflow {tf.__version__}: at mean 1000 it is off by {off[0]:.1e}, and by {off[1]:.1e} under XLA")
raise SystemExit(0 if off[1] > 10 * off[0] else 1)
