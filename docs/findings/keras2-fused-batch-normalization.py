"""tf_keras BatchNormalization moves the unbiased variance where its input has four axes, and the biased one elsewhere.

Right: moving_var * momentum + var(batch) * (1 - momentum), as documented, with the biased variance for every rank.
"""

import numpy as np
import tf_keras

x = np.array([[0.0], [2.0]], "float32")
told = []
for shape in ((2, 1), (2, 1, 1, 1)):
    layer = tf_keras.layers.BatchNormalization(momentum=0.0)
    layer(x.reshape(shape), training=True)
    told.append(float(layer.moving_variance[0]))
print(f"tf_keras {tf_keras.__version__}: variance of 0 and 2 is {told[0]} in rank 2, {told[1]} in rank 4; right is 1")
raise SystemExit(0 if told[0] != told[1] else 1)
