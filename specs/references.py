"""Checks across files: names and ids that are given once, and claims and models that name what exists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from .grammar import ClaimsSpec, LayerSpec, ModelSpec, TopicSpec
from .inputs import input_problems
from .lint import case_problems, prefix_of, unknown_arguments
from .relations import relation_problems
from .sentences import suggestion
from .source import Field, Problem, Source

AnySpec = LayerSpec | TopicSpec | ModelSpec | ClaimsSpec
Entry = tuple[Source, AnySpec]
OTHER_LAYERS: Mapping[str, tuple[str, ...]] = {"dense": ("units", "activation")}


def claims_problems(spec: ClaimsSpec) -> Iterator[Problem]:
    """All that is wrong inside one claims file, as far as it can be told without the layers."""
    for name, claim in spec.claims.items():
        evidence = claim.holds_when
        if not (evidence.passes or evidence.fails or evidence.unsupported or evidence.offered):
            yield Problem(("claims", name, "holds_when"), "name a case under passes, fails, unsupported or offered")
    for name, case in spec.cases.items():
        path: Field = ("cases", name)
        if (case.layer is None) == (case.model is None):
            yield Problem(path, "give exactly one of layer and model")
        yield from input_problems(path, case)


def problems_across(entries: Sequence[Entry], layers: Mapping[str, LayerSpec]) -> Iterator[tuple[Source, Problem]]:
    """All that is wrong between the files of a folder, each with the file that it is in.

    layers: with the cases of every topic.
    """
    yield from _repeated_names(entries)
    yield from _repeated_ids(entries)
    models = {spec.model: spec for _, spec in entries if isinstance(spec, ModelSpec)}
    heads = case_heads([*layers.values(), *(spec for _, spec in entries if not isinstance(spec, LayerSpec))])
    for source, spec in entries:
        if isinstance(spec, LayerSpec):
            yield from ((source, problem) for problem in _relations(spec, layers))
        if isinstance(spec, ModelSpec):
            yield from ((source, problem) for problem in _model_layers(spec, layers))
        if isinstance(spec, ClaimsSpec):
            yield from ((source, problem) for problem in _claim_cases(spec, layers, models))
            yield from ((source, problem) for problem in _evidence(spec, heads))


def case_heads(specs: Sequence[AnySpec]) -> dict[str, bool]:
    """The ids of all cases; true for what is only the beginning of ids, such as a sweep."""
    heads: dict[str, bool] = {}
    for spec in specs:
        if isinstance(spec, LayerSpec):
            heads |= {f"{spec.layer}/{name}": isinstance(case.dtype, list) for name, case in spec.cases.items()}
            heads |= {f"{spec.layer}/{name}": True for name in spec.sweeps}
            heads |= {f"{spec.layer}/{name}": isinstance(one.dtype, list) for name, one in spec.relations.items()}
            heads |= {f"{spec.layer}/errors/{name}": False for name in spec.errors}
        elif isinstance(spec, ModelSpec):
            heads[f"models/{spec.model.replace('_', '-')}"] = False
        elif isinstance(spec, ClaimsSpec):
            heads |= {f"claims/{spec.document}/{name}": False for name in spec.cases}
    return heads


def refers(pattern: str, head: str, longer: bool) -> bool:
    """Whether a pattern can match the case `head`, or with `longer` a case whose id goes on after `head/`."""
    if not longer:
        return fnmatchcase(head, pattern)
    cuts = [index + 1 for index, letter in enumerate(pattern) if letter in "/*"]
    return any(
        fnmatchcase(f"{head}/", pattern[:cut]) and (pattern[:cut].endswith("*") or cut < len(pattern)) for cut in cuts
    )


def _repeated_names(entries: Sequence[Entry]) -> Iterator[tuple[Source, Problem]]:
    seen: dict[tuple[str, str], Source] = {}
    for source, spec in entries:
        field = next(name for name in ("layer", "topic", "model", "document") if hasattr(spec, name))
        # Layers and models are looked up together; documents on their own.
        key = (field if field in ("document", "topic") else "layer", str(getattr(spec, field)))
        if key in seen:
            yield source, Problem((field,), f"{key[1]!r} is the name of {seen[key].name} already")
        seen.setdefault(key, source)


def _repeated_ids(entries: Sequence[Entry]) -> Iterator[tuple[Source, Problem]]:
    ids: dict[str, Source] = {}
    owners: dict[str, Source] = {}
    for source, spec in entries:
        field = "claims" if isinstance(spec, ClaimsSpec) else "requirements"
        for name in getattr(spec, field):
            prefix = prefix_of(name)
            if name in ids:
                yield source, Problem((field,), f"{name!r} is given in {ids[name].name} already", name)
            elif owners.get(prefix, source) is not source:
                sentence = f"ids that begin with {prefix}- belong to {owners[prefix].name}; choose other letters"
                yield source, Problem((field,), sentence, name)
            ids.setdefault(name, source)
            if isinstance(spec, LayerSpec | TopicSpec):
                owners.setdefault(prefix, source)


def _relations(spec: LayerSpec, layers: Mapping[str, LayerSpec]) -> Iterator[Problem]:
    for name, relation in spec.relations.items():
        yield from relation_problems(("relations", name), relation, spec, layers)


def _model_layers(spec: ModelSpec, layers: Mapping[str, LayerSpec]) -> Iterator[Problem]:
    known = {**{name: tuple(layer.arguments) for name, layer in layers.items()}, **OTHER_LAYERS}
    for index, layer in enumerate(spec.layers):
        path: Field = ("layers", index)
        if layer.layer in known:
            yield from unknown_arguments((*path, "arguments"), layer.arguments, known[layer.layer], layer.layer)
        else:
            yield Problem((*path, "layer"), f"there is no layer {layer.layer!r}{suggestion(layer.layer, known)}")


def _claim_cases(
    spec: ClaimsSpec, layers: Mapping[str, LayerSpec], models: Mapping[str, ModelSpec]
) -> Iterator[Problem]:
    for name, case in spec.cases.items():
        path: Field = ("cases", name)
        yield from _unknown(path, "layer", case.layer, layers)
        yield from _unknown(path, "model", case.model, models)
        if case.layer in layers:
            yield from case_problems(path, case, layers[str(case.layer)])


def _unknown(path: Field, field: str, name: str | None, known: Mapping[str, object]) -> Iterator[Problem]:
    if name is not None and name not in known:
        yield Problem((*path, field), f"there is no {field} {name!r}{suggestion(name, known)}")


def _evidence(spec: ClaimsSpec, heads: Mapping[str, bool]) -> Iterator[Problem]:
    for name, claim in spec.claims.items():
        for outcome in ("passes", "fails", "unsupported", "offered"):
            for index, pattern in enumerate(getattr(claim.holds_when, outcome)):
                found = heads.get(pattern) is False
                if not (found or any(refers(pattern, head, longer) for head, longer in heads.items())):
                    sentence = f"there is no case {pattern!r}{suggestion(pattern, heads)}"
                    yield Problem(("claims", name, "holds_when", outcome, index), sentence)
