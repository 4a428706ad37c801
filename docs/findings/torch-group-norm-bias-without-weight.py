"""PyTorch 2.13.0: torch.nn.functional.group_norm with a bias and no weight has no gradient.

Right: the gradient of the bias is the sum of the incoming gradient over all else than the channels.
"""

import torch

x, bias = torch.randn(2, 4, 3), torch.zeros(4, requires_grad=True)
called = f"torch {torch.__version__}: the gradient of the bias of group_norm(x, 2, None, bias)"
try:
    torch.nn.functional.group_norm(x, 2, None, bias).sum().backward()
except RuntimeError as error:
    print(f"{called} raises RuntimeError: {error}; right is [6.0, 6.0, 6.0, 6.0]")
    raise SystemExit(0) from None
print(f"{called} is {bias.grad.tolist()}")
raise SystemExit(1)
