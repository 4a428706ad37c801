"""One process of one target, started with execnet, from its start to its end however that comes."""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import execnet

from ..loading import is_file, split
from ..observe import folders_of
from . import bootstrap
from .host import USUAL, Far, parcel
from .worker import Ready

if TYPE_CHECKING:
    from ..targets import Target

ROOT = str(Path(__file__).resolve().parents[2])
THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
ONE_XLA_THREAD = "--xla_cpu_multi_thread_eigen=false"
ENDED = object()
GRACE = 5.0
LOG_BYTES, LOG_LINES, LINE = 16384, 8, 200
LOST = 255  # of ssh, where there is no exit status of the command to give


class Failed(Exception):  # noqa: N818 - a statement, not an error
    """The target could not be started; `loaded` is false where its adapter could not even be loaded."""

    def __init__(self, reason: str, loaded: bool = True) -> None:
        super().__init__(reason)
        self.loaded = loaded


class Process:
    """A running target. `send` never blocks; `receive` gives answers in the order of the requests.

    Raises OSError where the interpreter cannot be started.
    """

    def __init__(self, target: Target, memory: int | None, smoke: bool = True) -> None:
        self.ready: Ready | None = None
        self.ended = False
        self._arrived: queue.SimpleQueue[tuple[float, Any]] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._closed = False
        handle, self._log = tempfile.mkstemp(prefix="normcheck-", suffix=".log")
        os.close(handle)
        self._group = execnet.Group()
        self._far = Far(target.host, target.python or USUAL) if target.host else None
        setup = _setup(target, memory, smoke)
        told = _sent(self._far, target, setup) if self._far else _near(target, self._log, setup)
        try:
            self._gateway = self._group.makegateway(self._far.spec if self._far else _spec(target))
        except (OSError, EOFError, AssertionError, execnet.HostNotFound) as error:
            Path(self._log).unlink()
            where = f" on {target.host}" if target.host else ""
            raise OSError(f"{target.python or sys.executable}{where} is no Python interpreter that starts") from error
        self._popen: subprocess.Popen[bytes] = cast(Any, self._gateway)._io.popen
        atexit.register(self._at_exit)
        self._channel = self._gateway.remote_exec(bootstrap)
        self._channel.setcallback(self._arrive, endmarker=ENDED)
        self.send(told)
        threading.Thread(target=self._write, name=f"normcheck-{target.id}", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def waiting(self) -> int:
        """How many messages have come that nobody has received."""
        return self._arrived.qsize()

    def wait_ready(self, timeout: float) -> Ready:
        """What the target says of itself, waited for at most `timeout` seconds. Raises Failed."""
        if self.ready is None:
            message = self.receive(time.monotonic() + timeout)
            if message is None:
                where = self.kill(explain=True)
                raise Failed(f"it was not ready after {timeout:g} s, the time a target has to start. {where}".strip())
            if message is ENDED:
                raise Failed(self.end())
            if "failed" in message:
                raise Failed(message["failed"], message["loaded"])
            self.ready = Ready(**message["ready"])
        return self.ready

    def send(self, message: Any) -> None:
        """Send `message` as soon as the process takes it."""
        self._outbox.put(message)

    def receive(self, deadline: float) -> Any:
        """The next message, ENDED after the last, None when none came by `deadline` (of time.monotonic)."""
        try:
            self.clock, message = self._arrived.get(timeout=max(0.001, deadline - time.monotonic()))
        except queue.Empty:
            return None
        return message

    def end(self) -> str:
        """How the process ended, with what it printed last. Kills it where it has not ended yet."""
        error = self._remote_error()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=0 if error else GRACE)
        printed = self._printed()
        if error:
            self.kill()
        return ". ".join(filter(None, [error or _status(self._popen.poll(), self._far), printed]))

    def kill(self, explain: bool = False) -> str:
        """End the process and all that it started, now. With `explain`, return where it was."""
        printed = self._printed() if explain and self._far else ""
        if explain and not self._far and self._popen.poll() is None:
            # The fatal signal makes the process write its Python frames into the log.
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.kill(self.pid, signal.SIGABRT)
                self._popen.wait(timeout=GRACE)
        self._kill_group()
        self._popen.kill()
        self._popen.wait()
        return self._printed() if explain and not self._far else printed

    def close(self, graceful: bool) -> None:
        """Let an idle process end by itself, or kill it; leaves no process, thread or file behind."""
        if self._closed:
            return
        self._closed = True
        if not graceful:
            self.kill()
        self._outbox.put(ENDED)
        self._group.terminate(timeout=GRACE)
        self._kill_group()
        self._forget()

    def _at_exit(self) -> None:
        """The end of an interpreter in which nobody called `close`; no thread can be started any more."""
        self.kill()
        self._forget()

    def _forget(self) -> None:
        atexit.unregister(self._at_exit)
        atexit.unregister(self._group._cleanup_atexit)
        Path(self._log).unlink(missing_ok=True)
        for left in Path(tempfile.gettempdir()).glob(f"{folders_of(self.pid)}*"):
            shutil.rmtree(left, ignore_errors=True)

    def _arrive(self, message: Any) -> None:
        self.ended = self.ended or message is ENDED
        self._arrived.put((time.monotonic(), message))

    def _write(self) -> None:
        """The thread that writes: a process that hangs does not read, and nobody else may wait for it."""
        with contextlib.suppress(OSError):
            while (message := self._outbox.get()) is not ENDED:
                self._channel.send(message)

    def _kill_group(self) -> None:
        """The process leads a group of its own: the compilers and helpers it may have started."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def _remote_error(self) -> str:
        """The exception that ended the worker's own code, as one line."""
        try:
            self._channel.waitclose(timeout=GRACE)
        except execnet.RemoteError as error:
            return f"it ended with {error.formatted.strip().splitlines()[-1]}"
        except (EOFError, OSError):
            pass
        return ""

    def _printed(self) -> str:
        try:
            with open(self._log, "rb") as log:
                log.seek(max(0, os.path.getsize(self._log) - LOG_BYTES))
                lines = excerpt(self._far.end() if self._far else log.read().decode(errors="replace"))
        except FileNotFoundError:  # cleaned up by somebody: a message is poorer, and nothing else is lost
            return ""
        return "It printed:\n" + "\n".join(f"    {line}" for line in lines) if lines else ""


def excerpt(text: str) -> list[str]:
    """The lines of a log that say most: its end, or what is around the words of Python's fault handler."""
    lines = [line[:LINE] for line in text.splitlines() if line.strip() and not line.startswith("Extension modules:")]
    fatal = next((at for at, line in enumerate(lines) if line.startswith("Fatal Python error")), len(lines))
    return lines[max(0, fatal - LOG_LINES) : fatal + LOG_LINES]


def threaded(environment: Mapping[str, str], threads: int = 1) -> dict[str, str]:
    """The variables that make frameworks compute with so many threads; flags in XLA_FLAGS already are kept."""
    flags = [environment.get("XLA_FLAGS", ""), ONE_XLA_THREAD if threads == 1 else ""]
    found = dict.fromkeys(THREADS, str(threads)) | {"TF_NUM_INTEROP_THREADS": "1"}
    return found | {"XLA_FLAGS": " ".join(filter(None, flags))}


def _spec(target: Target) -> str:
    python = f"//python={shlex.quote(os.path.normpath(target.python))}" if target.python else ""
    return f"popen//execmodel=main_thread_only{python}"


def _setup(target: Target, memory: int | None, smoke: bool) -> dict[str, Any]:
    """What the worker is told, on this host or another."""
    return {
        "adapter": target.adapter,
        "device": target.device,
        "mode": target.mode,
        "threads": target.threads,
        "memory": memory if target.device == "cpu" else None,
        "smoke": smoke,
    }


def _sent(far: Far, target: Target, setup: Mapping[str, Any]) -> dict[str, Any]:
    """What a process on another host is told and sent; paths are inside its folder."""
    place, kind = split(target.adapter)
    own = {"first": ["own"], "adapter": f"own/{Path(place).name}:{kind}"} if is_file(place) else {"first": []}
    environment = threaded({}, target.threads) | dict(target.environment)
    files = parcel(target.adapter)
    return {"name": far.folder, "files": files, "environment": environment, "setup": {**setup, "last": [], **own}}


def _near(target: Target, log: str, setup: Mapping[str, Any]) -> dict[str, Any]:
    """What a process on this host is told."""
    place = split(target.adapter)[0]
    paths = {
        "first": [str(Path(place).parent)] if is_file(place) else [],
        "last": [*([] if target.python else filter(None, sys.path)), str(Path.cwd())],
    }
    environment = threaded(os.environ, target.threads) | dict(target.environment)
    # The system ends a process with the thread that started it, so only the main thread's may be bound to it.
    bound = threading.current_thread() is threading.main_thread()
    return {"root": ROOT, "log": log, "bound": bound, "environment": environment, "setup": {**setup, **paths}}


def _status(code: int | None, far: Far | None = None) -> str:
    """An exit status of subprocess in words. far: the status is that of ssh."""
    if far and code == LOST:
        return f"it was killed on {far.host}, or the connection was lost"
    if code is None:
        return "it closed its connection"
    if code >= 0:
        return f"it exited with status {code}"
    hint = ", as the system does to a process that uses too much memory" if code == -signal.SIGKILL else ""
    return f"it was ended by {signal.Signals(-code).name}{hint}"
