"""TensorFlow 2.21: tf.nn.l2_normalize adds up squares in the 16-bit dtype of its input, and so has its epsilon there.

Right: sums in float32 and one rounding. In float16 the square of 300 is infinite and that of 1e-4 zero; the default
epsilon of 1e-12 is zero too, so that zeros give NaN. In bfloat16 the output is rounded three times.
"""

import numpy as np
import tensorflow as tf

for row, right in {(300.0, 400.0): (0.6, 0.8), (3e-5, 4e-5): (0.6, 0.8), (0.0, 0.0): (0.0, 0.0)}.items():
    got = tf.nn.l2_normalize(tf.constant([row], "float16"), 1).numpy()[0].tolist()
    print(f"tensorflow {tf.__version__}: {row} in float16 gives {got}, right is {right}")
x = tf.cast(np.random.default_rng(0).normal(size=(64, 7)), "bfloat16")
exact = tf.cast(tf.nn.l2_normalize(tf.cast(x, "float64"), 1), "bfloat16")
wrong = int(tf.reduce_sum(tf.cast(tf.nn.l2_normalize(x, 1) != exact, "int32")))
print(f"{wrong} of {tf.size(x)} numbers in bfloat16 are not the exact answer, rounded")
raise SystemExit(0 if got != [0.0, 0.0] and wrong else 1)
