"""The first thing a target's process runs: sent there as source, so it needs the standard library alone.

It separates the process from the terminal, sets the environment before any framework is imported, and makes
the very copy of normcheck that asks importable, so that both sides always speak the same protocol. On another
host that copy is sent, and a second process sees to it that nothing is left there.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux' prctl
# A target that hangs does not see that its connection is gone. The log of one that died can be fetched for a minute.
WATCH = """if True:
    import glob, os, select, shutil, signal, sys, tempfile, time
    connection, pid, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    gone = select.poll()
    gone.register(connection, getattr(select, "POLLRDHUP", 0))
    gone.register(0, 0)
    if 0 not in dict(gone.poll()):
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            pass
    else:
        until = time.monotonic() + 60
        while os.path.exists(folder) and time.monotonic() < until:
            time.sleep(0.2)
    for left in [folder, *glob.glob(os.path.join(tempfile.gettempdir(), f"normcheck-{pid}-*"))]:
        shutil.rmtree(left, ignore_errors=True)
"""


def separate(log: str, bound: bool) -> None:
    """Give the process a session of its own, without core files, and keep what it prints in `log`.

    bound: end it when the process that started it is killed, even if it hangs by then (on Linux).
    """
    if bound and sys.platform == "linux":
        ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL)
    if hasattr(os, "setsid") and os.getpgrp() != os.getpid():  # sshd may have made it the first of a session
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


def unpack(name: str, files: Mapping[str, str]) -> str:
    """Write what was sent into a new folder called `name`, which nobody else can read; its path."""
    folder = os.path.join(tempfile.gettempdir(), name)
    os.mkdir(folder, 0o700)
    for place, text in {**files, "pid": str(os.getpid()), "log": ""}.items():
        path = os.path.join(folder, place)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return folder


def watch(connection: int, folder: str) -> Any:
    """Start what ends this process when `connection` is gone, and removes what it left behind."""
    return subprocess.Popen(
        [sys.executable, "-c", WATCH, str(connection), str(os.getpid()), folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[connection],
        start_new_session=True,
    )


def run_far(channel: Any, name: str, files: Mapping[str, str], environment: Mapping[str, str], setup: Any) -> None:
    """Serve on another host, with what was sent alone; the paths in `setup` are inside the folder."""
    folder = unpack(name, files)
    watcher = watch(channel.gateway._io.infile.fileno(), folder)
    first = [os.path.join(folder, place) for place in setup["first"]]
    adapter = os.path.join(folder, setup["adapter"]) if first else setup["adapter"]
    log = os.path.join(folder, "log")
    run(channel, folder, log, False, environment, {**setup, "first": first, "adapter": adapter})
    shutil.rmtree(folder, ignore_errors=True)
    watcher.stdin.close()


def run(
    channel: Any, root: str, log: str, bound: bool, environment: Mapping[str, str], setup: Mapping[str, Any]
) -> None:
    """Prepare the process and serve requests until the channel is closed."""
    separate(log, bound)
    os.environ.update(environment)
    importable(root, setup["first"], setup["last"])
    importlib.import_module("normcheck.adapters.process.worker").serve(channel, setup)


if __name__ == "__channelexec__":
    _channel = globals()["channel"]
    _sent = _channel.receive()
    (run_far if "files" in _sent else run)(_channel, **_sent)
