"""Several workers of one target that share its requests; the answers come in the order of the requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .transport import Loss, Worker

if TYPE_CHECKING:
    from ..interface import Export, Observation, Request
    from ..targets import Target
    from .worker import Ready


class Pool:
    """What `Worker` is, made of several. Each request goes to the one that has the least to do.

    make: starts one worker. The restarts of all count together: the target gives up where one worker would.
    """

    def __init__(self, target: Target, workers: int, make: Callable[[Target], Worker]) -> None:
        self.target = target
        self._workers = [make(target) for _ in range(workers)]
        self._asked: deque[Worker] = deque()
        for other in self._workers[1:]:
            other.budget = self._workers[0].budget

    @property
    def ready(self) -> Ready | None:
        """What the target says of itself, once one of its workers has started."""
        return next((worker.ready for worker in self._workers if worker.ready), None)

    @property
    def unavailable(self) -> str | None:
        """Why the target answers nothing (any more), None while it may answer."""
        return next((worker.unavailable for worker in self._workers if worker.unavailable is not None), None)

    def start(self) -> Ready | None:
        """Wait until every worker is ready; None where one is not to be had, and `unavailable` says why."""
        return self.ready if all(worker.start() for worker in self._workers) else None

    def submit(self, request: Request) -> None:
        """Ask for `request`, without waiting. Raises TypeError for a request that cannot travel."""
        least = min(self._workers, key=lambda worker: worker.busy)
        least.submit(request)
        self._asked.append(least)

    def receive(self, timeout: float) -> Observation | Loss:
        """The answer to the oldest request. Raises LookupError when none is open. timeout: as of `Worker`."""
        if not self._asked:
            raise LookupError(f"{self.target.id} was asked nothing")
        answer = self._asked.popleft().receive(timeout)
        if self.unavailable is not None:
            for worker in self._workers:
                worker.abandon(self.unavailable)
        return answer

    def exports(self) -> tuple[Export, ...]:
        """What the target exports, as its first worker says."""
        return self._workers[0].exports()

    def close(self) -> None:
        """End every process. Safe to call twice."""
        for worker in self._workers:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
