"""Keras 3.15.1: Normalization does not compute with the weights that set_weights() gives it.

Right: from_config() and set_weights() make a layer that does what the first one does, as from_config() documents.
"""

import keras
import numpy as np

x = np.array([[1.0], [2.0], [6.0]], "float32")
layer = keras.layers.Normalization()
layer.adapt(x)
new = keras.layers.Normalization.from_config(layer.get_config())
new.build((None, 1))
new.set_weights(layer.get_weights())
got, right = (np.asarray(one(x)).ravel() for one in (new, layer))
same = all(np.array_equal(a, b) for a, b in zip(new.get_weights(), layer.get_weights(), strict=True))
print(f"keras {keras.__version__}: with the same weights ({same}), got {got}, right is {right}")
raise SystemExit(0 if same and not np.allclose(got, right) else 1)
