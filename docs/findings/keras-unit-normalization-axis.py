"""Keras 3.15.1: UnitNormalization leaves an axis that the input does not have to TensorFlow, at the call.

Right: ValueError that names the argument, as compute_output_shape() of the same layer raises.
"""

import keras
import numpy as np

try:
    keras.layers.UnitNormalization(axis=5)(np.ones((2, 3), "float32"))
except Exception as error:
    print(f"keras {keras.__version__}: UnitNormalization(axis=5) on rank 2 raises {type(error).__name__}")
    raise SystemExit(0 if not isinstance(error, ValueError) else 1) from None
raise SystemExit(1)
