"""What runs inside a target's process: load one adapter, say what it found, answer requests in order."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from ..filing import Filing, filed
from ..interface import Adapter, Observation, Request, Unsupported
from ..loading import TargetError, Traits, last_line, load, traits
from ..observe import observe
from ..smoke import smoke
from ..timing.questions import Timed, Timing
from ..timing.stopwatch import Stopwatch
from .machine import machine
from .wire import pack, unpack

EXPORTS = "exports"


@dataclass(frozen=True, slots=True)
class Ready(Traits):
    """What a target says of itself once it has started.

    devices: what the framework finds on the machine. smoke: what is wrong in this mode, None for nothing.
    machine: what of it times depend on. The other fields are those of `Target`.
    """

    pid: int
    python: str
    versions: dict[str, str]
    devices: tuple[str, ...]
    threads: int
    smoke: str | None = None
    machine: Mapping[str, str] = field(default_factory=dict)


def open_adapter(reference: str, device: str, mode: str, threads: int = 1) -> tuple[Adapter, Ready]:
    """A started adapter, and what it says of itself.

    Raises TargetError where it cannot be loaded, Unsupported where it does not compute with so many threads, and
    whatever `start` raises where it cannot be started.
    """
    kind = load(reference)
    os.environ.update(kind.environment)
    adapter = kind(device, mode)
    adapter.thread_count = threads
    adapter.start()
    if threads not in (1, adapter.threads()):
        raise Unsupported(f"{kind.name} does not choose its threads, and cannot be asked for {threads}")
    ready = Ready(
        pid=os.getpid(),
        python=".".join(map(str, sys.version_info[:3])),
        versions=_required(kind) | dict(adapter.versions()),
        devices=tuple(adapter.devices()),
        threads=adapter.threads(),
        machine=machine(adapter.accelerator()),
        **asdict(traits(kind, reference)),
    )
    return adapter, ready


def _required(kind: type[Adapter]) -> dict[str, str]:
    """The versions of what the adapter requires, as far as they are installed under those names."""
    installed = {name: next(iter(distributions(name=name)), None) for name in kind.requires}
    return {name: found.version for name, found in installed.items() if found}


def serve(channel: Any, setup: Mapping[str, Any]) -> None:
    """Answer every request that comes over `channel`, in order, until it is closed.

    The first message says `ready` or `failed`; each one after it is a packed observation, or, for the request EXPORTS,
    the packed exports.
    """
    try:
        adapter, ready = open_adapter(setup["adapter"], setup["device"], setup["mode"], setup["threads"])
        if setup["memory"]:
            limit_memory(setup["memory"])
        found = asdict(ready) | {"smoke": smoke(adapter) if setup["smoke"] else None}
    except (Exception, SystemExit) as error:  # a framework may raise anything while it is imported
        channel.send({"failed": why(error), "loaded": not isinstance(error, TargetError)})
        return
    channel.send({"ready": found})
    stopwatch = Stopwatch(adapter)
    for message in channel:
        os.ftruncate(2, 0)  # the log holds what was printed in the case in progress, and cannot grow for ever
        exports = message == EXPORTS
        channel.send(pack(list(adapter.exports()) if exports else answered(adapter, unpack(message), stopwatch)))


def answered(adapter: Adapter, asked: Request | Filing | Timing, stopwatch: Stopwatch) -> Observation | Timed:
    """What `adapter` is seen to do with what it is asked, or how long it takes."""
    if isinstance(asked, Timing):
        return stopwatch.answer(asked)
    return filed(adapter, asked) if isinstance(asked, Filing) else observe(adapter, asked)


def limit_memory(allowance: int) -> None:
    """Let the process have `allowance` bytes more data than now; does nothing where that cannot be told."""
    status = Path("/proc/self/status")
    if not status.exists():
        return
    import resource

    used = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmData:"))
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = int(used) * 1024 + allowance
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard < 0 else min(limit, hard), hard))


def why(error: BaseException) -> str:
    """Why there is no target: an adapter's or the loader's own sentence, anything else with its type."""
    return str(error) if isinstance(error, (TargetError, Unsupported)) and str(error) else last_line(error)
