"""PyTorch 2.13, CPU: forward over reverse through GroupNorm loses digits in float32 where an element is large.

Right, to float32's precision: the same layer written with mean, sqrt and a division, or GroupNorm in float64.
"""

import torch
from torch.func import grad, jvp

torch.manual_seed(0)
x, t, g = (torch.randn(3, 2, 2, dtype=torch.float64) for _ in range(3))
x[:, 0, 0] *= 1e4


def written_out(x):
    centred = x - x.mean((1, 2), keepdim=True)
    return centred / (centred.square().mean((1, 2), keepdim=True) + 1e-5).sqrt()


def second(function, dtype):
    at, along, upstream = x.to(dtype), t.to(dtype), g.to(dtype)
    return jvp(grad(lambda x: (upstream * function(x)).sum()), (at,), (along,))[1].double()


layer = torch.nn.GroupNorm(1, 2, affine=False)
right = second(written_out, torch.float64)
lost = [float(((second(one, torch.float32) - right) / right).abs().max()) for one in (layer, written_out)]
print(f"torch {torch.__version__}: relative error of the second derivative {lost[0]:.1e}, written out {lost[1]:.1e}")
raise SystemExit(0 if lost[0] > 20 * lost[1] else 1)
