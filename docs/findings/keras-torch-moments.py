"""Keras 3.15.1 on PyTorch: batch and group normalization take the variance as E[x^2] - E[x]^2: NaN at a mean of 1e4.

Right: no NaN; about -1.22, 0 and 1.22.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

x = torch.tensor([[9999.0], [10000.0], [10001.0], [10000.0]]) + torch.tensor([[0.25], [0.0], [0.125], [0.5]])
wrong = 0
for name, layer, given in (
    ("BatchNormalization", keras.layers.BatchNormalization(), x),
    ("GroupNormalization", keras.layers.GroupNormalization(groups=1), x.T),
):
    got = layer(given, training=True) if name[0] == "B" else layer(given)
    right = (x - x.mean()) / torch.sqrt(x.var(correction=0) + 1e-3)
    print(f"keras {keras.__version__}: {name} gives {got.flatten().tolist()}, right is {right.flatten().tolist()}")
    wrong += not torch.allclose(got.flatten(), right.flatten(), atol=1e-2)
raise SystemExit(0 if wrong == 2 else 1)
