"""From specs to cases: every sweep unrolled, every case with a stable, readable id."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from normcheck.specs.grammar import (
    CaseSpec,
    ClaimCase,
    ClaimsSpec,
    ErrorSpec,
    LayerSpec,
    ModelSpec,
    RelationSpec,
    Requirement,
    StepSpec,
    SweepSpec,
)
from normcheck.specs.inputs import SWEPT_FIELDS
from normcheck.specs.values import extent

from ..case import Case, CaseStep, Origin, Other
from .pairs import covering, diagonal
from .transforms import SCALE, length_of

OF_NUMBERS = ("input", "dtype", "precision", "threads", "layout")
"""What changes the numbers that a program is given, and not the program."""


def layer_cases(spec: LayerSpec, layers: Mapping[str, LayerSpec] = MappingProxyType({})) -> Iterator[Case]:
    """Every case of a layer, in the file's order: cases, sweeps, relations, errors. layers: those to relate it to."""
    for name, case in spec.cases.items():
        yield from _dtype_cases(spec, f"{spec.layer}/{name}", case)
    for name, sweep in spec.sweeps.items():
        for values, quick, traced in _combinations(sweep):
            one = _swept_case(spec, f"{spec.layer}/{name}/{_label(values)}", sweep, values, quick=quick)
            yield replace(one, traced=traced)
    for name, relation in spec.relations.items():
        for first in _dtype_cases(spec, f"{spec.layer}/{name}", relation):
            yield _related(first, relation, {**layers, spec.layer: spec})
    for name, error in spec.errors.items():
        yield _error_case(spec, f"{spec.layer}/errors/{name}", error)


def model_case(spec: ModelSpec) -> Case:
    """The one case of a model: its weights and its counts."""
    return Case(
        id=f"models/{spec.model.replace('_', '-')}",
        spec=spec,
        arguments={},
        shape=(2, *spec.input),
        dtype="float32",
        steps=(),
        weights="initial",
        requirements=_by_aspect(spec.requirements, spec.requirements),
        dialects=tuple(spec.weights),
        compiled=True,
    )


def claim_cases(claims: ClaimsSpec, specs: Mapping[str, LayerSpec | ModelSpec]) -> Iterator[Case]:
    """The cases that belong to a document: what it says is the expectation. `specs` are found by name."""
    for name, case in claims.cases.items():
        yield _claim_case(f"claims/{claims.document}/{name}", specs[case.layer or case.model or ""], case)


def _dtype_cases(spec: LayerSpec, name: str, case: CaseSpec) -> Iterator[Case]:
    if isinstance(case.dtype, str):
        yield _case(spec, name, case, case.arguments, case.dtype)
        return
    for index, dtype in enumerate(case.dtype):
        yield replace(_case(spec, f"{name}/dtype={dtype}", case, case.arguments, dtype), traced=index == 0)


def _swept_case(spec: LayerSpec, name: str, sweep: SweepSpec, values: Mapping[str, Any], *, quick: bool) -> Case:
    fields: dict[str, Any] = {key: value for key, value in values.items() if key in SWEPT_FIELDS}
    arguments = {**sweep.arguments, **{key: value for key, value in values.items() if key not in fields}}
    one = sweep.model_copy(update={**fields, "full": sweep.full or not quick})
    dtype = one.dtype if isinstance(one.dtype, str) else one.dtype[0]
    return _case(spec, name, one, arguments, dtype)


def _case(spec: LayerSpec, name: str, case: CaseSpec, arguments: Mapping[str, Any], dtype: str) -> Case:
    related = isinstance(case, RelationSpec)
    everywhere = [] if related else [key for key, one in spec.requirements.items() if one.everywhere]
    steps = _steps(case)
    return Case(
        id=name,
        spec=spec,
        arguments=arguments,
        shape=steps[0].shape,
        dtype=dtype,
        steps=steps,
        weights=case.weights,
        requirements=_by_aspect(spec.requirements, dict.fromkeys([*case.covers, *everywhere])),
        expect=case.expect,
        precision=case.precision,
        threads=case.threads,
        dynamic=tuple(case.dynamic),
        formats=tuple(case.formats),
        compiled=case.compiled,
        full=case.full,
        dialects=None if case.dialects is None else tuple(case.dialects),
        hunts=tuple(case.hunts),
    )


def _related(first: Case, relation: RelationSpec, layers: Mapping[str, LayerSpec]) -> Case:
    """The first side with the second, which is as the first in all that the relation does not say."""
    told, change = relation.other, relation.other.input
    second = replace(
        first,
        id=f"{first.id}/other",
        spec=layers[told.layer or first.layer],
        arguments=_scaled(first.arguments, change) if told.arguments is None else told.arguments,
        shape=_resized(first.shape, change),
        steps=tuple(replace(step, shape=_resized(step.shape, change)) for step in first.steps),
        weights=first.weights if told.weights is None else told.weights,
        origin=Origin(first, change),
    )
    return replace(first, other=Other(second, relation.agree, told.on))


def _scaled(arguments: Mapping[str, Any], change: str | None) -> Mapping[str, Any]:
    """An input that is scaled needs an epsilon that is scaled as its variance is."""
    if change != "scaled" or "epsilon" not in arguments:
        return arguments
    return {**arguments, "epsilon": arguments["epsilon"] * SCALE**2}


def _resized(shape: tuple[int, ...], change: str | None) -> tuple[int, ...]:
    return (length_of(change, shape[0]), *shape[1:]) if shape else shape


def _error_case(spec: LayerSpec, name: str, error: ErrorSpec) -> Case:
    call = CaseStep("call", tuple(error.call_shape or error.shape), error.input, training=True)
    return Case(
        id=name,
        spec=spec,
        arguments=error.arguments,
        shape=tuple(error.shape),
        dtype=error.dtype,
        steps=(call,),
        weights="initial",
        requirements={"error": tuple(error.covers)},
        raises=error,
        dynamic=tuple(error.dynamic),
        dialects=tuple(error.raises),
    )


def _claim_case(name: str, spec: LayerSpec | ModelSpec, case: ClaimCase) -> Case:
    steps = () if case.model else _steps(case)
    return Case(
        id=name,
        spec=spec,
        arguments=case.arguments,
        shape=steps[0].shape if steps else (),
        dtype=case.dtype if isinstance(case.dtype, str) else case.dtype[0],
        steps=steps,
        weights=case.weights,
        requirements=dict.fromkeys(case.aspects, ()),
        expect=case.expect,
        exact=False,
        dialects=None if case.dialects is None else tuple(case.dialects),
    )


def _steps(case: CaseSpec) -> tuple[CaseStep, ...]:
    return tuple(_step(case, step) for step in case.steps or [StepSpec()])


def _step(case: CaseSpec, step: StepSpec) -> CaseStep:
    values = case.input if step.input is None else step.input
    shape = extent(values) if isinstance(values, list) else tuple(step.shape or case.shape or ())
    training = step.training if "training" in step.model_fields_set else case.training
    layout = step.layout or case.layout
    return CaseStep(step.do, shape, values, training, step.learning_rate, layout, case.upstream, step.mask)


def _by_aspect(requirements: Mapping[str, Requirement], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    pairs = [(aspect, name) for name in names for aspect in requirements[name].aspects]
    return {
        aspect: tuple(name for other, name in pairs if other == aspect)
        for aspect in dict.fromkeys(aspect for aspect, _ in pairs)
    }


def _combinations(sweep: SweepSpec) -> Iterator[tuple[dict[str, Any], bool, bool]]:
    """Every combination of the values; whether it is on the quick list, and on that of targets that trace each case."""
    sizes = tuple(map(len, sweep.over.values()))
    quick = covering(sizes) if sweep.quick == "pairs" else None
    traced = diagonal(tuple(1 if name in OF_NUMBERS else size for name, size in zip(sweep.over, sizes, strict=True)))
    for places in itertools.product(*map(range, sizes)):
        values = {name: listed[place] for (name, listed), place in zip(sweep.over.items(), places, strict=True)}
        yield values, quick is None or places in quick, places in traced


def _label(values: Mapping[str, Any]) -> str:
    return ",".join(f"{key}={_text(value, 'x' if key == 'shape' else '+')}" for key, value in values.items())


def _text(value: Any, joint: str) -> str:
    if isinstance(value, dict):
        return "-".join(_text(part, joint) for part in value.values())
    if isinstance(value, list):
        # One axis in a list is not the same argument as the axis alone, and needs another id.
        alone = joint if joint == "+" and len(value) == 1 else ""
        return joint.join(_text(part, joint) for part in value) + alone or "scalar"
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return str(value)
