"""Another adapter made slower by a share of its calls' time: real work behind them, as much as was measured.

    NORMCHECK_SLOWED=torch.adapter:TorchAdapter NORMCHECK_SLOWDOWN=0.10 normcheck bench torch benchmarks/slowed.py

For gate_power.py alone. A share of 0 is the adapter itself, under this name.
"""

from __future__ import annotations

import importlib
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

PLACE, _, CLASS = os.environ.get("NORMCHECK_SLOWED", "torch.adapter:TorchAdapter").partition(":")
SHARE = float(os.environ.get("NORMCHECK_SLOWDOWN", "0"))
KIND: Any = getattr(importlib.import_module(f"normcheck.adapters.{PLACE}"), CLASS)
WARM, TRIES, LEAST = 3, 15, 2e-3


def worked(turns: int) -> None:
    """Work of the interpreter that no cache and no memory is needed for."""
    for _ in range(turns):
        pass


def typical(work: Callable[[int], Any], settled: Callable[[Any], None]) -> float:
    """Seconds of the processor for one turn or call, in the middle one of a few tries of two milliseconds."""
    count = 1
    while True:
        began = time.process_time()
        settled(work(count))
        if time.process_time() - began > LEAST:
            break
        count *= 2
    found = []
    for _ in range(TRIES):
        began = time.process_time()
        settled(work(count))
        found.append((time.process_time() - began) / count)
    return statistics.median(found)


class Adapter(KIND):
    """The other adapter, slower."""

    name = "slowed"

    def repeated(self, layer: Any, x: Any, training: bool, upstream: Any) -> Callable[[int], Any]:
        """Its calls, followed by as much work as is the share of them."""
        own: Callable[[int], Any] = super().repeated(layer, x, training, upstream)
        if not SHARE:
            return own
        for _ in range(WARM):
            own(1)
        turn = typical(worked, lambda result: None)
        turns = max(1, round(SHARE * typical(own, self.wait) / turn))

        def slower(calls: int) -> Any:
            result = own(calls)
            worked(turns * calls)
            return result

        return slower
