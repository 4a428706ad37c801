"""PyTorch 2.13, CPU: BatchNorm keeps the batch's mean, and its folded scale and shift, in the 16-bit dtype.

Right: statistics in float32, so that only the result, and each moving statistic, is rounded.
"""

import torch

torch.manual_seed(0)
x = (100 + torch.randn(33, 2)).bfloat16()


def trained(dtype):
    layer = torch.nn.BatchNorm1d(2).to(dtype)
    return layer(x.to(dtype)).detach().double(), layer.running_var.double()


(got, variance), (right, exact) = trained(torch.bfloat16), trained(torch.float64)
print(
    f"torch {torch.__version__}: bfloat16 outputs at mean 100 are off by up to {float((got - right).abs().max()):.3f}, "
    f"running variances by {float((variance - exact).abs().max()):.4f}"
)
raise SystemExit(0 if float((got - right).abs().max()) > 0.05 else 1)
