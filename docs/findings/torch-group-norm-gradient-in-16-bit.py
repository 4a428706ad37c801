"""PyTorch 2.13, CPU: GroupNorm's backward pass keeps the mean in the 16-bit dtype, and loses digits where it is large.

Right: statistics in float32, so that only the result is rounded.
"""

import torch

torch.manual_seed(0)
x = (100 + torch.randn(2, 2, 12)).bfloat16()
upstream = torch.randn(2, 2, 12).bfloat16()


def gradient(dtype):
    inward = x.detach().clone().to(dtype).requires_grad_()
    torch.nn.GroupNorm(1, 2).to(dtype)(inward).backward(upstream.to(dtype))
    return inward.grad.double()


got, right = gradient(torch.bfloat16), gradient(torch.float64)
worst = float((got - right).abs().max() / right.abs().max())
print(f"torch {torch.__version__}: bfloat16 gradients at mean 100 are off by {worst:.1%} of the largest (2^-8 is 0.4%)")
raise SystemExit(0 if worst > 0.01 else 1)
