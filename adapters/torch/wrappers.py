"""PyTorch's parametrizations of a linear layer's weight: weight normalization and spectral normalization."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..interface import Unsupported

if TYPE_CHECKING:
    from .layers import TorchArguments


def _wrapped(a: TorchArguments, name: str, **options: Any) -> Any:
    """A linear layer without bias under a parametrization of torch.nn.utils; initial values are drawn from seed 0."""
    torch = importlib.import_module("torch")
    parametrization = getattr(torch.nn.utils.parametrizations, name, None)
    if parametrization is None:
        raise Unsupported(f"PyTorch {torch.__version__} has no parametrizations.{name}")
    torch.manual_seed(0)
    return parametrization(torch.nn.Linear(a.shape[-1], a.units, bias=False), **options)


def weight_norm(a: TorchArguments) -> Any:
    """torch.nn.utils.parametrizations.weight_norm."""
    return _wrapped(a, "weight_norm", **a.keywords(dim="dim"))


def spectral_norm(a: TorchArguments) -> Any:
    """torch.nn.utils.parametrizations.spectral_norm."""
    return _wrapped(a, "spectral_norm", **a.keywords(n_power_iterations="power_iterations", eps="epsilon", dim="dim"))
