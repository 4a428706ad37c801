"""What the models cannot check in one file: ids, references, arguments, expressions, inputs and coverage."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from .benchmark_lint import benchmark_problems
from .expressions import ExpressionError, names_in
from .grammar import Argument, CaseSpec, ErrorSpec, LayerSpec, ModelSpec, RelationSpec, Requirement, SweepSpec
from .inputs import SWEPT_FIELDS, input_problems
from .sentences import listed, suggestion
from .source import Field, Problem, shown
from .trials import ANSWERING, trial_problems
from .values import array_misfit, defaults, misfit, per_dialect, same
from .vocabulary import Dialect

KEPT = {"errors": "the error cases", "benchmarks": "the benchmarks"}
RESERVED = (*SWEPT_FIELDS, "features")
DIALECTS: tuple[str, ...] = get_args(Dialect)
MAXIMUM_CASES = 2000
RELATED = ("invariance", "relation", "transplant", "process_agreement", "device_agreement")


def layer_problems(spec: LayerSpec) -> Iterator[Problem]:
    """All that is wrong inside one layer file; if nothing else is, its expressions are tried on its cases."""
    found = [*_static_problems(spec)]
    found = found or [*trial_problems(spec)]
    yield from found or benchmark_problems(spec)


def _static_problems(spec: LayerSpec) -> Iterator[Problem]:
    yield from requirement_problems(spec.requirements, spec.sources)
    yield from _prefix_problems(spec)
    yield from _name_problems(spec)
    for name, argument in spec.arguments.items():
        yield from _argument_problems(name, argument)
    yield from _expression_problems(spec)
    yield from _weight_problems(spec)
    for path, case in runs(spec):
        yield from case_problems(path, case, spec)
    for name, sweep in spec.sweeps.items():
        yield from sweep_problems(("sweeps", name), sweep, spec)
    yield from error_problems(spec)
    yield from _uncovered(spec)
    yield from _unvaried(spec)


def model_problems(spec: ModelSpec) -> Iterator[Problem]:
    """All that is wrong inside one model file."""
    yield from requirement_problems(spec.requirements, spec.sources)
    for dialect, weights in spec.weights.items():
        for count in ("trainable", "non_trainable"):
            given = getattr(spec, count)
            if isinstance(given, dict) and dialect not in given:
                yield Problem((count,), f"nothing is said for {dialect}, which has weights here")
        total = sum(math.prod(weight.shape) for weight in weights if weight.trainable)
        given = spec.trainable.get(dialect) if isinstance(spec.trainable, dict) else spec.trainable
        if given not in (None, total):
            yield Problem(("trainable",), f"{given} is not what the {dialect} weights add up to, {total}")


def requirement_problems(requirements: Mapping[str, Requirement], sources: Iterable[str]) -> Iterator[Problem]:
    """Requirements whose source is not in the file."""
    for name, requirement in requirements.items():
        if requirement.source not in sources:
            sentence = f"{shown(requirement.source)} is not one of the sources"
            yield Problem(("requirements", name, "source"), f"{sentence}{suggestion(requirement.source, sources)}")


def runs(spec: LayerSpec) -> Iterator[tuple[Field, CaseSpec]]:
    """Cases, sweeps and relations with their paths."""
    yield from ((("cases", name), case) for name, case in spec.cases.items())
    yield from ((("sweeps", name), sweep) for name, sweep in spec.sweeps.items())
    yield from ((("relations", name), relation) for name, relation in spec.relations.items())


def case_problems(path: Field, case: CaseSpec, spec: LayerSpec) -> Iterator[Problem]:
    """All that is wrong with one case or sweep of a layer."""
    yield from _cover_problems(path, case.covers, spec)
    yield from unknown_arguments((*path, "arguments"), case.arguments, spec.arguments, "this layer")
    for name, value in case.arguments.items():
        sentence = misfit(value, spec.arguments[name]) if name in spec.arguments else None
        if sentence:
            yield Problem((*path, "arguments", name), sentence)
    yield from _required_arguments(path, case, spec)
    yield from input_problems(path, case)
    yield from _given_weights(path, case, spec)
    yield from _unshown(path, case, spec)


def unknown_arguments(path: Field, given: Iterable[str], known: Iterable[str], owner: str) -> Iterator[Problem]:
    """Arguments that `owner` does not have."""
    for name in given:
        if name not in known:
            yield Problem(path, f"{shown(name)} is not an argument of {owner}{suggestion(name, known)}", name)


def _required_arguments(path: Field, case: CaseSpec, spec: LayerSpec) -> Iterator[Problem]:
    """Look for arguments left out that have no default in a dialect which the case is asked of."""
    given = {*case.arguments, *(case.over if isinstance(case, SweepSpec) else ())}
    for name, argument in spec.arguments.items():
        if name in given or not per_dialect(argument):
            continue
        for dialect in case.dialects or argument.only or ANSWERING:
            if dialect not in argument.default and dialect in (argument.only or DIALECTS):
                sentence = f"{name!r} has no default in {dialect}: give it, or name other `dialects`"
                yield Problem(path, sentence)


def _prefix_problems(spec: LayerSpec) -> Iterator[Problem]:
    prefix = prefix_of(next(iter(spec.requirements)))
    for name in spec.requirements:
        if prefix_of(name) != prefix:
            yield Problem(("requirements",), f"{name!r} does not begin with {prefix}-, as the first id does", name)


def prefix_of(name: str) -> str:
    """What stands before the number of an id."""
    return name.rpartition("-")[0]


def _name_problems(spec: LayerSpec) -> Iterator[Problem]:
    for name in spec.sweeps:
        if name in KEPT or name in spec.cases:
            yield Problem(("sweeps",), f"{name!r} {_taken(name)}; choose another name", name)
    for name in spec.relations:
        if name in KEPT or name in spec.cases or name in spec.sweeps:
            yield Problem(("relations",), f"{name!r} {_taken(name)}; choose another name", name)
    for name in spec.arguments:
        if name in RESERVED:
            yield Problem(("arguments",), f"{name!r} has a meaning of its own; choose another name", name)


def _taken(name: str) -> str:
    return f"is kept for {KEPT[name]}" if name in KEPT else "is the name of a case already"


def _argument_problems(name: str, argument: Argument) -> Iterator[Problem]:
    path: Field = ("arguments", name, "default")
    if argument.minimum is not None and argument.maximum is not None and argument.minimum > argument.maximum:
        yield Problem(path[:2], "the minimum is more than the maximum")
    if per_dialect(argument):
        yield from _dialect_problems(path, argument)
    for value in defaults(argument):
        sentence = misfit(value, argument)
        if sentence:
            yield Problem(path, sentence)


def _dialect_problems(path: Field, argument: Argument) -> Iterator[Problem]:
    allowed = argument.only or DIALECTS
    for key in argument.default:
        if key not in allowed:
            sentence = f"{shown(key)} is not one of the dialects {listed(list(allowed), 'and')}"
            yield Problem(path, sentence + suggestion(key, allowed), key)


def _expression_problems(spec: LayerSpec) -> Iterator[Problem]:
    known = [*spec.arguments, "input", "features"]
    for path, expression in _expressions(spec):
        allowed = known[:-1] if path == ("features",) else known
        try:
            unknown = sorted(names_in(expression) - set(allowed))
        except ExpressionError as error:
            yield Problem(path, f"the expression {error}")
            continue
        for name in unknown:
            yield Problem(path, f"{shown(name)} is not a name that can stand here{suggestion(name, allowed)}")


def _expressions(spec: LayerSpec) -> Iterator[tuple[Field, str]]:
    yield ("features",), spec.features
    yield ("output",), spec.output
    for role, weight in spec.weights.items():
        yield from _by_dialect(("weights", role, "shape"), weight.shape)
        if weight.when is not None:
            yield ("weights", role, "when"), weight.when
    for count in ("trainable", "non_trainable"):
        yield from _by_dialect(("parameters", count), getattr(spec.parameters, count))


def _by_dialect(path: Field, formula: str | Mapping[Any, str]) -> Iterator[tuple[Field, str]]:
    """The expression, or each of them where the dialects differ."""
    if isinstance(formula, str):
        yield path, formula
    else:
        yield from (((*path, dialect), text) for dialect, text in formula.items())


def _weight_problems(spec: LayerSpec) -> Iterator[Problem]:
    for role, weight in spec.weights.items():
        for field, kind in (("initial", "initializer"), ("trainable", "boolean")):
            name = getattr(weight, field)
            known = [key for key, argument in spec.arguments.items() if argument.type == kind]
            if isinstance(name, str) and name not in known:
                sentence = f"{shown(name)} is not an argument of type {kind}{suggestion(name, known)}"
                yield Problem(("weights", role, field), sentence)


def _cover_problems(path: Field, covers: Sequence[str], spec: LayerSpec) -> Iterator[Problem]:
    for index, name in enumerate(covers):
        here = (*path, "covers", index)
        if name not in spec.requirements:
            near = suggestion(name, spec.requirements)
            yield Problem(here, f"{name!r} is not a requirement of this layer{near}")
        elif name in covers[:index]:
            yield Problem(here, f"{name!r} stands here twice")


def _given_weights(path: Field, case: CaseSpec, spec: LayerSpec) -> Iterator[Problem]:
    for role, values in case.weights.items() if isinstance(case.weights, dict) else ():
        if role not in spec.weights:
            sentence = f"{shown(role)} is not a weight of this layer{suggestion(role, spec.weights)}"
            yield Problem((*path, "weights"), sentence, role)
        sentence = (array_misfit(values) or "") if isinstance(values, list) else ""
        if sentence:
            yield Problem((*path, "weights", role), sentence)


def _unshown(path: Field, case: CaseSpec, spec: LayerSpec) -> Iterator[Problem]:
    """Requirements that the steps of the case cannot show."""
    steps = case.steps or []
    modes = {case.training if "training" not in step.model_fields_set else step.training for step in steps}
    swept = isinstance(case, SweepSpec) and "training" in case.over
    completes = case.expect is not None and case.expect.completes is not None
    needs = {
        "training_agreement": (len(modes) > 1 or swept, "steps that differ in `training`"),
        "regularization": (any(step.do == "update" for step in steps), "a step `do: update`"),
        "constraint": (any(step.do == "update" for step in steps), "a step `do: update`"),
        "persistence": (not steps or steps[-1].do != "adapt", "a last step that is a call or an update"),
        "error": (completes, "to stand under `errors`, or `expect: {completes: true}`"),
        **dict.fromkeys(RELATED, (isinstance(case, RelationSpec), "to stand under `relations`")),
    }
    for index, name in enumerate(case.covers):
        for aspect in spec.requirements[name].aspects if name in spec.requirements else ():
            met, need = needs.get(aspect, (True, ""))
            if not met:
                yield Problem((*path, "covers", index), f"{name!r} is about {aspect} and needs {need}")


def sweep_problems(path: Field, sweep: SweepSpec, spec: LayerSpec) -> Iterator[Problem]:
    """All that is wrong with what a sweep of a layer goes over."""
    count = math.prod(len(values) for values in sweep.over.values())
    if count > MAXIMUM_CASES:
        yield Problem((*path, "over"), f"this makes {count} cases, and {MAXIMUM_CASES} are the most; split it")
    known = [*spec.arguments, *SWEPT_FIELDS]
    for key, values in sweep.over.items():
        here = (*path, "over", key)
        if key not in known:
            sentence = f"{shown(key)} is neither an argument nor {listed(SWEPT_FIELDS)}{suggestion(key, known)}"
            yield Problem(here[:-1], sentence, key)
        if key in sweep.arguments:
            yield Problem(here[:-1], f"{shown(key)} stands under `arguments` as well; give it once", key)
        if not values:
            yield Problem(here, "the list of values is empty")
        yield from _swept_values(here, values, spec.arguments.get(key))


def _swept_values(path: Field, values: Sequence[Any], argument: Argument | None) -> Iterator[Problem]:
    for index, value in enumerate(values):
        sentence = misfit(value, argument) if argument else None
        if any(same(value, other) for other in values[:index]):
            sentence = f"{shown(value)} stands here twice"
        if sentence:
            yield Problem((*path, index), sentence)


def error_problems(spec: LayerSpec) -> Iterator[Problem]:
    """All that is wrong with what a layer must refuse."""
    for name, error in spec.errors.items():
        path: Field = ("errors", name)
        yield from _cover_problems(path, error.covers, spec)
        yield from unknown_arguments((*path, "arguments"), error.arguments, spec.arguments, "this layer")
        for index, covered in enumerate(error.covers):
            if covered in spec.requirements and "error" not in spec.requirements[covered].aspects:
                aspects = listed(spec.requirements[covered].aspects, "and")
                sentence = f"{covered!r} is about {aspects}, which an error case cannot show"
                yield Problem((*path, "covers", index), sentence)
        for argument in error.arguments:
            only = spec.arguments[argument].only if argument in spec.arguments else None
            for dialect in error.raises:
                if only is not None and dialect not in only:
                    sentence = f"{dialect} has no argument {argument!r}, so it cannot be asked"
                    yield Problem((*path, "raises"), sentence, dialect)
        yield from input_problems(path, error)


def _uncovered(spec: LayerSpec) -> Iterator[Problem]:
    covered = {name for _, case in runs(spec) for name in case.covers}
    covered |= {name for error in spec.errors.values() for name in error.covers}
    for name, requirement in spec.requirements.items():
        if name not in covered and not requirement.everywhere:
            yield Problem(("requirements",), f"{name!r} has no case: cover it with a case, a sweep or an error", name)


def _unvaried(spec: LayerSpec) -> Iterator[Problem]:
    given: dict[str, list[tuple[Any, Sequence[str]]]] = {name: [] for name in spec.arguments}
    every: list[CaseSpec | ErrorSpec] = [*(case for _, case in runs(spec)), *spec.errors.values()]
    for case in every:
        asked = (case.dialects or ANSWERING) if isinstance(case, CaseSpec) else tuple(case.raises)
        swept = case.over.items() if isinstance(case, SweepSpec) else ()
        for name, values in [*((name, [value]) for name, value in case.arguments.items()), *swept]:
            given.setdefault(name, []).extend((value, asked) for value in values)
    for name, argument in spec.arguments.items():
        if not any(_varies(value, argument, asked) for value, asked in given[name]):
            sentence = f"no case varies {name!r}: give it a value other than its default in some case"
            yield Problem(("arguments",), sentence, name)


def _varies(value: Any, argument: Argument, asked: Sequence[str]) -> bool:
    """Whether a value is another than the default in some dialect that is asked and has the argument."""
    if not per_dialect(argument):
        return not same(value, argument.default)
    spoken = [dialect for dialect in asked if argument.only is None or dialect in argument.only]
    return any(dialect not in argument.default or not same(value, argument.default[dialect]) for dialect in spoken)
