"""What a target exports, asked of it in a process of its own."""

from __future__ import annotations

import time

from ..interface import Export
from ..targets import Target
from .process import ENDED, Failed, Process
from .wire import unpack
from .worker import EXPORTS, Ready

TIMEOUT = 120.0


def exported(target: Target) -> tuple[Ready, tuple[Export, ...]]:
    """What a target says of itself and exports, asked in a process of its own. Raises Failed where it cannot be had."""
    process = Process(target, memory=None, smoke=False)
    try:
        ready = process.wait_ready(TIMEOUT)
        process.send(EXPORTS)
        message = process.receive(time.monotonic() + TIMEOUT)
        if message is None or message is ENDED:
            raise Failed(f"it did not say what it exports. {process.kill(explain=True)}".strip())
        return ready, tuple(unpack(message))
    finally:
        process.close(graceful=False)
