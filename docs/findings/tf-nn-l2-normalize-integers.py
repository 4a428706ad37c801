"""TensorFlow 2.21: tf.nn.l2_normalize refuses integers, of which it takes no reciprocal root.

Right: integers are normalized as the numbers they are, [3, 4] to [0.6, 0.8].
"""

import tensorflow as tf

for dtype in ("int32", "bool"):
    try:
        tf.nn.l2_normalize(tf.cast([[1, 0]], dtype), 1)
    except (TypeError, tf.errors.InvalidArgumentError) as error:
        print(f"tensorflow {tf.__version__}: l2_normalize of {dtype} raises {type(error).__name__}")
    else:
        raise SystemExit(1)
