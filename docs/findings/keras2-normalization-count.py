"""tf_keras Normalization counts the examples of adapt() in its weight `count`; Keras 3 leaves it at 0.

A convention of Keras 2, which goes on from the count when more data come.
"""

import numpy as np
import tf_keras

layer = tf_keras.layers.Normalization()
layer.adapt(np.ones((4, 3), "float32"))
print(f"tf_keras {tf_keras.__version__}: count is {int(layer.count)} after 4 examples, in Keras 3 it is 0")
raise SystemExit(0 if int(layer.count) == 4 else 1)
