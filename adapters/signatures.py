"""What frameworks export: found by looking, and read by an adapter's table of what each argument stands for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .interface import Export


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an adapter knows of one name: the fields of `Export`, for the arguments that it knows."""

    layer: str
    arguments: Mapping[str, str]
    ranks: tuple[int, ...] = ()
    when: Mapping[str, Any] = field(default_factory=dict)


def classes(room: Any) -> Iterator[tuple[str, Any]]:
    """The public classes of a module that may be normalizations, by name."""
    return _public(room, inspect.isclass)


def functions(room: Any) -> Iterator[tuple[str, Any]]:
    """The public functions of a module that may be normalizations, by name."""
    return _public(room, inspect.isroutine)


def _public(room: Any, wanted: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    for name in sorted(vars(room)):
        named = not name.startswith("_") and ("norm" in name.lower() or "LRN" in name)
        if named and wanted(getattr(room, name)):
            yield name, getattr(room, name)


def parameters(kind: Any) -> tuple[str, ...]:
    """The names in a signature; `**options` for arguments that are not listed."""
    marks: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return tuple(f"{marks.get(one.kind, '')}{one.name}" for one in inspect.signature(kind).parameters.values())


def export(name: str, arguments: Iterable[str], known: Mapping[str, Meaning]) -> Export:
    """`name` with what is known of it; nothing is known of a name that `known` does not have."""
    short = name.rpartition(".")[2]
    meaning = known.get(name) or known.get(short)
    if meaning is None:
        return Export(name, None, dict.fromkeys(arguments))
    stands = {own: meaning.arguments.get(own) for own in arguments}
    return Export(name, meaning.layer, stands, meaning.ranks, dict(meaning.when))
