"""PyTorch 2.13: the derivative of layer_norm's forward derivative is wrong, by forward mode and by reverse mode.

Right: what autograd gives of the same layer written with mean, sqrt and a division.
https://github.com/pytorch/pytorch/issues/196700
"""

import torch
from torch.func import jvp

x = torch.tensor([1.0, 2.0, 6.0], dtype=torch.float64)
t = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
layer = torch.nn.LayerNorm(3, eps=0.25, dtype=torch.float64)


def written_out(x):
    centred = x - x.mean()
    return centred / (centred.square().mean() + 0.25).sqrt()


def twice(function):
    return jvp(lambda x: jvp(function, (x,), (t,))[1], (x,), (t,))[1].detach().flatten()


got, right = twice(layer), twice(written_out)
print(f"torch {torch.__version__}: the second derivative of layer_norm is {got.tolist()}, right is {right.tolist()}")
raise SystemExit(0 if float((got - right).abs().max()) > 1e-3 else 1)
