"""Keras 3.15.1 meets an axis that the input does not have with an IndexError about a tuple.

Right: ValueError that names the argument, as Keras 2 raised. https://github.com/keras-team/keras/pull/23329
"""

import keras

try:
    keras.layers.LayerNormalization(axis=5).build((2, 3))
except Exception as error:
    print(f"keras {keras.__version__}: LayerNormalization(axis=5) on rank 2 raises {type(error).__name__}: {error}")
    raise SystemExit(0 if isinstance(error, IndexError) else 1) from None
raise SystemExit(1)
