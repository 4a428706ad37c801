"""Requests go out ahead, observations come back in order, and whatever kills a target costs one case.

`Worker` keeps a target running in a process of its own; `LocalWorker` runs one here, for a debugger.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import execnet

from ..interface import Export, Observation, Raised, Request
from ..observe import observe
from .process import ENDED, Failed, Process
from .wire import pack, unpack
from .worker import EXPORTS, Ready, open_adapter, why

if TYPE_CHECKING:
    from ..filing import Filing
    from ..interface import Adapter
    from ..targets import Target

STARTUP = 120.0
RESTARTS = 10
MEMORY = 8 << 30
AHEAD, AHEAD_BYTES = 32, 16 << 20
EXHAUSTED = ("MemoryError", "OutOfMemoryError", "ResourceExhaustedError")


@dataclass(frozen=True, slots=True)
class Loss:
    """A case without an observation: its target crashed, ran out of memory or did not answer in time."""

    kind: Literal["crash", "timeout"]
    case: str
    message: str


@dataclass(slots=True)
class Budget:
    """How often a target may be restarted, and how often it was."""

    restarts: int
    used: int = 0


@dataclass(slots=True)
class _Asked:
    """An open request; `sent` is when the process that is to answer got it."""

    case: str
    message: Any
    size: int
    sent: float = 0.0


class Worker:
    """A target in a process of its own, started at once and restarted when it is lost.

    startup: seconds it has to get ready.
    memory: bytes it may use beyond what it uses once it is ready; None for no limit.
    restarts: after that many the target gives up.
    ready: what it says of itself, once it has started.
    unavailable: why it answers nothing (any more), None while it may answer.
    budget: the restarts, which several workers of one target may share.
    """

    def __init__(
        self,
        target: Target,
        startup: float = STARTUP,
        memory: int | None = MEMORY,
        restarts: int = RESTARTS,
    ) -> None:
        self.target = target
        self.ready: Ready | None = None
        self.unavailable: str | None = None
        self.restarted = 0
        self.budget = Budget(restarts)
        self._limits = (startup, memory)
        self._asked: deque[_Asked] = deque()
        self._sent = 0
        self._clock = time.monotonic()
        self._process: Process | None = None
        self._begin()

    def start(self) -> Ready | None:
        """Wait until the target is ready; None where it is not to be had, and `unavailable` says why."""
        if self._process is None:
            return None
        first = self._process.ready is None
        try:
            self.ready = self._process.wait_ready(self._limits[0])
        except Failed as error:
            self.abandon(f"could not be started: {error}")
            return None
        if self.ready.smoke:
            self.abandon(f"could not be started: {self.ready.smoke}")
            return None
        if first:
            self._clock = self._process.clock
        return self.ready

    @property
    def busy(self) -> int:
        """How many requests are still to be answered."""
        return len(self._asked) - (self._process.waiting if self._process else 0)

    def submit(self, request: Request | Filing) -> None:
        """Ask for `request`, without waiting. Raises TypeError for a request that cannot travel."""
        message = pack(request)
        self._asked.append(_Asked(request.case, message, len(execnet.dumps(message))))
        process = self._process
        if process is not None and process.ended and process.ready is not None and not self._sent:
            self._restart("ended between two cases")
        self._pump()

    def receive(self, timeout: float) -> Observation | Loss:
        """The answer to the oldest request. Raises LookupError when none is open.

        timeout: seconds a case may take, counted from the previous answer, or from when its request was
        sent if that was later; the time a target needs to start does not count.
        """
        if not self._asked:
            raise LookupError(f"{self.target.id} was asked nothing")
        if self.unavailable is not None or self.start() is None or self._process is None:
            reason = self.unavailable or "was closed before it answered"
            return Loss("crash", self._asked.popleft().case, f"{self.target.title} {reason}")
        self._pump()
        message = self._process.receive(max(self._clock, self._asked[0].sent) + timeout)
        if message is None:
            return self._lose("timeout", f"gave no answer within {timeout:g} s. {self._process.kill(explain=True)}")
        if message is ENDED:
            return self._lose("crash", f"crashed: {self._process.end()}")
        self._clock = self._process.clock
        observation: Observation = unpack(message)
        if (raised := observation.raised) and exhausted(raised):
            return self._lose("crash", f"ran out of memory{self._limit()}: {raised.message}")
        self._asked.popleft()
        self._sent -= 1
        self._pump()
        return observation

    def exports(self) -> tuple[Export, ...]:
        """What the target exports; nothing where it is not to be had, or has still to answer something."""
        if self._asked or self.unavailable is not None or self.start() is None or self._process is None:
            return ()
        self._process.send(EXPORTS)
        message = self._process.receive(time.monotonic() + self._limits[0])
        return () if message is None or message is ENDED else tuple(unpack(message))

    def close(self) -> None:
        """End the process. Safe to call twice."""
        if self._process is not None:
            self._process.close(graceful=self._process.ready is not None and not self._sent)
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> None:
        self._sent = 0
        self._process = None
        try:
            self._process = Process(self.target, self._limits[1])
        except OSError as error:
            self.unavailable = f"could not be started: {error}"

    def _pump(self) -> None:
        """Send ahead as much as a process may hold: so much that it is never idle, and no more."""
        if self._process is None:
            return
        held = sum(asked.size for _, asked in zip(range(self._sent), self._asked, strict=False))
        while self._sent < len(self._asked):
            following = self._asked[self._sent]
            held += following.size
            if self._sent and (self._sent >= AHEAD or held > AHEAD_BYTES):
                return
            self._process.send(following.message)
            following.sent = time.monotonic()
            self._sent += 1

    def _lose(self, kind: Literal["crash", "timeout"], message: str) -> Loss:
        """The oldest request is lost; the others go to a new process."""
        loss = Loss(kind, self._asked.popleft().case, f"{self.target.title} {message}".strip())
        self._restart(message)
        self._pump()
        return loss

    def _restart(self, reason: str) -> None:
        if self.budget.used >= self.budget.restarts:
            self.abandon(f"gave up after {self.budget.used} restarts. The last time it {reason}")
            return
        self.restarted += 1
        self.budget.used += 1
        if self._process is not None:
            self._process.close(graceful=False)
        self._begin()

    def abandon(self, reason: str) -> None:
        """End the target for good; every open request is lost with this reason."""
        self.unavailable = reason
        self._sent = 0
        if self._process is not None:
            self._process.close(graceful=False)
            self._process = None

    def _limit(self) -> str:
        limit = self._limits[1]
        return f" (limit: {limit >> 20} MiB more than after its start)" if limit else ""


class LocalWorker:
    """A target in this very process, for a debugger: nothing is limited and nothing survives a crash."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.ready: Ready | None = None
        self.unavailable: str | None = None
        self._adapter: Adapter | None = None
        self._asked: deque[Request] = deque()

    def start(self) -> Ready | None:
        """Start the adapter here; None where it cannot be had, and `unavailable` says why."""
        if self.ready is None and self.unavailable is None:
            try:
                self._adapter, self.ready = open_adapter(
                    self.target.adapter, self.target.device, self.target.mode, self.target.threads
                )
            except (Exception, SystemExit) as error:  # a framework may raise anything while it is imported
                self.unavailable = f"could not be started: {why(error)}"
        return self.ready

    def submit(self, request: Request) -> None:
        """Keep `request` until its answer is asked for."""
        self._asked.append(request)

    def receive(self, timeout: float = 0.0) -> Observation | Loss:
        """The answer to the oldest request, however long it takes. Raises LookupError when none is open."""
        if not self._asked:
            raise LookupError(f"{self.target.id} was asked nothing")
        request = self._asked.popleft()
        if self.start() is None or self._adapter is None:
            return Loss("crash", request.case, f"{self.target.title} {self.unavailable}")
        return observe(self._adapter, request)

    def exports(self) -> tuple[Export, ...]:
        """What the target exports; nothing where it is not to be had."""
        return tuple(self._adapter.exports()) if self._adapter else ()

    def close(self) -> None:
        """Nothing is left to end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def exhausted(raised: Raised) -> bool:
    """Whether an exception says that memory ran out, in the words of Python or of a framework."""
    return any(name in EXHAUSTED for name in raised.types) or "can't allocate memory" in raised.message
