"""torch.nn.functional.normalize as a module. Imports PyTorch: for the target's own process alone."""

from __future__ import annotations

import importlib
from typing import Any

torch = importlib.import_module("torch")


class Normalize(torch.nn.Module):  # type: ignore[misc,name-defined]
    """The function with its options fixed; what is not given is left to the function's defaults."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options

    def forward(self, x: Any) -> Any:
        """The normalized tensor."""
        return torch.nn.functional.normalize(x, **self.options)
