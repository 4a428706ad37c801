"""Keras 3.15.1: a legacy .h5 file loses `axis` where it is a list of several axes.

Right: the loaded model gives what the saved one gives. With weights of its own, the layer cannot be loaded at all.
"""

import os
import tempfile

import keras
import numpy as np

x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
layer = keras.layers.LayerNormalization(axis=[1, 2], center=False, scale=False)
model = keras.Sequential([keras.Input((3, 4)), layer])
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.h5")
    model.save(path)
    loaded = keras.models.load_model(path)
off = float(np.abs(np.asarray(model(x)) - np.asarray(loaded(x))).max())
print(
    f"keras {keras.__version__}: axis {layer.axis} comes back as {loaded.layers[0].axis}, outputs differ by {off:.2f}"
)
raise SystemExit(0 if off > 0.01 else 1)
