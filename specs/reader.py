"""Reads spec files: YAML to frozen models, checked; the first thing wrong is one SpecError with its place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from .grammar import ClaimsSpec, LayerSpec, ModelSpec, TopicSpec
from .lint import layer_problems, model_problems
from .references import Entry, claims_problems, problems_across
from .sentences import problems
from .source import Problem, Source, SpecError, display_name, located, read_source
from .topic_specs import topic_problems, topic_problems_across, with_topic

__all__ = ["PACKAGED", "SpecError", "Specs", "read_all", "read_claims", "read_layer", "read_model", "read_topic"]

PACKAGED = Path(__file__).parent
KINDS: Mapping[str, tuple[type[Any], Callable[[Any], Iterator[Problem]]]] = {
    "layers": (LayerSpec, layer_problems),
    "topics": (TopicSpec, topic_problems),
    "models": (ModelSpec, model_problems),
    "claims": (ClaimsSpec, claims_problems),
}

SpecT = TypeVar("SpecT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Specs:
    """All specs of a folder, by name; digest: SHA-256 over the names and contents of its files.

    layers: with the requirements and cases of every topic that is about them.
    """

    layers: Mapping[str, LayerSpec]
    topics: Mapping[str, TopicSpec]
    models: Mapping[str, ModelSpec]
    claims: Mapping[str, ClaimsSpec]
    digest: str


def read_layer(path: Path) -> LayerSpec:
    """Reads and checks one layer file. Raises SpecError."""
    return _read(path, LayerSpec, layer_problems)[1]


def read_topic(path: Path) -> TopicSpec:
    """Reads and checks one topic file, but not as cases of its layers. Raises SpecError."""
    return _read(path, TopicSpec, topic_problems)[1]


def read_model(path: Path) -> ModelSpec:
    """Reads and checks one model file, but not whether its layers exist. Raises SpecError."""
    return _read(path, ModelSpec, model_problems)[1]


def read_claims(path: Path) -> ClaimsSpec:
    """Reads and checks one claims file, but not whether its cases exist. Raises SpecError."""
    return _read(path, ClaimsSpec, claims_problems)[1]


def read_all(folder: Path = PACKAGED) -> Specs:
    """Reads the files of `layers`, `topics`, `models` and `claims` and checks them together. Raises SpecError."""
    return _packaged() if folder == PACKAGED else _read_folder(folder)


@lru_cache(maxsize=1)
def _packaged() -> Specs:
    return _read_folder(PACKAGED)


def _read_folder(folder: Path) -> Specs:
    paths = [path for kind in KINDS for path in sorted((folder / kind).glob("*.yaml"))]
    entries: list[Entry] = [_read(path, *KINDS[path.parent.name]) for path in paths]
    specs = [spec for _, spec in entries]
    layers = {spec.layer: spec for spec in specs if isinstance(spec, LayerSpec)}
    if not layers:
        raise located(display_name(folder), (1, 1), "there is no file layers/*.yaml here")
    topics = {spec.topic: spec for spec in specs if isinstance(spec, TopicSpec)}
    for source, problem in _topic_problems(entries, layers):
        raise source.error(problem)
    layers = {name: reduce(with_topic, topics.values(), layer) for name, layer in layers.items()}
    for source, problem in problems_across(entries, layers):
        raise source.error(problem)
    lines = [
        f"{path.relative_to(folder).as_posix()} {source.digest}\n"
        for path, (source, _) in zip(paths, entries, strict=True)
    ]
    return Specs(
        MappingProxyType(layers),
        MappingProxyType(topics),
        MappingProxyType({spec.model: spec for spec in specs if isinstance(spec, ModelSpec)}),
        MappingProxyType({spec.document: spec for spec in specs if isinstance(spec, ClaimsSpec)}),
        hashlib.sha256("".join(sorted(lines)).encode()).hexdigest(),
    )


def _topic_problems(entries: Iterable[Entry], layers: Mapping[str, LayerSpec]) -> Iterator[tuple[Source, Problem]]:
    for source, spec in entries:
        if isinstance(spec, TopicSpec):
            yield from ((source, problem) for problem in topic_problems_across(spec, layers))


def _read(path: Path, model: type[SpecT], check: Callable[[SpecT], Iterator[Problem]]) -> tuple[Source, SpecT]:
    source = read_source(path)
    try:
        spec = model.model_validate(source.data)
    except ValidationError as error:
        found = list(problems(error, source.data, model))
    else:
        found = list(check(spec))
        if not found:
            return source, spec
    raise first(source, found)


def first(source: Source, found: Iterable[Problem]) -> SpecError:
    """The problem that stands first in the file, as an error."""
    return source.error(min(found, key=source.place))
