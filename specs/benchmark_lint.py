"""What the models cannot check in a layer's `benchmarks`: arguments, shapes, and formulas, tried on every shape."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from .benchmarks import BenchmarkRun, BenchmarksSpec
from .expressions import ExpressionError, evaluate, names_in
from .grammar import LayerSpec
from .sentences import suggestion
from .source import Field, Problem, shown
from .values import misfit, per_dialect, size_misfit
from .vocabulary import Dialect

OWN_NAMES = ("input", "features", "elements", "size")
BYTES: Mapping[str, int] = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}


def benchmark_problems(spec: LayerSpec) -> Iterator[Problem]:
    """All that is wrong with the benchmarks of a layer whose other parts are right."""
    if spec.benchmarks is None:
        return
    found = [*_cost_problems(spec, spec.benchmarks)]
    for name, run in spec.benchmarks.runs.items():
        found += _run_problems(("benchmarks", "runs", name), run, spec)
    yield from found or _trials(spec, spec.benchmarks)


def cost_names(
    spec: LayerSpec, arguments: Mapping[str, Any], shape: tuple[int, ...], dtype: str, dialect: str
) -> dict[str, Any]:
    """What the formulas of costs may use. Raises ExpressionError where `features` does not fit the shape."""
    names: dict[str, Any] = {"input": shape, "elements": math.prod(shape), "size": BYTES[dtype]}
    for name, argument in spec.arguments.items():
        default = argument.default.get(dialect) if per_dialect(argument) else argument.default
        names[name] = arguments.get(name, default)
    features = evaluate(spec.features, names)
    return names | {"features": math.prod(features) if isinstance(features, tuple) else features}


def dialects_of(spec: LayerSpec, run: BenchmarkRun) -> tuple[str, ...]:
    """The dialects that a run is asked of: those named, else those in which every argument has a value."""
    every = get_args(Dialect) if run.dialects is None else run.dialects
    return tuple(
        dialect
        for dialect in every
        if all(
            name in run.arguments or not per_dialect(argument) or dialect in argument.default
            for name, argument in spec.arguments.items()
            if argument.only is None or dialect in argument.only
        )
    )


def _cost_problems(spec: LayerSpec, benchmarks: BenchmarksSpec) -> Iterator[Problem]:
    known = [*spec.arguments, *OWN_NAMES]
    for name, cost in benchmarks.costs.items():
        for field in ("bytes", "operations"):
            path: Field = ("benchmarks", "costs", name, field)
            try:
                unknown = sorted(names_in(getattr(cost, field)) - set(known))
            except ExpressionError as error:
                yield Problem(path, f"the expression {error}")
                continue
            for one in unknown:
                yield Problem(path, f"{shown(one)} is not a name that can stand here{suggestion(one, known)}")
        if all(name not in run.passes for run in benchmarks.runs.values()):
            yield Problem(("benchmarks", "costs"), f"no run has the pass {name!r}", name)


def _run_problems(path: Field, run: BenchmarkRun, spec: LayerSpec) -> Iterator[Problem]:
    for name, value in run.arguments.items():
        here = (*path, "arguments")
        if name not in spec.arguments:
            near = suggestion(name, spec.arguments)
            yield Problem(here, f"{shown(name)} is not an argument of this layer{near}", name)
        elif sentence := misfit(value, spec.arguments[name]):
            yield Problem((*here, name), sentence)
    for size, shape in run.shapes.items():
        if sentence := size_misfit(tuple(shape)):
            yield Problem((*path, "shapes", size), sentence)
        elif not math.prod(shape):
            yield Problem((*path, "shapes", size), "an input without elements takes no time")
    for field in ("dtype", "passes"):
        values = getattr(run, field)
        for index, value in enumerate(values):
            if value in values[:index]:
                yield Problem((*path, field, index), f"{shown(value)} stands here twice")
    assert spec.benchmarks is not None
    for index, one in enumerate(run.passes):
        if one not in spec.benchmarks.costs:
            yield Problem((*path, "passes", index), f"nothing is said under `costs` of {one!r}")
    if not dialects_of(spec, run):
        lacking = next(name for name, one in spec.arguments.items() if name not in run.arguments and per_dialect(one))
        yield Problem(path, f"{lacking!r} has no default in the dialects that are asked: give it")


def _trials(spec: LayerSpec, benchmarks: BenchmarksSpec) -> Iterator[Problem]:
    """Runs for whose shapes a formula has no value, or one that is no count."""
    for name, run in benchmarks.runs.items():
        for size, shape in run.shapes.items():
            sentence = next(filter(None, (_trial(spec, benchmarks, run, shape, one) for one in run.passes)), None)
            if sentence:
                yield Problem(("benchmarks", "runs", name, "shapes", size), sentence)


def _trial(spec: LayerSpec, benchmarks: BenchmarksSpec, run: BenchmarkRun, shape: list[int], what: Any) -> str | None:
    for dialect in dialects_of(spec, run):
        for formula in (benchmarks.costs[what].bytes, benchmarks.costs[what].operations):
            try:
                value = evaluate(formula, cost_names(spec, run.arguments, tuple(shape), run.dtype[0], dialect))
            except ExpressionError as error:
                return f"in {dialect}, the expression {error}"
            if type(value) is not int or value < 1:
                return f"in {dialect}, {formula!r} of {what} makes {value!r}, which is not a count"
    return None
