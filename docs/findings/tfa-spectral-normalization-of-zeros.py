"""TensorFlow Addons' SpectralNormalization makes NaN of a kernel of zeros.

Right: zeros, as Keras' own layer of the same name leaves them.
"""

import tensorflow as tf
import tensorflow_addons as tfa

layer = tfa.layers.SpectralNormalization(tf.keras.layers.Dense(3, use_bias=False, kernel_initializer="zeros"))
got = layer(tf.ones((1, 2)), training=True).numpy()
print(f"tensorflow-addons {tfa.__version__}: {got}, right is [[0. 0. 0.]]")
raise SystemExit(0 if (got != got).all() else 1)
