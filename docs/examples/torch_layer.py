"""A module of PyTorch, written by hand.

$ pytest --pyargs normcheck.cases --target docs/examples/torch_layer.py --layer layer_normalization
"""

import torch

from normcheck.adapters.torch import TorchAdapter


class LayerNorm(torch.nn.Module):
    """Layer normalization over the last axes."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        if eps < 0:
            raise ValueError(f"eps must not be negative, it is {eps}")
        self.axes = tuple(range(-len(normalized_shape), 0))
        self.eps = eps
        self.weight = torch.nn.Parameter(torch.ones(normalized_shape))
        self.bias = torch.nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x):
        """The normalized input, in its dtype."""
        if not x.is_floating_point():
            raise TypeError(f"the input must be floating, it is {x.dtype}")
        wide = x.to(torch.promote_types(x.dtype, torch.float32))  # sums of 16-bit numbers need float32
        variance, mean = torch.var_mean(wide, self.axes, correction=0, keepdim=True)
        return ((wide - mean) / torch.sqrt(variance + self.eps) * self.weight + self.bias).to(x.dtype)


class Adapter(TorchAdapter):
    name = "my-torch-layer"
    modes = ("eager",)
    layers = {"layer_normalization": lambda a: LayerNorm(a.normalized_shape, eps=a.epsilon)}
