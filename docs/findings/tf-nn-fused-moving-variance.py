"""TensorFlow 2.21: tf.compat.v1.nn.fused_batch_norm averages the unbiased variance, and normalizes by the biased one.

Right: (1 - factor) * variance + factor * the variance of the batch, as documented, which is the one that it divides by.
"""

import numpy as np
import tensorflow as tf

x = np.array([0.0, 2.0], "float32").reshape(2, 1, 1, 1)
one, zero = tf.ones(1), tf.zeros(1)
output, mean, variance = tf.compat.v1.nn.fused_batch_norm(x, one, zero, zero, one, exponential_avg_factor=0.5)
print(
    f"tensorflow {tf.__version__}: 0 and 2 give {np.round(np.ravel(output), 3).tolist()}, divided by a variance of 1; "
    f"half of it and of 1 is {float(variance[0])}, right is 1.0"
)
raise SystemExit(0 if float(variance[0]) != 1.0 else 1)
