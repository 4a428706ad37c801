"""PyTorch 2.13, CPU: LocalResponseNorm keeps squares and scale in the 16-bit dtype.

Right: squares in float32, and one rounding. In float16 the square of 300 is infinite, and the output zero.
"""

import torch

x = torch.full((1, 1, 1), 300.0)
layer = torch.nn.LocalResponseNorm(1, alpha=1e-4)
got, right = layer(x.half()).item(), layer(x).half().item()
print(f"torch {torch.__version__}: LocalResponseNorm of 300 in float16 gives {got}, right is {right}")
raise SystemExit(0 if got != right else 1)
