"""PyTorch's unit and local response normalization, as factories for `TorchAdapter.layers`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..interface import Unsupported

if TYPE_CHECKING:
    from .layers import TorchArguments


def unit_normalization(a: TorchArguments) -> Any:
    """torch.nn.functional.normalize, as a module; it has none in torch.nn."""
    options = a.keywords(p="order", dim="axis", eps="epsilon")
    if isinstance(options.get("dim"), list):
        options["dim"] = tuple(options["dim"])
    # Imported late: the module of a class that can be saved imports PyTorch.
    return importlib.import_module("normcheck.adapters.torch.normalize").Normalize(**options)


def local_response_normalization(a: TorchArguments) -> Any:
    """torch.nn.LocalResponseNorm, or CrossMapLRN2d where that is the implementation asked for."""
    torch = importlib.import_module("torch")
    name = str(a.implementation)
    if not hasattr(torch.nn, name):
        raise Unsupported(f"PyTorch {torch.__version__} has no {name}")
    return getattr(torch.nn, name)(a.size, **a.keywords(alpha="alpha", beta="beta", k="k"))
