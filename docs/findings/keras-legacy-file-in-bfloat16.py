"""Keras 3.15.1: a bfloat16 layer is saved to a legacy .h5 file without complaint, and cannot be loaded.

Right: the weights come back, as they do from a .keras file; or saving refuses.
"""

import os
import tempfile

import keras

model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(dtype="bfloat16")])
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.h5")
    model.save(path)
    try:
        keras.models.load_model(path)
    except ValueError as error:
        print(f"keras {keras.__version__}: loading a bfloat16 .h5 file raises ValueError: {error}")
        raise SystemExit(0) from None
raise SystemExit(1)
