"""TensorFlow 2.21: with tf.nn.l2_normalize, the last bits of an example depend on its place in the batch.

Right: an example that is normalized by itself gives the same bits alone and among others. rsqrt is rounded otherwise in
a vector than in the elements left over, and the whole batch decides which are left over.
"""

import numpy as np
import tensorflow as tf

x = np.random.default_rng(0).standard_normal((5, 3, 33), dtype=np.float32)
whole = tf.nn.l2_normalize(x, -1).numpy()
alone = np.concatenate([tf.nn.l2_normalize(x[i : i + 1], -1).numpy() for i in range(len(x))])
differ = int((whole != alone).sum())
print(f"tensorflow {tf.__version__}: {differ} of {x.size} elements differ where each example is normalized alone")
raise SystemExit(0 if differ else 1)
