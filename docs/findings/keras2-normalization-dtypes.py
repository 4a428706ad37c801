"""tf_keras Normalization keeps its statistics in the 16-bit dtype of the computation, under a mixed policy too.

Right: statistics in float32, as the variables of the other layers are under a mixed policy; 2049 is no float16 number.
"""

import numpy as np
import tf_keras

layer = tf_keras.layers.Normalization(dtype="mixed_float16")
layer.adapt(np.array([[2048], [2050]], "float32"))
print(
    f"tf_keras {tf_keras.__version__}: {layer.adapt_mean.dtype.name}, mean of 2048, 2050: {float(layer.adapt_mean[0])}"
)
raise SystemExit(0 if layer.adapt_mean.dtype.name == "float16" and float(layer.adapt_mean[0]) != 2049 else 1)
