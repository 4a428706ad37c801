"""The first thing a target's process runs: sent there as source, so it needs the standard library alone.

It separates the process from the terminal, sets the environment before any framework is imported, and makes
the very copy of normcheck that asks importable, so that both sides always speak the same protocol.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux' prctl


def separate(log: str, bound: bool) -> None:
    """Give the process a session of its own, without core files, and keep what it prints in `log`.

    bound: end it when the process that started it is killed, even if it hangs by then (on Linux).
    """
    if bound and sys.platform == "linux":
        ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL)
    if hasattr(os, "setsid"):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        import resource
    except ImportError:
        pass
    else:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kept = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(kept, 1)
    os.dup2(kept, 2)
    os.close(kept)
    # A fatal signal leaves the Python frames in the log; a hang is ended by one for the same reason.
    faulthandler.enable(all_threads=False)


def importable(root: str, first: Sequence[str], last: Sequence[str]) -> None:
    """Put `root` under the name normcheck and extend sys.path; the current folder loses its first place."""
    kept = [place for place in sys.path if place and place not in first]
    sys.path[:] = [*first, *kept, *(place for place in last if place not in kept)]
    package = ModuleType("normcheck")
    package.__path__ = [root]
    sys.modules["normcheck"] = package


def run(
    channel: Any, root: str, log: str, bound: bool, environment: Mapping[str, str], setup: Mapping[str, Any]
) -> None:
    """Prepare the process and serve requests until the channel is closed."""
    separate(log, bound)
    os.environ.update(environment)
    importable(root, setup["first"], setup["last"])
    importlib.import_module("normcheck.adapters.worker").serve(channel, setup)


if __name__ == "__channelexec__":
    _channel = globals()["channel"]
    run(_channel, **_channel.receive())
