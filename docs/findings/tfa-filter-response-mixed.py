"""TensorFlow Addons' FilterResponseNormalization cannot be called in mixed precision.

Epsilon has the weights' float32, and is added to a mean in the 16 bits of the input. Right: an output in 16 bits.
"""

import tensorflow as tf
import tensorflow_addons as tfa

told = []
for policy in ("mixed_float16", "mixed_bfloat16"):
    layer = tfa.layers.FilterResponseNormalization(dtype=tf.keras.mixed_precision.Policy(policy))
    try:
        told.append(layer(tf.ones((1, 2, 2, 3))).dtype.name)
    except Exception as error:
        told.append(type(error).__name__)
print(f"tensorflow-addons {tfa.__version__}: {told}, right are ['float16', 'bfloat16']")
raise SystemExit(0 if told == ["InvalidArgumentError"] * 2 else 1)
