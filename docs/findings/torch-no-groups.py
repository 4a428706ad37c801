"""PyTorch 2.13: GroupNorm with no groups divides by zero before it looks at the number.

Right: ValueError that speaks of num_groups, as for a number that does not divide the channels.
"""

import torch

try:
    torch.nn.GroupNorm(0, 4)
except Exception as error:
    print(f"torch {torch.__version__}: GroupNorm(0, 4) raises {type(error).__name__}: {error}")
    raise SystemExit(0 if isinstance(error, ZeroDivisionError) else 1) from None
raise SystemExit(1)
