"""TensorFlow 2.21: tf.nn.batch_normalization computes in the 16-bit dtype of its input, and rounds several times.

Right: float32 and one rounding. It gives x * s + (offset - mean * s), where s and mean * s are rounded to 16 bits too.
"""

import numpy as np
import tensorflow as tf

x, mean, variance, offset, scale = (np.float16([value]) for value in (1001, 1000, 2, 0.1, 3))
exact = (1.0 / np.sqrt(2 + 1e-3)) * 3 + float(offset[0])
got = float(tf.nn.batch_normalization(x[None], mean, variance, offset, scale, 1e-3)[0, 0])
print(f"tensorflow {tf.__version__}: batch_normalization of {x[0]} in float16 is {got}, right is {np.float16(exact)}")
raise SystemExit(0 if got != float(np.float16(exact)) else 1)
