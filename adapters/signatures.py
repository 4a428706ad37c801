"""What frameworks export: found by looking, and read by an adapter's table of what each argument stands for."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .interface import Export, Parameter

ADDRESS = re.compile(r" at 0x[0-9a-f]+")


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


def may_normalize(name: str) -> bool:
    """Whether a public name speaks of a norm or of a local response."""
    return not name.startswith("_") and ("norm" in name.lower() or "LRN" in name)


def _public(room: Any, wanted: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    for name in sorted(vars(room)):
        if may_normalize(name) and wanted(getattr(room, name)):
            yield name, getattr(room, name)


def parameters(kind: Any) -> tuple[Parameter, ...]:
    """A signature, `**options` for arguments that are not listed; empty for what Python knows no signature of."""
    try:
        found = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(map(_parameter, found))


def _parameter(one: inspect.Parameter) -> Parameter:
    mark = "*" if one.kind == one.VAR_POSITIONAL else "**" if one.kind == one.VAR_KEYWORD else ""
    default = None if one.default is one.empty else ADDRESS.sub("", repr(one.default))
    return Parameter(f"{mark}{one.name}", one.kind.description, default)


def export(name: str, signature: Iterable[Parameter], known: Mapping[str, Meaning]) -> Export:
    """`name` with what is known of it; nothing is known of a name that `known` does not have."""
    signature = tuple(signature)
    arguments = [one.name for one in signature]
    short = name.rpartition(".")[2]
    meaning = known.get(name) or known.get(short)
    if meaning is None:
        return Export(name, None, dict.fromkeys(arguments), signature=signature)
    stands = {own: meaning.arguments.get(own) for own in arguments}
    return Export(name, meaning.layer, stands, meaning.ranks, dict(meaning.when), signature)
