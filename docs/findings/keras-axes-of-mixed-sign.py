"""Keras 3.15.1 sorts axes before it counts negative ones from the front, so that [1, -1] transposes gamma.

Right: gamma has the shape (3, 5) of axes 1 and 2, in the order of the input.
https://github.com/keras-team/keras/pull/22206
"""

import keras

layer = keras.layers.LayerNormalization(axis=[1, -1])
layer.build((2, 3, 5))
print(
    f"keras {keras.__version__}: LayerNormalization(axis=[1, -1]) on (2, 3, 5) has gamma of {tuple(layer.gamma.shape)}"
)
raise SystemExit(0 if tuple(layer.gamma.shape) == (5, 3) else 1)
