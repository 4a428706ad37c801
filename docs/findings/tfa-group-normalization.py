"""TensorFlow Addons' GroupNormalization does not look at its arguments, and takes no integers.

Right: ValueError that names the argument; integers are converted.
"""

import tensorflow as tf
import tensorflow_addons as tfa

told = []
for build in (
    lambda: tfa.layers.GroupNormalization(1, epsilon=-1.0).build((2, 4)),
    lambda: tfa.layers.GroupNormalization(0).build((2, 4)),
    lambda: tfa.layers.GroupNormalization(1, axis=5).build((2, 4)),
    lambda: tfa.layers.GroupNormalization(1)(tf.constant([[10, 20, 30, 45]])),
):
    try:
        build()
        told.append("accepted")
    except Exception as error:
        told.append(type(error).__name__)
print(f"tensorflow-addons {tfa.__version__}: {told}")
raise SystemExit(0 if told == ["accepted", "ZeroDivisionError", "IndexError", "InvalidArgumentError"] else 1)
