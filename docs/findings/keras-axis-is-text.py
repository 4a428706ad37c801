"""Keras 3.15.1: a text as axis is refused by int(), and the message does not say which argument is wrong.

Right: an error that names `axis`.
"""

import keras

try:
    keras.layers.BatchNormalization(axis="x").build((2, 3))
except Exception as error:
    print(f"keras {keras.__version__}: BatchNormalization(axis='x') raises {type(error).__name__}: {error}")
    raise SystemExit(1 if "axis" in str(error) else 0) from None
raise SystemExit(1)
