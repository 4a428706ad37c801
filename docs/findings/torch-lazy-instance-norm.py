"""PyTorch 2.13: LazyInstanceNorm1d has undocumented defaults, misreads (C, L), and cannot be called once loaded.

Right: affine and track_running_stats False, C channels in (C, L), and num_features set by load_state_dict.
"""

import torch


def refused(call):
    try:
        call()
    except ValueError as error:
        return str(error)
    return ""


lazy = torch.nn.LazyInstanceNorm1d()
alone = refused(lambda: torch.nn.LazyInstanceNorm1d(affine=True)(torch.zeros(3, 5)))
filled = torch.nn.LazyInstanceNorm1d(affine=True, track_running_stats=False)
filled.load_state_dict(torch.nn.InstanceNorm1d(3, affine=True).state_dict())
loaded = refused(lambda: filled(torch.zeros(2, 3, 5)))
print(f"torch {torch.__version__}: affine={lazy.affine}, track_running_stats={lazy.track_running_stats} by default")
print(f"(C, L): {alone or 'taken'}")
print(f"after load_state_dict: {loaded or 'taken'}")
raise SystemExit(0 if lazy.affine and lazy.track_running_stats and alone and loaded else 1)
