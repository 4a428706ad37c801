"""PyTorch 2.13: a batch without examples makes InstanceNorm's averages NaN, and with a weight it raises IndexError.

Right: an output without examples, and averages left alone, as BatchNorm does.
"""

import torch

nothing, something = torch.zeros(0, 3, 5), torch.ones(2, 3, 5)
tracking, batch = torch.nn.InstanceNorm1d(3, track_running_stats=True), torch.nn.BatchNorm1d(3)
tracking(nothing), batch(nothing)
print(f"torch {torch.__version__}: running_mean is {tracking.running_mean.tolist()}", end=", ")
print(f"BatchNorm's is {batch.running_mean.tolist()}; then inference gives {tracking.eval()(something)[0, 0].tolist()}")
try:
    refused = ""
    torch.nn.InstanceNorm1d(3, affine=True)(nothing)
except IndexError as error:
    refused = str(error)
print("with affine=True:", refused or "taken, as it is without")
raise SystemExit(0 if refused and tracking.running_mean.isnan().all() else 1)
