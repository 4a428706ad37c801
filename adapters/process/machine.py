"""Which machine this is, as far as times depend on it."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def machine(accelerator: str = "") -> dict[str, str]:
    """Processor, architecture, number of cores and system; nothing that names the machine or its owner.

    accelerator: the model of the device that is timed, where that is not the cpu.
    """
    return {
        "processor": _processor(),
        "machine": platform.machine(),
        "cores": str(os.cpu_count() or 0),
        "system": platform.system(),
        **({"accelerator": accelerator} if accelerator else {}),
    }


def fingerprint(found: Mapping[str, str]) -> str:
    """Twelve digits that are the same on machines alike."""
    text = "\n".join(f"{name}={value}" for name, value in sorted(found.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _processor() -> str:
    """The processor's model with its family and stepping, where Linux tells; else what Python knows."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    wanted = ("model name", "cpu family", "model", "stepping", "CPU part")
    told = dict(line.partition(":")[::2] for line in reversed(lines))
    told = {name.strip(): value.strip() for name, value in told.items()}
    return " ".join(told[name] for name in wanted if name in told) or "unknown"
