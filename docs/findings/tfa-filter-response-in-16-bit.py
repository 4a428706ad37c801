"""TensorFlow Addons' FilterResponseNormalization computes in the 16 bits of its dtype: squares, root and products.

Right: squares, sums and roots in float32, rounded once. In float16 the square of 300 is infinite, and the output 0.
"""

import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

x = np.full((1, 2, 2, 1), 300.0, np.float16)
large = tfa.layers.FilterResponseNormalization(dtype="float16")(x).numpy().ravel()
ramp = np.linspace(-2, 3, 512, dtype=np.float32).reshape(1, 32, 16, 1)
ramp = tf.cast(ramp, tf.bfloat16)
got = tf.cast(tfa.layers.FilterResponseNormalization(dtype="bfloat16")(ramp), tf.float64).numpy()
wide = tf.cast(ramp, tf.float64).numpy()
off = np.abs(got / (wide / np.sqrt(np.mean(wide**2) + 1e-6)) - 1).max() * 2**8
print(
    f"tensorflow-addons {tfa.__version__}: 300 in float16 gives {large[0]}, right is 1; in bfloat16 {off:.2f} roundings"
)
raise SystemExit(0 if large[0] == 0 and off > 1.01 else 1)
