"""PyTorch 2.13.0: group normalization refuses an input of one value per group, in inference too, for one example alone.

Right: zero, scaled and shifted, as for two examples of one value per group each, and as layer_norm gives it.
"""

import torch

layer = torch.nn.GroupNorm(1, 1).eval()
two = layer(torch.full((2, 1, 1), 5.0)).flatten().tolist()
try:
    one = layer(torch.full((1, 1, 1), 5.0)).flatten().tolist()
except ValueError as error:
    text = f"GroupNorm(1, 1) of (2, 1, 1) gives {two}, and of (1, 1, 1) raises ValueError: {error}"
    print(f"torch {torch.__version__}: {text}; right is [0.0]")
    raise SystemExit(0) from None
print(f"torch {torch.__version__}: GroupNorm(1, 1) of (1, 1, 1) gives {one}")
raise SystemExit(1)
