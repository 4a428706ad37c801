"""tf_keras computes a 16-bit LayerNormalization, GroupNormalization or UnitNormalization in its 16 bits.

Right: statistics in float32, as Keras 3 takes them; the variance of 0 and 1000 is more than float16 holds.
"""

import numpy as np
import tf_keras

x = np.array([[0, 1000]], "float16")
got = [
    tf_keras.layers.LayerNormalization(dtype="float16")(x).numpy(),
    tf_keras.layers.GroupNormalization(1, dtype="float16")(x).numpy(),
    tf_keras.layers.UnitNormalization(dtype="float16")(x).numpy(),
]
print(f"tf_keras {tf_keras.__version__}: {got} of {x} in float16, right is -1 and 1, -1 and 1, 0 and 1")
raise SystemExit(0 if not any(one.any() for one in got) else 1)
