"""How fast the suite judges, against the bare loop that only builds and calls the layers on the same inputs.

    python benchmarks/judging_rate.py

Both are measured in one run, on the CPU's eager targets, each framework with one thread, start-up left out. The bare
loop runs one target after the other in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

CLONE = str(Path(__file__).resolve().parent.parent)
TARGETS = ("reference", "keras:eager", "torch:eager")
WARM_UP = 30


def importable() -> None:
    """Make the clone importable as normcheck, as conftest.py does, where normcheck is not installed."""
    package = ModuleType("normcheck")
    package.__path__ = [CLONE]
    sys.modules.setdefault("normcheck", package)


def bare(adapter: Any, request: Any) -> None:
    """Build one layer and make every call that the suite makes, without looking at anything."""
    layer = adapter.construct(request.layer, request.arguments, request.shape, request.dtype)
    adapter.build(layer, request.shape)
    if request.weights:
        adapter.assign(layer, request.weights)
    for step in request.steps:
        x = adapter.to_native(step.input)
        if step.kind == "adapt":
            adapter.adapt(layer, x)
        elif step.kind == "update":
            adapter.update(layer, x, adapter.to_native(step.upstream), step.learning_rate)
        else:
            adapter.call(layer, x, step.training)
            if step.upstream is not None:
                adapter.gradient(layer, adapter.to_native(step.input), step.training, adapter.to_native(step.upstream))


def bare_seconds(requested: str) -> float:
    """Seconds of the bare loop of one target over every layer case that it is asked."""
    importable()
    from normcheck.adapters.process.worker import open_adapter
    from normcheck.adapters.targets import discover
    from normcheck.cases.requests.ask import request_for
    from normcheck.cases.suite import asked_of, suite
    from normcheck.specs.grammar import LayerSpec

    (target,) = discover([requested], ["cpu"]).targets
    adapter, _ = open_adapter(target.adapter, target.device, target.mode)
    requests = [
        request_for(case, target.dialect)
        for case in suite().cases
        if asked_of(case, target) and isinstance(case.spec, LayerSpec)
    ]
    for request in requests[:WARM_UP]:
        attempt(adapter, request)
    start = time.perf_counter()
    for request in requests:
        attempt(adapter, request)
    return time.perf_counter() - start


def attempt(adapter: Any, request: Any) -> None:
    """`bare`, whatever it raises: error cases are part of the work."""
    try:
        bare(adapter, request)
    except Exception:
        return


class Clock:
    """Times pytest's loop over the items, from the moment when every target is ready."""

    seconds = 0.0

    def pytest_runtestloop(self, session: Any) -> None:
        """Wait for the targets, then start the clock."""
        from normcheck.cases.plugin import session_of

        run = session_of(session.config).run
        for asked in run.asked.values() if run else ():
            asked.worker.start()
        self.start = time.perf_counter()

    def pytest_sessionfinish(self) -> None:
        """Stop the clock."""
        self.seconds = time.perf_counter() - self.start


def judged(record: Path) -> tuple[float, int]:
    """Seconds of the suite's loop over the same cases, and how many checks it recorded."""
    import pytest

    clock = Clock()
    targets = [part for target in TARGETS for part in ("--target", target)]
    options = [
        "-q",
        "-r",
        "",
        "--device",
        "cpu",
        "--record",
        str(record),
        "-p",
        "no:cacheprovider",
        "-k",
        "test_layers",
    ]
    pytest.main([*targets, *options, CLONE + "/cases"], plugins=[clock])
    lines = record.read_text(encoding="utf-8").splitlines()
    return clock.seconds, sum('"kind":"check"' in line for line in lines)


def main() -> None:
    """Measure both and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bare", help="measure the bare loop of this target only")
    parser.add_argument("--record", type=Path, default=Path("normcheck-report/rate.jsonl"))
    options = parser.parse_args()
    if options.bare:
        print(json.dumps(bare_seconds(options.bare)))
        return
    each = {target: bare_of(target) for target in TARGETS}
    seconds, checks = judged(options.record)
    for target, spent in each.items():
        print(f"bare loop, {target}: {spent:.2f} s")
    total = sum(each.values())
    print(f"suite: {checks} checks in {seconds:.2f} s: {checks / seconds:.0f} checks/s, {seconds / total:.2f} x bare")


def bare_of(target: str) -> float:
    """Seconds of one target's bare loop, in a fresh process."""
    command = [sys.executable, __file__, "--bare", target]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
