"""PyTorch 2.13: in CrossMapLRN2d the first channel never leaves the sliding sum of squares.

Right: what LocalResponseNorm gives. The sum of channel c subtracts the square of channel c - 2 only where c > 2, so
that of channel 0 is never subtracted (size 3), and every channel from the third on is divided by too much.
"""

import torch

x = torch.ones(1, 6, 1, 1)
got = torch.nn.CrossMapLRN2d(3, alpha=3.0, beta=1.0, k=0.0)(x).flatten()
right = torch.nn.LocalResponseNorm(3, alpha=3.0, beta=1.0, k=0.0)(x).flatten()
print(f"torch {torch.__version__}: CrossMapLRN2d of ones gives {got.tolist()}, right is {right.tolist()}")
raise SystemExit(0 if not torch.allclose(got, right) else 1)
