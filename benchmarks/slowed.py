"""Another adapter made slower by a share of its calls' time, block by block, so that the true ratio is known exactly.

    NORMCHECK_SLOWED=torch.adapter:TorchAdapter NORMCHECK_SLOWDOWN=0.10 normcheck bench torch benchmarks/slowed.py

For gate_power.py alone. A share of 0 is the adapter itself, under this name.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from typing import Any

PLACE, _, CLASS = os.environ.get("NORMCHECK_SLOWED", "torch.adapter:TorchAdapter").partition(":")
SHARE = float(os.environ.get("NORMCHECK_SLOWDOWN", "0"))
KIND: Any = getattr(importlib.import_module(f"normcheck.adapters.{PLACE}"), CLASS)


class Adapter(KIND):
    """The other adapter, slower."""

    name = "slowed"

    def repeated(self, layer: Any, x: Any, training: bool, upstream: Any) -> Callable[[int], Any]:
        """Its calls, and work behind them for as long as is the share of the time that these very calls computed in."""
        own: Callable[[int], Any] = super().repeated(layer, x, training, upstream)
        if not SHARE:
            return own

        def slower(calls: int) -> Any:
            began = time.process_time()
            result = own(calls)
            self.wait(result)
            spent = time.process_time() - began
            while time.process_time() < began + spent * (1 + SHARE):
                pass
            return result

        return slower
