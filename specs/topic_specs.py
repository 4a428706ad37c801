"""From a topic, which holds for many layers, to layer specs that hold its requirements and cases as their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from .grammar import CaseSpec, LayerSpec, RelationSpec, SubjectSpec, SweepSpec, TopicSpec
from .lint import case_problems, error_problems, requirement_problems, sweep_problems
from .relations import relation_problems
from .sentences import suggestion
from .source import Problem

PARTS = ("cases", "sweeps", "relations")
AnyCase = TypeVar("AnyCase", bound=CaseSpec)


def topic_problems(spec: TopicSpec) -> Iterator[Problem]:
    """All that is wrong inside one topic file, as far as it can be told without the layers."""
    yield from requirement_problems(spec.requirements, spec.sources)
    names = {name for part in (*PARTS, "errors") for name in getattr(spec, part)}
    for layer, subject in spec.layers.items():
        for index, name in enumerate(subject.without):
            if name not in names:
                sentence = f"there is no case {name!r} here{suggestion(name, names)}"
                yield Problem(("layers", layer, "without", index), sentence)
    covered = {name for part in PARTS for case in getattr(spec, part).values() for name in case.covers}
    covered |= {name for error in spec.errors.values() for name in error.covers}
    for name, requirement in spec.requirements.items():
        if name not in covered and not requirement.everywhere:
            yield Problem(("requirements",), f"{name!r} has no case: cover it with a case, a sweep or a relation", name)


def topic_problems_across(spec: TopicSpec, layers: Mapping[str, LayerSpec]) -> Iterator[Problem]:
    """All that is wrong with a topic's cases as cases of each layer."""
    for name in spec.layers:
        if name not in layers:
            yield Problem(("layers",), f"there is no layer {name!r}{suggestion(name, layers)}", name)
            continue
        yield from _clashes(spec, layers[name])
        merged = with_topic(layers[name], spec)
        for part in PARTS:
            for case in getattr(spec, part):
                own = getattr(merged, part).get(case)
                if own is not None:
                    yield from case_problems((part, case), own, merged)
                if isinstance(own, SweepSpec):
                    yield from sweep_problems((part, case), own, merged)
                if isinstance(own, RelationSpec):
                    yield from relation_problems((part, case), own, merged, layers)
        yield from (problem for problem in error_problems(merged) if problem.path[1] in spec.errors)


def _clashes(spec: TopicSpec, layer: LayerSpec) -> Iterator[Problem]:
    taken = {*layer.cases, *layer.sweeps, *layer.relations}
    for part in PARTS:
        for name in getattr(spec, part):
            if name in taken:
                yield Problem((part,), f"{name!r} is the name of a case of {layer.layer} already", name)
    for name in spec.errors:
        if name in layer.errors:
            yield Problem(("errors",), f"{name!r} is the name of an error of {layer.layer} already", name)


def with_topic(layer: LayerSpec, topic: TopicSpec) -> LayerSpec:
    """`layer` with the topic's requirements, sources and cases; itself where the topic is not about it."""
    subject = topic.layers.get(layer.layer)
    if subject is None:
        return layer
    made: dict[str, Any] = {
        part: {
            **getattr(layer, part),
            **{
                name: of_layer(case, subject)
                for name, case in getattr(topic, part).items()
                if name not in subject.without
            },
        }
        for part in PARTS
    }
    made["errors"] = {
        **layer.errors,
        **{
            name: error.model_copy(update={"arguments": {**subject.arguments, **error.arguments}})
            for name, error in topic.errors.items()
            if name not in subject.without
        },
    }
    return layer.model_copy(
        update={
            **made,
            "sources": {**topic.sources, **layer.sources},
            "requirements": {**layer.requirements, **topic.requirements},
        }
    )


def of_layer(case: AnyCase, subject: SubjectSpec) -> AnyCase:
    """A topic's case with what the layer's subject says, where the case does not say it itself."""
    swept = case.over if isinstance(case, SweepSpec) else {}
    given: dict[str, Any] = {
        "arguments": {
            **{name: value for name, value in subject.arguments.items() if name not in swept},
            **case.arguments,
        }
    }
    if "shape" not in swept and case.shape is None and not isinstance(case.input, list):
        given["shape"] = subject.shape
    if "training" not in swept and "training" not in case.model_fields_set:
        given["training"] = subject.training
    if case.dialects is None and subject.dialects is not None:
        given["dialects"] = subject.dialects
    return case.model_copy(update=given)
