"""tf_keras GroupNormalization does not convert integers, and fails when they meet a float32 gamma.

Right: integers are numbers, which LayerNormalization of the same release converts.
"""

import tensorflow as tf
import tf_keras

try:
    tf_keras.layers.GroupNormalization(1)(tf.constant([[10, 20, 30, 45]]))
except tf.errors.InvalidArgumentError as error:
    print(f"tf_keras {tf_keras.__version__}: InvalidArgumentError: {' '.join(str(error).split())[:120]}")
    raise SystemExit(0) from None
raise SystemExit(1)
