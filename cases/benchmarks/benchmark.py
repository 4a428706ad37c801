"""From the `benchmarks` of the specs to benchmarks: one layer, one shape, one dtype, one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from normcheck.adapters.targets import Target
from normcheck.specs.benchmark_lint import cost_names, dialects_of
from normcheck.specs.benchmarks import BenchmarkRun, Cost, Pass, Size
from normcheck.specs.expressions import evaluate
from normcheck.specs.grammar import LayerSpec

from ..case import Case, CaseStep
from ..judgement import values
from ..oracle.expected import expected_steps
from ..requests.ask import request_for, step_input, weight_values

ASPECTS = ("output", "dtype")


@dataclass(frozen=True, slots=True, eq=False)
class Benchmark:
    """What is timed. case: what has to be right of it first. full: on the full list alone."""

    case: Case
    spec: LayerSpec
    what: Pass
    size: Size
    cost: Cost
    full: bool

    @property
    def id(self) -> str:
        """`layer/benchmarks/run/size=…,dtype=…,pass=…`."""
        return self.case.id

    def bytes(self, dialect: str) -> int:
        """What a call must move at the least."""
        return int(evaluate(self.cost.bytes, self._names(dialect)))

    def operations(self, dialect: str) -> int:
        """What a call must compute."""
        return int(evaluate(self.cost.operations, self._names(dialect)))

    def _names(self, dialect: str) -> dict[str, Any]:
        return cost_names(self.spec, self.case.arguments, self.case.shape, self.case.dtype, dialect)


def benchmarks(layers: Mapping[str, LayerSpec]) -> Iterator[Benchmark]:
    """Every benchmark of every layer, in the order of the files."""
    for spec in layers.values():
        for name, run in spec.benchmarks.runs.items() if spec.benchmarks else ():
            yield from _of_run(spec, name, run)


def _of_run(spec: LayerSpec, name: str, run: BenchmarkRun) -> Iterator[Benchmark]:
    assert spec.benchmarks is not None
    for size, shape in run.shapes.items():
        for index, dtype in enumerate(run.dtype):
            for what in run.passes:
                label = f"{spec.layer}/benchmarks/{name}/size={size},dtype={dtype},pass={what}"
                case = _case(spec, label, run, tuple(shape), dtype, what)
                yield Benchmark(case, spec, what, size, spec.benchmarks.costs[what], full=index > 0)


def _case(spec: LayerSpec, label: str, run: BenchmarkRun, shape: tuple[int, ...], dtype: str, what: Pass) -> Case:
    """The call as a case: what must be right of it, and not how accurate it should be."""
    aspects = (*ASPECTS, "gradient") if what == "backward" else ASPECTS
    binding = {name: one for name, one in spec.requirements.items() if one.everywhere and one.must}
    return Case(
        id=label,
        spec=spec,
        arguments=run.arguments,
        shape=shape,
        dtype=dtype,
        steps=(CaseStep("call", shape, "normal", what != "inference"),),
        weights="drawn",
        requirements={
            aspect: tuple(name for name, one in binding.items() if aspect in one.aspects) for aspect in aspects
        },
        compiled=True,
        dialects=dialects_of(spec, run),
    )


def asked_of(benchmark: Benchmark, target: Target) -> bool:
    """Whether a target is asked a benchmark."""
    return target.dialect in (benchmark.case.dialects or ())


def selected(
    found: Iterable[Benchmark], full: bool = False, ids: Iterable[str] = (), layers: Iterable[str] = ()
) -> list[Benchmark]:
    """Those that are asked: the quick list or all, or what patterns of ids name; of these layers alone where given."""
    patterns, names = tuple(ids), tuple(layers)
    of_layers = [one for one in found if not names or one.spec.layer in names]
    if patterns:
        return [one for one in of_layers if any(fnmatchcase(one.id, pattern) for pattern in patterns)]
    return [one for one in of_layers if full or not one.full]


def forget() -> None:
    """Let go of what was worked out to judge a benchmark: hundreds of megabytes over a run, each wanted once."""
    for cached in (request_for, step_input, weight_values, expected_steps, values._judgeable):
        cached.cache_clear()
