"""Keras 3.15.1 on TensorFlow: the last bits of an example depend on its place in the batch, and on the batch's size.

Right: an example that is normalized by itself gives the same bits alone and among others. Mean and variance do; but
rsqrt is rounded otherwise in a vector than in the elements left over, and the whole batch decides which are left over.
"""

import keras
import numpy as np
import tensorflow

x = np.random.default_rng(0).standard_normal((5, 3, 33), dtype=np.float32)
layers = {"rsqrt": lambda x: tensorflow.math.rsqrt(x * x), "LayerNormalization": keras.layers.LayerNormalization()}
layers |= {"RMSNormalization": keras.layers.RMSNormalization()}
differ = {}
for name, layer in layers.items():
    whole, alone = np.asarray(layer(x)), np.concatenate([np.asarray(layer(x[i : i + 1])) for i in range(len(x))])
    differ[name] = int((whole != alone).sum())
print(
    f"keras {keras.__version__}, tensorflow {tensorflow.__version__}: elements of {x.size} that differ alone: {differ}"
)
raise SystemExit(0 if any(differ.values()) else 1)
