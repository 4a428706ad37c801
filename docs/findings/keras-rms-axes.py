"""Keras 3.15.1: RMSNormalization along another axis than the last multiplies by a scale that does not fit.

Right: the scale belongs to `axis`, as gamma of LayerNormalization does.
"""

import keras
import numpy as np

try:
    layer = keras.layers.RMSNormalization(axis=1)
    layer.build((2, 3, 5))
    layer(np.ones((2, 3, 5), "float32"))
except Exception as error:
    text = " ".join(str(error).split())[:120]
    print(f"keras {keras.__version__}: RMSNormalization(axis=1) on (2, 3, 5) raises {type(error).__name__}: {text}")
    raise SystemExit(0) from None
raise SystemExit(1)
