"""The most memory that something needs, as Linux counts it for this process; None where nobody counts."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

STATUS = Path("/proc/self/status")
FORGET_THE_PEAK = "5"  # see proc_pid_clear_refs(5)


def most_needed(work: Callable[[], object]) -> int | None:
    """The bytes that the process held while it did `work`, at the most, beyond what it held before.

    Linux counts by pages, and tells to about a quarter of a MiB. What the C library kept for later is given back
    before, as it would hide what `work` needs.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
        trim(0)
    except (AttributeError, OSError, TypeError):  # another C library keeps what it keeps
        pass
    try:
        Path("/proc/self/clear_refs").write_text(FORGET_THE_PEAK)
        before = _field("VmRSS")
        work()
        return max(0, _field("VmHWM") - before)
    except (OSError, KeyError):
        work()
        return None


def _field(name: str) -> int:
    """A field of the process' status, in bytes. Raises KeyError where there is none."""
    for line in STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)
