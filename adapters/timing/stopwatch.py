"""Times the calls of one adapter: what it is asked is prepared once, judged elsewhere, and then timed in blocks.

A block is so many calls that it takes as long as was asked. Two clocks are read around each: the wall clock, and the
time that the process computed in. Another process that takes the core away adds to the first alone.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, islice
from typing import Any

import numpy as np

from ..arrays import Array
from ..interface import Adapter, Observation, Phase, Raised, Request, StepSeen, Unsupported
from ..observe import describe
from .process_memory import keep_freed, most_needed, on_large_pages
from .questions import Timed, Timing
from .timeable import in_turn

TASKS = "/proc/self/task"
COPY = 64 << 20
COPIES = 5
MOST_CALLS = 1_000_000
SPACER = 1 << 20
TRIES = 3
ROOMS, ARRAYS, FITTING = 4, 4, 2
WARM = 2


@dataclass(slots=True)
class Prepared:
    """A layer that is ready to be timed: `run` makes so many calls. rooms: memory that was taken at the last places."""

    request: Request
    layer: Any
    run: Callable[[int], Any]
    calls: int = 0
    rooms: list[Any] = field(default_factory=list)


class Stopwatch:
    """Answers `Timing` for one adapter."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.prepared: dict[str, Prepared] = {}
        self.every = available_cores()
        self.keeping = False

    def answer(self, asked: Timing) -> Timed:
        """What was found. Raises KeyError for a case that was not prepared; lets through what a timed call raises."""
        if not self.keeping:
            keep_freed()  # in a process that times, and in no other
            on_large_pages()
            self.keeping = True
        if asked.forget:
            self.prepared.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if asked.request is not None:
                return self._prepare(asked.case, asked.request)
            one = self.prepared[asked.case]
            with self.adapter.settings(one.request):
                return self._time(asked, one)

    def _prepare(self, case: str, request: Request) -> Timed:
        notes: list[Phase] = ["construct"]
        try:
            with self.adapter.settings(request):
                return self._first(case, request, notes)
        except Unsupported as reason:
            return Timed(case, Observation(case, unsupported={"layer": str(reason)}))
        except Exception as error:
            return Timed(case, _raised(case, describe(error, notes[-1], None)))

    def _first(self, case: str, request: Request, notes: list[Phase]) -> Timed:
        adapter = self.adapter
        layer = adapter.construct(request.layer, request.arguments, request.shape, request.dtype)
        notes.append("build")
        adapter.build(layer, request.shape)
        weights = tuple(adapter.weights(layer))
        if request.weights:
            notes.append("assign")
            adapter.assign(layer, request.weights)
        notes.append("call")
        run = self._run(request, layer)
        first, result = self._once(run)
        seen = Observation(case, weights=weights, steps=(self._seen(request, result),))
        settled, _ = self._once(run)
        self.prepared[case] = Prepared(request, layer, run)
        return Timed(case, seen, first, settled, cores=self.every, threads=adapter.threads())

    def _run(self, request: Request, layer: Any) -> Callable[[int], Any]:
        """What makes the calls, with an input that is new in memory."""
        (step,) = request.steps
        x = self.adapter.to_native(step.input)
        upstream = None if step.upstream is None else self.adapter.to_native(step.upstream)
        own = self.adapter.repeated(layer, x, bool(step.training), upstream)
        return own or _plainly(self.adapter, layer, x, step.training, upstream)

    def _once(self, run: Callable[[int], Any]) -> tuple[float, Any]:
        start = time.perf_counter()
        result = run(1)
        self.adapter.wait(result)
        return time.perf_counter() - start, result

    def _seen(self, request: Request, result: Any) -> StepSeen:
        if request.steps[0].upstream is None:
            return StepSeen(output=self.adapter.to_array(result))
        output, gradients = result
        found: Array = self.adapter.to_array(output)
        named: Mapping[str, Any] = gradients
        arrays = {name: self.adapter.to_array(value) for name, value in named.items()}
        return StepSeen(output=found, differentiated=found, gradients=arrays)

    def _time(self, asked: Timing, one: Prepared) -> Timed:
        if asked.anew:
            one.rooms.append(room(one.request))
            del one.rooms[:-ROOMS]
            one.run = self._run(one.request, one.layer)
            self.adapter.wait(one.run(WARM))  # which takes what it needs of memory
        one.calls = asked.calls or one.calls or self._calls(one.run, asked.seconds)
        alone = self.adapter.threads() == 1  # several threads are not to wait for one core
        cores = tuple(core for core in asked.cores if alone and core in self.every)
        wall, busy = [], []
        with bound(self.every, restored=bool(cores)):
            bandwidth = self._bandwidth() if asked.figures else 0.0
            peak = self._peak(one.run) if asked.figures else None
            for core in islice(cycle(cores or (None,)), asked.blocks):
                if core is not None:
                    bind((core,))
                spent = self._block(one)
                wall.append(spent[0] / one.calls)
                busy.append(spent[1] / one.calls)
        return Timed(
            asked.case,
            wall=tuple(wall),
            busy=tuple(busy),
            calls=one.calls,
            peak=peak,
            bandwidth=bandwidth,
            cores=cores or self.every,
            threads=self.adapter.threads(),
        )

    def _block(self, one: Prepared) -> tuple[float, float]:
        """Seconds of one block by both clocks, after a tenth of it that warms the caches of the core."""
        self.adapter.wait(one.run(1 + one.calls // 10))
        return self._clocked(one.run, one.calls)

    def _calls(self, run: Callable[[int], Any], seconds: float) -> int:
        """How many calls take about `seconds`, found by doubling; warms up on the way."""
        calls = 1
        while calls < MOST_CALLS:
            spent = min(self._spent(run, calls) for _ in range(TRIES))
            if spent > seconds / 4:
                return max(1, round(calls * seconds / spent))
            calls *= 2
        return MOST_CALLS

    def _clocked(self, work: Callable[..., Any], *given: Any) -> tuple[float, float]:
        """Seconds until the device has done `work`, by both clocks."""
        start, began = time.perf_counter(), time.process_time()
        self.adapter.wait(work(*given))
        return time.perf_counter() - start, time.process_time() - began

    def _spent(self, work: Callable[..., Any], *given: Any) -> float:
        """The seconds that `work` is said to take."""
        return shorter(*self._clocked(work, *given), self.adapter.device)

    def _bandwidth(self) -> float:
        """Bytes per second that a large copy reads and writes."""
        copy = self.adapter.copying(COPY) or _copying(COPY)
        self.adapter.wait(copy())
        return 2 * COPY / min(self._spent(copy) for _ in range(COPIES))

    def _peak(self, run: Callable[[int], Any]) -> int | None:
        on_device = self.adapter.device_memory()
        if on_device is None and self.adapter.device != "cpu":
            return None
        if on_device is None:
            found = most_needed(lambda: self.adapter.wait(run(1)))
            on_large_pages()
            return found
        before, most = on_device
        self.adapter.wait(run(1))
        return max(0, most() - before)


def shorter(wall: float, busy: float, device: str) -> float:
    """The time that a call is said to take.

    On the cpu it is the shorter of both: with one thread, what the wall clock has more was spent by other processes;
    with several, the process computes in more seconds than pass. A device computes while the process waits.
    """
    return min(wall, busy) if device.startswith("cpu") and busy > 0 else wall


def room(request: Request) -> list[Any]:
    """Memory that is taken, so that what a call allocates comes to lie elsewhere.

    Some parts are as large as the input, and so go where an output was; the others move what comes after them.
    """
    least = len(request.steps[0].input.data)
    more = [*[0] * FITTING, *(random.randrange(SPACER) for _ in range(ARRAYS - FITTING))]  # noqa: S311
    return [np.ones(least + one, np.uint8) for one in more]


def _plainly(adapter: Adapter, layer: Any, x: Any, training: bool | None, upstream: Any) -> Callable[[int], Any]:
    def call() -> Any:
        return adapter.call(layer, x, training)

    def gradient() -> Any:
        return adapter.gradient(layer, x, training, upstream)

    return partial(in_turn, call if upstream is None else gradient)


def _copying(count: int) -> Callable[[], Any]:
    source, copy = np.ones(count, np.uint8), np.empty(count, np.uint8)
    return lambda: np.copyto(copy, source)


def available_cores() -> tuple[int, ...]:
    """The cores that this process may compute on; none where the system does not tell."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def bind(cores: tuple[int, ...]) -> None:
    """Let every thread of this process compute on `cores` alone."""
    for thread in os.listdir(TASKS) if os.path.isdir(TASKS) else ["0"]:
        with contextlib.suppress(OSError):  # it may have ended
            os.sched_setaffinity(int(thread), cores)


@contextlib.contextmanager
def bound(every: tuple[int, ...], restored: bool) -> Iterator[None]:
    """What is bound inside is free again afterwards."""
    try:
        yield
    finally:
        if restored:
            bind(every)


def _raised(case: str, raised: Raised) -> Observation:
    return Observation(case, raised=raised)
