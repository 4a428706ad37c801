"""PyTorch 2.13, CPU: LayerNorm sums the gradient of its bias in the 16-bit dtype.

Right: sums in float32, and one rounding: 2,048 terms near 0.88 add up to 1797.9, or 1798 in float16.
"""

import torch

torch.manual_seed(0)
upstream = (torch.rand(2048, 3) * 0.25 + 0.75).half()
layer = torch.nn.LayerNorm(3).half()
layer(torch.randn(2048, 3).half()).backward(upstream)
got, right = layer.bias.grad.double(), upstream.double().sum(0)
worst = float(((got - right).abs() / right).max())
print(f"torch {torch.__version__}: the gradient of the bias is {got.tolist()}, right is {right.tolist()}")
raise SystemExit(0 if worst > 2**-10 else 1)
