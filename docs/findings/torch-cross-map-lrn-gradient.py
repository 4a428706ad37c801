"""PyTorch 2.13.0: the gradient of CrossMapLRN2d leaves out the channels behind, where the output is right.

Right: what LocalResponseNorm gives. Channel c is a neighbour of channel c + 1 as well, but the backward pass pads the
channels by 2 in front (size 3) where 1 belongs, so that its window ends with channel c.
"""

import torch

gradients = []
for kind in (torch.nn.CrossMapLRN2d, torch.nn.LocalResponseNorm):
    x = torch.ones(1, 2, 1, 1, requires_grad=True)
    kind(3, alpha=3.0, beta=1.0, k=1.0)(x).sum().backward()
    gradients.append(x.grad.flatten())
got, right = gradients
print(f"torch {torch.__version__}: CrossMapLRN2d of two ones has gradient {got.tolist()}, right is {right.tolist()}")
raise SystemExit(0 if not torch.allclose(got, right) else 1)
