"""Keras 2.15: a SavedModel that cannot be made leaves a layer whose copies have no gradient of the kernel.

The calls of all layers are replaced while the model is saved, and put back only if that goes well. Such a layer can no
longer be pickled, either.
"""

import copy
import tempfile

import keras
import tensorflow as tf


def with_gradient(layer):
    with tf.GradientTape() as tape:
        y = layer(tf.ones((4, 3)), training=True)
    return tape.gradient(y, layer.trainable_weights)[0] is not None


layer = keras.layers.SpectralNormalization(keras.layers.Dense(2, use_bias=False))
inputs = keras.Input((3,))
model = keras.Model(inputs, layer(inputs))
before = with_gradient(copy.deepcopy(layer))
try:
    model.save(tempfile.mkdtemp(), save_format="tf")
except TypeError as error:
    print(f"save() raises {type(error).__name__}")
after = with_gradient(copy.deepcopy(layer))
print(f"keras {keras.__version__}: a copy has a gradient of the kernel: {before}; after the failed save: {after}")
raise SystemExit(0 if before and not after else 1)
