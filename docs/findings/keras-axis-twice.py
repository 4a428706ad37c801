"""Keras 3.15.1 accepts the same axis twice, and the framework below fails in the call.

Right: ValueError at construction or build that names the argument.
"""

import keras
import numpy as np

try:
    layer = keras.layers.LayerNormalization(axis=[-1, -1])
    layer.build((2, 3))
    layer(np.ones((2, 3), "float32"))
except Exception as error:
    kind, text = type(error).__name__, " ".join(str(error).split())[:120]
    print(f"keras {keras.__version__}: LayerNormalization(axis=[-1, -1]) raises {kind}: {text}")
    raise SystemExit(1 if isinstance(error, ValueError) and "axis" in text else 0) from None
raise SystemExit(0)
