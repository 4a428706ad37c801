"""Keras 3.15.1 on TensorFlow: UnitNormalization of integers raises InvalidArgumentError.

Right: integers are normalized as the numbers they are, as the example of the class' own documentation has it.
"""

import keras
import numpy as np

try:
    output = keras.layers.UnitNormalization()(np.arange(6).reshape(2, 3).astype("int32"))
except Exception as error:
    print(f"keras {keras.__version__}: UnitNormalization of int32 raises {type(error).__name__}: {str(error)[:90]}")
    raise SystemExit(0) from None
print(f"keras {keras.__version__}: UnitNormalization of int32 gives {keras.ops.convert_to_numpy(output).tolist()}")
raise SystemExit(1)
