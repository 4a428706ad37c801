"""Keras 3.15.1 on PyTorch: the gradient of UnitNormalization at a vector of zeros is NaN.

Right: 1e12, the limit of 1 / norm, times the gradient that comes in.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

x = torch.zeros(1, 3, requires_grad=True)
keras.layers.UnitNormalization()(x).sum().backward()
print(f"keras {keras.__version__}: the gradient is {x.grad.tolist()}, right is [[1e12, 1e12, 1e12]]")
raise SystemExit(0 if x.grad.isnan().any() else 1)
