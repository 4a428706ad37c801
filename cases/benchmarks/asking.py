"""One benchmark on one target: the call is made and judged, and timed if it was right."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from normcheck.adapters.interface import Observation
from normcheck.adapters.process.machine import fingerprint
from normcheck.adapters.process.transport import Loss
from normcheck.adapters.process.worker import Ready
from normcheck.adapters.targets import Target
from normcheck.adapters.timing.asking import Timekeeper
from normcheck.adapters.timing.questions import Timed, Timing
from normcheck.adapters.timing.stopwatch import shorter
from normcheck.reports.record import Check

from ..judgement.finding import check_line
from ..judgement.judge import judge
from ..ledger import Entry, explained
from ..requests.ask import request_for
from .benchmark import Benchmark, forget

FASTEST = 3


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a benchmark. checks: the judgement of the call; timed: None where it was not right."""

    checks: list[Check]
    first: Timed | None = None
    timed: Timed | None = None


def prepared(benchmark: Benchmark, dialect: str) -> Timing:
    """What is asked first: make the call once, and keep nothing else."""
    return Timing(benchmark.id, request_for(benchmark.case, dialect), forget=True)


def judged(
    benchmark: Benchmark, target: Target, answer: Observation | Loss, ledger: Mapping[str, Entry]
) -> list[Check]:
    """The checks of the very call that is to be timed."""
    found = judge(benchmark.case, target.dialect, answer)
    forget()
    return [explained(check_line(one, benchmark.case, target.id), ledger) for one in found]


def right(checks: Iterable[Check]) -> bool:
    """Whether everything that was judged is right; something has to be."""
    outcomes = {check.outcome for check in checks}
    return outcomes == {"pass"}


def measured(
    keeper: Timekeeper, benchmark: Benchmark, blocks: int, limit: float, ledger: Mapping[str, Entry]
) -> Result:
    """Judge the call and time so many blocks of it, on every core in turn. Raises Failed where the target ended."""
    target = keeper.target
    first = keeper.ask(prepared(benchmark, target.dialect), limit)
    assert first.observation is not None
    checks = judged(benchmark, target, first.observation, ledger)
    if not right(checks):
        return Result(checks)
    if not blocks:
        return Result(checks, first)
    return Result(
        checks, first, keeper.ask(Timing(benchmark.id, blocks=blocks, cores=first.cores, figures=True), limit)
    )


def lost(benchmark: Benchmark, target: Target, error: Exception) -> list[Check]:
    """The checks of a call during which the target ended."""
    return judged(benchmark, target, Loss("crash", benchmark.id, str(error)), {})


def seconds(timed: Timed, device: str) -> tuple[float, ...]:
    """What one call took, in each block."""
    return tuple(shorter(wall, busy, device) for wall, busy in zip(timed.wall, timed.busy, strict=True))


def fastest(values: Sequence[float], count: int = FASTEST) -> float:
    """The mean of the fastest blocks, which are those that nobody disturbed."""
    return statistics.fmean(sorted(values)[:count])


def told(benchmark: Benchmark, target: Target, ready: Ready, first: Timed, timed: Timed) -> dict[str, Any]:
    """What stands beside the times: what was timed, where, and what it comes to."""
    spent = fastest(seconds(timed, target.device))
    dialect = target.dialect
    moved, computed = benchmark.bytes(dialect), benchmark.operations(dialect)
    case = benchmark.case
    return {
        "layer": case.layer,
        "pass": benchmark.what,
        "size": benchmark.size,
        "shape": list(case.shape),
        "dtype": case.dtype,
        "arguments": dict(case.arguments),
        "target": target.id,
        "title": target.title,
        "device": target.device,
        "mode": target.mode,
        "versions": ready.versions,
        "python": ready.python,
        "machine": ready.machine,
        "fingerprint": fingerprint(ready.machine),
        "threads": timed.threads,
        "cores": list(timed.cores),
        "calls_per_block": timed.calls,
        "fastest_seconds": spent,
        "undisturbed": statistics.median(map(_share, timed.wall, timed.busy)),
        "first_call_seconds": first.first,
        "compile_seconds": max(0.0, first.first - first.settled),
        "peak_bytes": timed.peak,
        "bytes": moved,
        "operations": computed,
        "elements_per_second": math.prod(case.shape) / spent,
        "operations_per_second": computed / spent,
        "bytes_per_second": moved / spent,
        "copy_bytes_per_second": timed.bandwidth,
        "share_of_copy": moved / spent / timed.bandwidth,
    }


def _share(wall: float, busy: float) -> float:
    return min(1.0, busy / wall)
