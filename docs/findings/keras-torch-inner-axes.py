"""Keras 3.15.1 on PyTorch: LayerNormalization over adjacent axes that are not the last ones raises RuntimeError.

They are handed to torch.nn.functional.layer_norm, which normalizes the last axes only. Right: it works, as in 3.10.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

try:
    output = keras.layers.LayerNormalization(axis=[1, 2])(torch.randn(2, 3, 4, 5))
except RuntimeError as error:
    print(f"keras {keras.__version__}: LayerNormalization(axis=[1, 2]) raised {str(error).splitlines()[2:3] or error}")
    raise SystemExit(0) from None
print(f"keras {keras.__version__}: LayerNormalization(axis=[1, 2]) gives the shape {tuple(output.shape)}")
raise SystemExit(1)
