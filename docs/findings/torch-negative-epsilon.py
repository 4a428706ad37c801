"""PyTorch 2.13 accepts a negative eps, with which the root of a small variance is NaN.

Right: ValueError at construction, as BatchNorm's call gives.
"""

import torch

try:
    got = torch.nn.LayerNorm(2, eps=-1.0)(torch.tensor([[1.0, 2.0]])).tolist()
except ValueError as error:
    print(f"torch {torch.__version__}: refused: {error}")
    raise SystemExit(1) from None
print(f"torch {torch.__version__}: LayerNorm(2, eps=-1.0) of [1, 2] gives {got}")
raise SystemExit(0)
