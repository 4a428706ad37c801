"""How far a run is, how fast it goes and how long it has still to go, in a line from time to time.

pytest's own `[ 42%]` stays. The line stands between those of pytest, needs none of its internals, and reads the
same with -q, with pytest-xdist and in the log of a CI job.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """What a run has done since `begun`, and when it was last told.

    total: how many items there are. seconds: the least between two lines. share: the least share of the items between
    two lines, for a log, which should not grow with the time that a run takes.
    """

    total: int
    seconds: float
    share: float = 0.0
    clock: Callable[[], float] = time.monotonic
    items: int = 0
    checks: int = 0
    begun: float = field(init=False)
    told: float = field(init=False)
    told_items: int = 0

    def __post_init__(self) -> None:
        self.begun = self.told = self.clock()

    def after(self, checks: int) -> str:
        """Count one more item and its checks; a line where it is time for one, else nothing."""
        self.items += 1
        self.checks += checks
        now = self.clock()
        soon = now - self.told < self.seconds or self.items - self.told_items < self.share * self.total
        if soon or self.items >= self.total:
            return ""
        self.told, self.told_items = now, self.items
        return self._line(now - self.begun)

    def _line(self, elapsed: float) -> str:
        left = elapsed / self.items * (self.total - self.items)
        done = f"{100 * self.items // self.total} % · {self.items:,} of {self.total:,} items"
        return f"{done} · {self.checks / elapsed:,.0f} checks/s · {duration(left)} left"


def duration(seconds: float) -> str:
    """Seconds in the words of a clock: `8 s`, `2 min 05 s`, `1 h 02 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
