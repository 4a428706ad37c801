"""PyTorch 2.13.0: torch.nn.functional.group_norm refuses a number of groups that does not fit with a RuntimeError.

Right: the ValueError that torch.nn.GroupNorm raises for the same arguments.
"""

import torch

try:
    torch.nn.functional.group_norm(torch.ones(2, 4, 3), 3)
except RuntimeError as error:
    text = " ".join(str(error).split())[:90]
    print(f"torch {torch.__version__}: 4 channels in 3 groups raise RuntimeError: {text}…; right is ValueError")
    raise SystemExit(0) from None
except ValueError:
    raise SystemExit(1) from None
raise SystemExit(1)
