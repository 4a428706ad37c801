"""TensorFlow Addons' WeightNormalization keeps a flag among its weights, and the first call replaces the magnitude.

The flag says whether that has been done; it is counted and saved as a parameter that is not trainable.
"""

import tensorflow as tf
import tensorflow_addons as tfa

layer = tfa.layers.WeightNormalization(tf.keras.layers.Dense(3, use_bias=False), data_init=False)
layer.build((2, 5))
layer.g.assign([7.0, 7.0, 7.0])
layer(tf.ones((2, 5)))
names = [one.name.split(":")[0].rsplit("/")[-1] for one in layer.weights]
print(f"tensorflow-addons {tfa.__version__}: weights {names}; a magnitude of 7 is {layer.g.numpy()} after a call")
raise SystemExit(0 if "initialized" in names and 7.0 not in layer.g.numpy() else 1)
