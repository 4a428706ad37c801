"""Keras 3.15.1: RMSNormalization drops the mask of its input, and all that comes after it computes without one.

Right: every position of the output belongs to one of the input, so the mask is passed on, as LayerNormalization does.
"""

import keras
import numpy as np

x = keras.layers.Masking()(np.array([[[1.0, 2.0], [0.0, 0.0]]], "float32"))
found = {
    layer.__class__.__name__: getattr(layer(x), "_keras_mask", None)
    for layer in (keras.layers.LayerNormalization(), keras.layers.RMSNormalization())
}
print(f"keras {keras.__version__}: masks that come out:", {name: one is not None for name, one in found.items()})
raise SystemExit(0 if found["RMSNormalization"] is None else 1)
