"""PyTorch 2.13, CPU: functional.normalize keeps norm and epsilon in the 16-bit dtype.

Right: a vector of zeros gives zeros, 1 / norm is rounded once, and a norm above 65504 does no harm. In float16 the
epsilon of 1e-12 is 0, and 0 / 0 is NaN. https://github.com/pytorch/pytorch/issues/32137
"""

import torch

zeros = torch.nn.functional.normalize(torch.zeros(1, 2).half())
large = torch.nn.functional.normalize(torch.full((1, 4), 30000.0).half(), p=1.0)
got = torch.nn.functional.normalize(torch.tensor([[3.0, 5.0]]).bfloat16())[0].tolist()
right = torch.nn.functional.normalize(torch.tensor([[3.0, 5.0]])).bfloat16()[0].tolist()
print(f"torch {torch.__version__}: float16 zeros give {zeros.tolist()}, right is 0; in float16 and order 1")
print(f"four times 30000 give {large[0, 0].item()}, right is 0.25; bfloat16 3 and 5 give {got}, {right} is nearest")
raise SystemExit(0 if zeros.isnan().any() and large[0, 0] != 0.25 else 1)
