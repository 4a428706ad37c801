"""Keras 3.15.1 on PyTorch: a bad axis reaches PyTorch's reductions, and their errors come out at the call.

Right: a ValueError that names the axis.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

raised = []
for layer in (keras.layers.LayerNormalization(axis=[1, 1]), keras.layers.UnitNormalization(axis=5)):
    try:
        layer(torch.randn(2, 3))
        raised.append("nothing")
    except Exception as error:
        raised.append(type(error).__name__)
print(f"keras {keras.__version__}: LayerNormalization(axis=[1, 1]) and UnitNormalization(axis=5) raised {raised}")
raise SystemExit(0 if raised == ["RuntimeError", "IndexError"] else 1)
