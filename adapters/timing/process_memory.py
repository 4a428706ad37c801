"""The memory of this process: kept between calls, and the most that something needs, where Linux counts it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

STATUS = Path("/proc/self/status")
KEPT = {-3: 32 << 20, -1: 1 << 30, -2: 64 << 20}
"""mallopt(3): M_MMAP_THRESHOLD, the largest that there is, M_TRIM_THRESHOLD and M_TOP_PAD."""
FORGET_THE_PEAK = "5"  # see proc_pid_clear_refs(5)


def keep_freed() -> None:
    """Let the C library keep what is freed, in place of giving it back and asking for it again at every call.

    Whether it does by itself is decided by what happens to lie at the end of its heap: of processes that were started
    alike, some fault in every page of a large output at each call, which takes several times as long as the layer. Does
    nothing where the library is not glibc's.
    """
    try:
        option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    for name, value in KEPT.items():
        option(name, value)


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
