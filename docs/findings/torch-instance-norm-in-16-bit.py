"""PyTorch 2.13, CPU: InstanceNorm keeps the mean of each channel in the 16-bit dtype.

Right: statistics in float32, so that only the result is rounded.
"""

import torch

x = torch.tensor([[[100.0, 101.0, 102.0, 104.0, 100.0, 101.0, 102.5, 104.0]]]).bfloat16()
got = torch.nn.InstanceNorm1d(1)(x)[0, 0, :4]
right = torch.nn.InstanceNorm1d(1)(x.float())[0, 0, :4].bfloat16()
print(f"torch {torch.__version__}: bfloat16 gives {got.tolist()}, float32 rounded once {right.tolist()}")
raise SystemExit(0 if (got - right).abs().max() > 0.1 else 1)
