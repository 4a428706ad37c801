"""Mixed precision and autocast in PyTorch."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from ..interface import Request, Unsupported


@dataclass(frozen=True, slots=True)
class TorchPrecision:
    """In what dtype parameters and buffers are stored, and to what the framework casts by itself; empty for neither.

    stored: otherwise than in the dtype of the input. cast_to: inside torch.autocast.
    """

    stored: str = ""
    cast_to: str = ""

    def casts(self, torch: Any, device: str) -> AbstractContextManager[Any]:
        """Where a module is called. Autocast is for the forward pass alone."""
        if not self.cast_to:
            return nullcontext()
        found: AbstractContextManager[Any] = torch.autocast(device.partition(":")[0], getattr(torch, self.cast_to))
        return found


def precision_of(request: Request) -> TorchPrecision:
    """What `request` asks for. Raises Unsupported for a module that converts its input: there is none."""
    if request.precision == "converted":
        raise Unsupported("PyTorch's modules do not convert their input")
    if request.precision == "autocast":
        return TorchPrecision("float32", request.dtype)
    return TorchPrecision("float32" if request.precision == "mixed" else "")
