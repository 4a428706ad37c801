"""An operator of torch.library with a gradient of its own, called by a module.

$ pytest --pyargs normcheck.cases --target docs/examples/torch_custom_op.py --layer rms_normalization
"""

import torch

from normcheck.adapters.interface import Unsupported
from normcheck.adapters.torch import TorchAdapter


def widened(x):
    return x.to(torch.promote_types(x.dtype, torch.float32))


def factor(x, eps):
    return torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)


@torch.library.custom_op("examples::scaled", mutates_args=())
def scaled(x: torch.Tensor, eps: float) -> torch.Tensor:
    """X / sqrt(mean(x^2) + eps) over the last axis, in float32 or wider."""
    wide = widened(x)
    return wide * factor(wide, eps)


@scaled.register_fake
def _(x, eps):
    return torch.empty_like(widened(x))


def keep(ctx, inputs, output):
    ctx.save_for_backward(inputs[0])
    ctx.eps = inputs[1]


def backward(ctx, upstream):
    x = ctx.saved_tensors[0]
    wide = widened(x)
    by = factor(wide, ctx.eps)
    y = wide * by
    return (by * (upstream - y * (upstream * y).mean(-1, keepdim=True))).to(x.dtype), None


scaled.register_autograd(backward, setup_context=keep)


class RMSNorm(torch.nn.Module):
    """The operator, and a weight."""

    def __init__(self, normalized_shape, eps):
        super().__init__()
        self.eps = eps
        self.weight = torch.nn.Parameter(torch.ones(normalized_shape))

    def forward(self, x):
        """The normalized input, in its dtype."""
        eps = torch.finfo(widened(x).dtype).eps if self.eps is None else self.eps
        return (torch.ops.examples.scaled(x, eps) * self.weight).to(x.dtype)


def rms_norm(a):
    if len(a.normalized_shape) != 1:
        raise Unsupported("the operator is for the last axis")
    if a.epsilon is not None and a.epsilon < 0:
        raise ValueError(f"epsilon must not be negative, it is {a.epsilon}")
    return RMSNorm(a.normalized_shape, a.epsilon)


class Adapter(TorchAdapter):
    name = "my-custom-op"
    modes = ("eager",)
    layers = {"rms_normalization": rms_norm}
