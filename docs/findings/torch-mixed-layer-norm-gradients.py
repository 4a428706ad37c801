"""PyTorch 2.13, CPU: LayerNorm sums the gradient of a float32 bias in the 16-bit dtype of the input.

Right: the gradient has the dtype of the bias, float32, and counts the 2,049 rows. GroupNorm, BatchNorm and RMSNorm do.
"""

import torch

layer = torch.nn.LayerNorm(2)
layer(torch.randn(2049, 2).bfloat16()).backward(torch.ones(2049, 2).bfloat16())
got = layer.bias.grad
print(f"torch {torch.__version__}: the bias's gradient over 2049 rows of 1 is {got.tolist()} in {got.dtype}")
raise SystemExit(0 if got.tolist() != [2049.0, 2049.0] else 1)
