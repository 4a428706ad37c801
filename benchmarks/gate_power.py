"""How often the gate is wrong, and what it finds: the same against itself, and against itself with work added.

    python benchmarks/gate_power.py --budget 60 normcheck-report/gate.jsonl
    python benchmarks/gate_power.py --table normcheck-report/gate.jsonl

Every run of twelve benchmarks is a line of the file, and a later call goes on where an earlier one ended. Beside it
stand the rules of pytest-benchmark's --benchmark-compare-fail on the same block times: as there, one process stands for
a run, by the wall clock, and the base of every run is held against the new side of every other.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
KINDS: Mapping[str, float] = {"clean": 0.0, "10 %": 0.10, "5 %": 0.05}
WANTED: Mapping[str, tuple[int, int]] = {"clean": (20, 20), "10 %": (5, 5), "5 %": (3, 3)}
"""How many runs of each, with nothing else started and with other work on the last core."""
LAYERS = ("layer_normalization", "rms_normalization")
PASSES = ("inference", "backward")
VERDICTS = ("slower", "faster", "same", "undecided", "not timed")
PATTERNS = tuple(f"{layer}/benchmarks/language/size=*,dtype=float32,pass={one}" for layer in LAYERS for one in PASSES)
RULES: Mapping[str, tuple[Callable[[Sequence[float]], float], float]] = {
    "mean:5%": (statistics.fmean, 0.05),
    "median:5%": (statistics.median, 0.05),
    "min:5%": (min, 0.05),
    "mean:10%": (statistics.fmean, 0.10),
    "median:10%": (statistics.median, 0.10),
    "min:10%": (min, 0.10),
}
BURN = """import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
while os.getppid() == int(sys.argv[2]):  # ended with its parent, however that ended
    sum(range(1000))
"""
FAIL_ON = 0.10


def importable() -> None:
    """Make the clone importable as normcheck, as conftest.py does, where normcheck is not installed."""
    package = ModuleType("normcheck")
    package.__path__ = [str(HERE.parent)]
    sys.modules.setdefault("normcheck", package)


@contextlib.contextmanager
def load(wanted: bool) -> Iterator[None]:
    """Other work on the last core, for as long as this lasts."""
    if not wanted:
        yield
        return
    burner = subprocess.Popen([sys.executable, "-c", BURN, str(max(os.sched_getaffinity(0))), str(os.getpid())])
    try:
        yield
    finally:
        burner.kill()
        burner.wait()


def one_run(target: str, kind: str, loaded: bool) -> dict[str, Any]:
    """One comparison of twelve benchmarks, as a line of the file."""
    from normcheck.adapters.targets import discover
    from normcheck.cases.benchmarks.benchmark import asked_of, benchmarks, selected
    from normcheck.cases.benchmarks.decision import Rules
    from normcheck.cases.benchmarks.gate import LOOKS, Comparison, Held, Plan, compare
    from normcheck.cases.suite import suite

    (base,) = discover([target], ["cpu"]).targets
    new = base
    os.environ["NORMCHECK_SLOWDOWN"] = str(KINDS[kind])
    if KINDS[kind]:
        os.environ["NORMCHECK_SLOWED"] = base.adapter.removeprefix("normcheck.adapters.")
        found = discover([str(HERE / "slowed.py")], ["cpu"]).targets
        new = next(one for one in found if one.mode == base.mode)
    asked = [one for one in selected(benchmarks(suite().specs.layers), ids=PATTERNS) if asked_of(one, base)]
    plan = Plan(Rules(benchmarks=len(asked), looks=len(LOOKS)))
    with load(loaded):
        done = compare(Comparison((base, new), [Held(one) for one in asked], plan))
    return {
        "kind": kind,
        "loaded": loaded,
        "seconds": done.seconds,
        "launches": done.launches,
        "cores_busy": os.getloadavg()[0],
        "benchmarks": [row(one) for one in done.held],
    }


def row(one: Any) -> dict[str, Any]:
    """What is kept of one benchmark: the decision, the first launch's blocks of both sides by the wall clock, and all.

    blocks: in nanoseconds, by launch, side, place and turn, so that other ways to decide can be tried on them.
    """
    told = one.decision
    return {
        "id": one.benchmark.id,
        "refused": one.refused,
        "verdict": told.verdict if told else "not timed",
        "ratio": [told.low, told.ratio, told.high] if told else None,
        "detectable": told.detectable if told else None,
        "launches": len(one.blocks),
        "spreads": [told.spread_within, told.spread_between] if told else None,
        "blocks": [(1e9 * blocks).round().astype(int).tolist() for blocks in one.blocks],
        "wall": [one.walls[0][side].ravel().tolist() for side in (0, 1)] if one.walls else None,
    }


def read(path: Path) -> list[dict[str, Any]]:
    """The runs so far; a line that was cut off is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        with contextlib.suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    return found


def due(runs: Sequence[Mapping[str, Any]]) -> tuple[str, bool] | None:
    """What to run next: what has the smallest share of the runs that it should have; None where all have."""
    shares = {
        (kind, loaded): sum(run["kind"] == kind and run["loaded"] == loaded for run in runs) / WANTED[kind][loaded]
        for loaded in (False, True)
        for kind in KINDS
    }
    least = min(shares, key=lambda one: shares[one])
    return least if shares[least] < 1 else None


def table(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The figures, quiet and loaded, and those of pytest-benchmark's rules."""
    for loaded in (False, True):
        yield f"## {'loaded on the other core' if loaded else 'nothing else was started'}"
        for kind in KINDS:
            here = [run for run in runs if run["kind"] == kind and run["loaded"] == loaded]
            if here:
                yield ours(kind, here)
        for rule in RULES:
            yield f"| {rule} | " + " | ".join(theirs(rule, kind, loaded, runs) for kind in KINDS) + " |"


def ours(kind: str, runs: Sequence[Mapping[str, Any]]) -> str:
    """What the gate decided."""
    every = [one for run in runs for one in run["benchmarks"]]
    counted = {name: sum(one["verdict"] == name for one in every) for name in VERDICTS}
    failed = sum(any(map(fails, run["benchmarks"])) for run in runs)
    bounded = sum(one["verdict"] == "same" and one["ratio"][2] < 1 + KINDS[kind] for one in every) if KINDS[kind] else 0
    detectable = sorted(one["detectable"] for one in every if one["detectable"] is not None) or [math.nan]
    spent = sorted(run["seconds"] for run in runs)
    return (
        f"{kind}: {len(runs)} runs, {len(every)} benchmarks: "
        + ", ".join(f"{count} {name} ({count / len(every):.1%})" for name, count in counted.items())
        + f"; {failed} runs fail at {FAIL_ON:.0%}; {bounded} `same` with a bound below the truth"
        + f"; would have seen {detectable[len(detectable) // 2]:.1%} (median), {detectable[-1]:.1%} (worst)"
        + f"; {spent[len(spent) // 2]:.0f} s (median), {spent[-1]:.0f} s (longest)"
    )


def fails(one: Mapping[str, Any]) -> bool:
    """Whether a benchmark ends a run with status 1, as `--fail-on-slowdown 10%` has it."""
    return bool(one["verdict"] == "slower" and one["ratio"][2] >= 1 + FAIL_ON)


def theirs(rule: str, kind: str, loaded: bool, runs: Sequence[Mapping[str, Any]]) -> str:
    """How often a rule of pytest-benchmark calls a benchmark slower, and a run: false alarms in `clean`."""
    figure, threshold = RULES[rule]
    clean = [run for run in runs if run["kind"] == "clean" and run["loaded"] == loaded]
    here = [run for run in runs if run["kind"] == kind and run["loaded"] == loaded]
    called = [
        [change(figure, one, other) > threshold for one, other in paired(base, new)]
        for base in clean
        for new in here
        if base is not new
    ]
    flat = [one for run in called for one in run]
    if not flat:
        return f"{kind}: –"
    return f"{kind}: {sum(flat) / len(flat):.1%} of benchmarks, {sum(map(any, called)) / len(called):.0%} of runs"


def paired(base: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[list[float], list[float]]]:
    """The blocks of the base side of one run and of the new side of another."""
    others = {one["id"]: one for one in new["benchmarks"]}
    for one in base["benchmarks"]:
        other = others.get(one["id"])
        if other and one["wall"] and other["wall"]:
            yield one["wall"][0], other["wall"][1]


def change(figure: Callable[[Sequence[float]], float], base: Sequence[float], new: Sequence[float]) -> float:
    """As pytest-benchmark: the difference as a share of the base."""
    return figure(new) / figure(base) - 1


def main() -> None:
    """Run as long as there is time, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="the file that runs are appended to")
    parser.add_argument("--budget", type=float, default=math.inf, metavar="MINUTES", help="begin no run after that")
    parser.add_argument("--target", default="torch:eager", help="what is timed (default: %(default)s)")
    parser.add_argument("--table", action="store_true", help="print the figures alone")
    options = parser.parse_args()
    importable()
    options.runs.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + 60 * options.budget
    while not options.table and time.monotonic() < until and (following := due(read(options.runs))):
        done = one_run(options.target, *following)
        with options.runs.open("a", encoding="utf-8") as file:
            file.write(json.dumps(done) + "\n")
        counted = Counter(one["verdict"] for one in done["benchmarks"])
        print(f"{following}: {done['seconds']:.0f} s, {dict(counted)}", flush=True)
    for line in table(read(options.runs)):
        print(line)


if __name__ == "__main__":
    main()
