"""A target that is asked for times, in a process of its own that lives until it is closed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..process.process import ENDED, Failed, Process
from ..process.wire import pack, unpack
from .questions import Timed, Timing

if TYPE_CHECKING:
    from ..process.worker import Ready
    from ..targets import Target

STARTUP = 180.0


class Timekeeper:
    """Starts at once, and is ready when `ready` returns. Raises OSError where the interpreter cannot be started."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._process = Process(target, memory=None, smoke=False)

    def ready(self) -> Ready:
        """What the target says of itself. Raises Failed where it cannot be had."""
        return self._process.wait_ready(STARTUP)

    def ask(self, asked: Timing, limit: float) -> Timed:
        """What it found, waited for at most `limit` seconds. Raises Failed where the target crashed or is silent."""
        self.ready()
        self._process.send(pack(asked))
        message = self._process.receive(time.monotonic() + limit)
        if message is None:
            where = self._process.kill(explain=True)
            raise Failed(f"{self.target.title} gave no answer within {limit:g} s. {where}".strip())
        if message is ENDED:
            raise Failed(f"{self.target.title} crashed: {self._process.end()}")
        found: Timed = unpack(message)
        return found

    def close(self) -> None:
        """End the process. Safe to call twice."""
        self._process.close(graceful=False)
