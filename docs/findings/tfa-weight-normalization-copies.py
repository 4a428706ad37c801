"""TensorFlow Addons' WeightNormalization can be neither copied nor pickled once it is part of a model.

Each call sets the kernel of the wrapped layer to the normalized one, which in a model is a symbolic tensor.
"""

import copy

import tensorflow as tf
import tensorflow_addons as tfa

layer = tfa.layers.WeightNormalization(tf.keras.layers.Dense(2, use_bias=False), data_init=False)
layer.build((None, 3))
layer(tf.ones((1, 3)))
copy.deepcopy(layer)
inputs = tf.keras.Input((3,))
tf.keras.Model(inputs, layer(inputs))
try:
    copy.deepcopy(layer)
    told = ""
except TypeError as error:
    told = str(error)
print(f"tensorflow-addons {tfa.__version__}: a layer is copied; after tf.keras.Model it is not: {told}")
raise SystemExit(0 if "SymbolicTensor" in told else 1)
