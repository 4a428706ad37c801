"""tf_keras UnitNormalization limits the sum of squares to 1e-12, and so hardly changes a vector of length 1e-7.

Right: a vector of length 1, which Keras 3 gives down to 1e-12 of the length itself.
"""

import numpy as np
import tf_keras

got = tf_keras.layers.UnitNormalization()(np.array([[3e-8, 4e-8]], "float32")).numpy()
print(f"tf_keras {tf_keras.__version__}: [3e-8, 4e-8] becomes {got}, right is [[0.6 0.8]]")
raise SystemExit(0 if np.abs(got).max() < 0.5 else 1)
