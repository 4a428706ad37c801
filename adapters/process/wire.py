"""Requests, observations and exports as builtin values, the only ones that execnet carries between processes.

A dataclass becomes a dictionary of its fields with its class name under the empty key, which no weight and no
argument can be called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..arrays import Array
from ..filing import Filing
from ..interface import Export, Observation, Parameter, Raised, Request, Snapshot, Step, StepSeen, Weight
from ..timing.questions import Timed, Timing

PLAIN = (type(None), bool, int, float, str, bytes)
OF_LAYERS = (Array, Export, Filing, Observation, Parameter, Raised, Request, Snapshot, Step, StepSeen, Weight)
KINDS: dict[str, Any] = {kind.__name__: kind for kind in (*OF_LAYERS, Timed, Timing)}
NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in KINDS.values()}


def pack(value: Any) -> Any:
    """`value` as builtin types. Raises TypeError for what cannot travel, ValueError for an empty key."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is tuple or kind is list:
        return kind(map(pack, value))
    if isinstance(value, Mapping):
        return {_key(key): pack(item) for key, item in value.items()}
    if kind in NAMES:
        return {"": kind.__name__} | {name: pack(getattr(value, name)) for name in NAMES[kind]}
    raise TypeError(f"a {kind.__module__}.{kind.__name__} cannot travel between processes: {value!r:.100}")


def unpack(packed: Any) -> Any:
    """The value that was packed. Raises KeyError for an unknown class and TypeError for unknown fields."""
    kind = type(packed)
    if kind is tuple or kind is list:
        return kind(map(unpack, packed))
    if kind is not dict:
        return packed
    items = {key: unpack(item) for key, item in packed.items()}
    name = items.pop("", None)
    return items if name is None else KINDS[name](**items)


def _key(key: Any) -> str:
    if type(key) is not str:
        raise TypeError(f"a key must be a string to travel between processes, not {key!r:.100}")
    if not key:
        raise ValueError("an empty key cannot travel between processes: it marks a class")
    return key
