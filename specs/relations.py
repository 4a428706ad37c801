"""Checks of relations: what the second side is, whether the input can be changed so, and what agreement can show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .grammar import LayerSpec, OtherSide, RelationSpec
from .lint import RELATED, unknown_arguments
from .sentences import listed, suggestion
from .source import Field, Problem, shown
from .values import extent, misfit

SHOWN: Mapping[str | None, tuple[str, ...]] = {
    None: ("invariance", "relation"),
    "process": ("process_agreement",),
    "device": ("device_agreement",),
    "dialect": ("transplant",),
}
FEWEST_AXES = {
    "batch-reversed": 2,
    "alone": 2,
    "among-others": 2,
    "features-reversed": 1,
    "positions-reversed": 3,
}
SEVERAL = ("batch-reversed", "alone")
EXACT_INPUTS = {
    "shifted": ("integers", "exact", "alternating"),
    "centred": ("exact", "alternating"),
}


def relation_problems(
    path: Field, relation: RelationSpec, spec: LayerSpec, layers: Mapping[str, LayerSpec]
) -> Iterator[Problem]:
    """All that is wrong with a relation of a layer, besides what may be wrong with it as a case."""
    other = relation.other
    yield from _says_something((*path, "other"), other)
    yield from _shown_aspects(path, relation, spec)
    yield from _changed_input(path, relation, spec)
    if other.layer is not None and other.layer not in layers:
        sentence = f"there is no layer {other.layer!r}{suggestion(other.layer, layers)}"
        yield Problem((*path, "other", "layer"), sentence)
        return
    yield from _other_layer((*path, "other"), other, layers[other.layer] if other.layer else spec)
    if other.layer not in (None, spec.layer) and other.arguments is None:
        yield Problem((*path, "other"), f"say with which `arguments` {other.layer} is made")


def _says_something(path: Field, other: OtherSide) -> Iterator[Problem]:
    told = [name for name in ("layer", "arguments", "input", "weights") if getattr(other, name) is not None]
    if other.on is None and not told:
        yield Problem(path, "say in what the other side differs: in its layer, arguments, input or weights, or `on`")
    if other.on is not None and told:
        sentence = f"on another {other.on} all else is the same: leave {listed(told, 'and')} out"
        yield Problem((*path, "on"), sentence)


def _other_layer(path: Field, other: OtherSide, layer: LayerSpec) -> Iterator[Problem]:
    given = other.arguments or {}
    yield from unknown_arguments((*path, "arguments"), given, layer.arguments, layer.layer)
    for name, value in given.items():
        sentence = misfit(value, layer.arguments[name]) if name in layer.arguments else None
        if sentence:
            yield Problem((*path, "arguments", name), sentence)
    for role in other.weights if isinstance(other.weights, dict) else ():
        if role not in layer.weights:
            sentence = f"{shown(role)} is not a weight of {layer.layer}{suggestion(role, layer.weights)}"
            yield Problem((*path, "weights"), sentence, role)


def _shown_aspects(path: Field, relation: RelationSpec, spec: LayerSpec) -> Iterator[Problem]:
    allowed = SHOWN[relation.other.on]
    for index, name in enumerate(relation.covers):
        for aspect in spec.requirements[name].aspects if name in spec.requirements else ():
            if aspect in allowed:
                continue
            where = "this comparison" if aspect in RELATED else "a comparison"
            sentence = f"{name!r} is about {aspect}, and {where} shows {listed(list(allowed), 'or')}"
            yield Problem((*path, "covers", index), sentence)


def _changed_input(path: Field, relation: RelationSpec, spec: LayerSpec) -> Iterator[Problem]:
    change = relation.other.input
    if change is None:
        return
    here = (*path, "other", "input")
    for step in [None, *(relation.steps or [])]:
        values = relation.input if step is None or step.input is None else step.input
        given = relation.shape if step is None or step.shape is None else step.shape
        shape = extent(values) if isinstance(values, list) else tuple(given or ())
        if len(shape) < FEWEST_AXES.get(change, 0):
            yield Problem(here, f"an input of shape {shown(list(shape))} has too few axes to be {change}")
        elif change in SEVERAL and shape[0] < 2:
            yield Problem(here, f"{shape[0]} example shows nothing of being {change}; give two or more")
        allowed = EXACT_INPUTS.get(change)
        if allowed and isinstance(values, str) and values not in allowed:
            yield Problem(here, f"{values} {change} is rounded; take {listed(list(allowed), 'or')}")
    scaled = change == "scaled" and "epsilon" in spec.arguments and relation.other.arguments is None
    if scaled and not isinstance(relation.arguments.get("epsilon"), int | float):
        yield Problem((*path, "arguments"), "give `epsilon`, which is scaled as the variance is")
