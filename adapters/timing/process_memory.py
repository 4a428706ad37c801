"""The memory of this process: kept between calls, and the most that something needs, where Linux counts it."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable
from pathlib import Path

STATUS = Path("/proc/self/status")
MAPPED = 32 << 20
KEPT = {-3: MAPPED, -1: 1 << 30, -2: 512 << 20}
"""mallopt(3): M_MMAP_THRESHOLD (no larger one is taken), M_TRIM_THRESHOLD, and M_TOP_PAD, by which the heap grows."""
MAPS = Path("/proc/self/maps")
LARGE, SMALL = 14, 15  # MADV_HUGEPAGE and MADV_NOHUGEPAGE, see madvise(2)
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


def on_large_pages() -> None:
    """Let the heap of the main thread lie on pages of 2 MiB, where Linux gives them to those who ask.

    On pages of 4 KiB it is chance which of them share a place in a cache, and a process keeps its luck for as long as
    it lives. Does nothing on other systems.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        library.malloc_trim(0)  # what is free comes back on large pages
        library.malloc.restype = ctypes.c_void_p
        library.free(ctypes.c_void_p(library.malloc(MAPPED - 4096)))  # the heap is long enough for a while now
        _advise(LARGE)


def _advise(pages: int) -> None:
    """Say which pages the heap is to lie on from now on. Raises OSError where there is no list of what is mapped."""
    for line in MAPS.read_bytes().splitlines():
        if line.endswith(b"[heap]"):
            start, end = (int(one, 16) for one in line.split()[0].split(b"-"))
            ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), pages)


def most_needed(work: Callable[[], object]) -> int | None:
    """The bytes that the process held while it did `work`, at the most, beyond what it held before.

    Linux counts by pages, which are small ones meanwhile, and tells to about a quarter of a MiB. What the C library
    kept for later is given back before, as it would hide what `work` needs.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library keeps what it keeps
        ctypes.CDLL(None).malloc_trim(0)
        _advise(SMALL)
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
