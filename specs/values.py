"""Values in a spec that no type can check: argument values against their Argument, and nested numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .grammar import Argument
from .sentences import listed, suggestion
from .source import shown
from .vocabulary import MAXIMUM_ELEMENTS, MAXIMUM_RANK

# What each kind of thing may be called, with the numbers that it takes when it is written as a mapping.
KINDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "initializer": {"zeros": (), "ones": (), "constant": ("value",)},
    "regularizer": {"l1": ("factor",), "l2": ("factor",), "l1_l2": ("l1", "l2")},
    "constraint": {
        "non_neg": (),
        "unit_norm": ("axis",),
        "max_norm": ("max_value", "axis"),
        "min_max_norm": ("min_value", "max_value", "rate", "axis"),
    },
}


def defaults(argument: Argument) -> list[Any]:
    """The default, or the default of each dialect."""
    return list(argument.default.values()) if per_dialect(argument) else [argument.default]


def per_dialect(argument: Argument) -> bool:
    """Whether the default is a mapping from dialect to value."""
    return isinstance(argument.default, dict) and "kind" not in argument.default


def misfit(value: Any, argument: Argument) -> str | None:
    """Why `value` is not one of this argument's, as the end of a sentence; None where it fits.

    None fits where a default is None.
    """
    if value is None:
        return None if argument.nullable or None in defaults(argument) else f"null is not {_wanted(argument.type)}"
    if argument.type in KINDS:
        return _named_misfit(value, argument.type)
    if argument.type == "limits":
        return _limits_misfit(value)
    if argument.type == "statistics":
        return array_misfit(value) if isinstance(value, list) else _number_misfit(value)
    if not _fits(value, argument.type):
        return f"{shown(value)} is not {_wanted(argument.type)}"
    return _range_misfit(value, argument)


def same(first: Any, second: Any) -> bool:
    """Equality in which true is not 1, while 1 and 1.0 are the same."""
    return isinstance(first, bool) == isinstance(second, bool) and first == second


def extent(values: Any) -> tuple[int, ...]:
    """The shape of nested lists that are not ragged."""
    return (len(values), *(extent(values[0]) if values else ())) if isinstance(values, list) else ()


def array_misfit(values: list[Any]) -> str | None:
    """Why nested lists are not an array of numbers, as a sentence; None where they are one."""
    shape = extent(values)
    if len(shape) > MAXIMUM_RANK:
        return f"an array has at most {MAXIMUM_RANK} axes, and this one has {len(shape)}"
    return _row_misfit(values, shape) or size_misfit(shape)


def size_misfit(shape: tuple[int, ...]) -> str | None:
    """Why a shape is too large, as a sentence; None where it is not."""
    if math.prod(shape) > MAXIMUM_ELEMENTS:
        return f"{math.prod(shape)} elements are more than the {MAXIMUM_ELEMENTS} that a case may have"
    return None


def shape_misfit(value: Any) -> str | None:
    """Why a value is not the shape of an input, as a sentence; None where it is one."""
    if not isinstance(value, list) or len(value) > MAXIMUM_RANK or not all(map(_length, value)):
        return f"{shown(value)} is not a shape: a list of at most {MAXIMUM_RANK} lengths"
    return size_misfit(tuple(value))


def _row_misfit(values: list[Any], shape: tuple[int, ...]) -> str | None:
    if len(values) != shape[0]:
        return f"the rows are ragged: one has {shape[0]} elements, another {len(values)}"
    for value in values:
        if isinstance(value, list) != (len(shape) > 1):
            return "the rows are ragged: numbers stand beside lists"
        trouble = _row_misfit(value, shape[1:]) if isinstance(value, list) else _number_misfit(value)
        if trouble:
            return trouble
    return None


def _number_misfit(value: Any) -> str | None:
    return None if isinstance(value, int | float) else f"{shown(value)} is not a number"


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _length(value: Any) -> bool:
    return _whole(value) and 0 <= value <= MAXIMUM_ELEMENTS


def _fits(value: Any, kind: str) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return _whole(value)
        case "real":
            return _whole(value) or (isinstance(value, float) and math.isfinite(value))
        case "order":
            return _whole(value) or (isinstance(value, float) and not math.isnan(value))
        case "string":
            return isinstance(value, str)
        case "axes":
            parts = value if isinstance(value, list) else [value]
            return all(_whole(part) for part in parts) and len(set(parts)) == len(parts)
        case _:
            parts = value if isinstance(value, list) else [value]
            return all(_whole(part) and part >= 0 for part in parts)


def _wanted(kind: str) -> str:
    return {
        "boolean": "true or false",
        "integer": "a whole number",
        "real": "a finite number",
        "order": "a number or .inf",
        "string": "a string",
        "axes": "an axis or a list of different axes",
        "shape": "a length or a list of lengths",
        "statistics": "a number or nested lists of numbers",
    }.get(kind) or f"a{'n' if kind[0] in 'aeiou' else ''} {kind}"


def _range_misfit(value: Any, argument: Argument) -> str | None:
    if argument.type not in ("integer", "real", "order"):
        return None
    if argument.minimum is not None and value < argument.minimum:
        return f"{shown(value)} is less than the minimum, {argument.minimum:g}"
    if argument.maximum is not None and value > argument.maximum:
        return f"{shown(value)} is more than the maximum, {argument.maximum:g}"
    return None


def _limits_misfit(value: Any) -> str | None:
    if not isinstance(value, dict):
        return f"{shown(value)} is not a mapping from limits to numbers"
    return next((misfit for number in value.values() if (misfit := _number_misfit(number))), None)


def _named_misfit(value: Any, kind: str) -> str | None:
    known = KINDS[kind]
    name = value.get("kind") if isinstance(value, dict) else value
    if not isinstance(name, str) or name not in known:
        near = suggestion(name, known) if isinstance(name, str) else ""
        stands = "a mapping without `kind`" if isinstance(value, dict) and name is None else shown(name)
        return f"{stands} is not {_wanted(kind)}: {listed(list(known))}{near}"
    numbers = {key: number for key, number in value.items() if key != "kind"} if isinstance(value, dict) else {}
    for key, number in numbers.items():
        if key not in known[name]:
            return f"{shown(key)} is not a number that {name!r} takes{suggestion(key, known[name])}"
        if not isinstance(number, int | float) or isinstance(number, bool):
            return f"{shown(number)} is not a number"
    return None
