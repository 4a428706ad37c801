"""The ways in which a PyTorch module is saved and got back. `copy` is copy.deepcopy."""

from __future__ import annotations

import os
from typing import Any

from ..by_python import WAYS, get, put
from ..interface import Unsupported

FILE = "layer.pt"
NOT_OFFERED = {
    "weights": "PyTorch's own file is a state_dict, which holds weights alone",
    "configuration": "a PyTorch module does not tell the arguments that it was made with",
    "json": "a PyTorch module does not tell the arguments that it was made with",
}


def save(torch: Any, module: Any, folder: str, how: str) -> None:
    """Write `module`: its state_dict as `file`, and as `legacy` in the format before 1.6; or itself as `whole`."""
    path = os.path.join(folder, FILE)
    if how in NOT_OFFERED:
        raise Unsupported(NOT_OFFERED[how])
    if how in ("whole", "pickle") and any(map(torch.nn.utils.parametrize.is_parametrized, module.modules())):
        raise Unsupported("PyTorch saves a module with a parametrization by its state_dict only, and says so")
    if how in WAYS:
        put(module, folder, how)
    elif how == "whole":
        torch.save(module, path)
    else:
        torch.save(module.state_dict(), path, _use_new_zipfile_serialization=how != "legacy")


def load(torch: Any, new: Any, device: str, folder: str, how: str) -> Any:
    """The module in `folder`. new: one of the same arguments, every key of whose state_dict must fit."""
    path = os.path.join(folder, FILE)
    if how in WAYS:
        return get(folder, how)
    if how == "whole":
        return torch.load(path, map_location=device, weights_only=False)
    new.load_state_dict(torch.load(path, map_location=device, weights_only=True), strict=True)
    return new
