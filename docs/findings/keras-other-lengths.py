"""Keras 3.15.1: a LayerNormalization built for axes of (3, 4) accepts an input of (4, 3), and reshapes gamma to it.

Right: ValueError, as for any layer that is given another shape than it was built for.
"""

import keras
import numpy as np

layer = keras.layers.LayerNormalization(axis=[1, 2])
layer.build((2, 3, 4))
try:
    got = layer(np.ones((2, 4, 3), "float32"))
except ValueError as error:
    print(f"keras {keras.__version__}: refused: {error}")
    raise SystemExit(1) from None
print(f"keras {keras.__version__}: built for (2, 3, 4), called on (2, 4, 3), gives an output of {tuple(got.shape)}")
raise SystemExit(0)
