"""From a pydantic ValidationError to problems in our own words, each with its path in the file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .source import Field, Problem, shown
from .vocabulary import CaseName, CaseReference, ExceptionName, Name, RequirementId, Version


def _pattern(kind: Any) -> str:
    return str(get_args(kind)[1].pattern)


PATTERNS = {
    _pattern(Name): "a name of lower-case letters, digits and _, such as 'moving_mean'",
    _pattern(CaseName): "a name of lower-case letters, digits and -, such as 'two-elements'",
    _pattern(RequirementId): "an id such as 'LN-3'",
    _pattern(CaseReference): "a case id such as 'layer_normalization/two-elements'",
    _pattern(ExceptionName): "the name of an exception, such as 'ValueError'",
    _pattern(Version): "a release such as '1.0'",
}
KINDS = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` with the known word that is nearest to `word`, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def listed(words: Sequence[str], joint: str = "or") -> str:
    """Words as `a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"


def problems(error: ValidationError, data: Any, model: type[BaseModel]) -> Iterator[Problem]:
    """One problem for each place; where a value fits no branch of a union, all branches are named."""
    found: dict[tuple[Field, bool], list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        path, at_key = _path(detail, data)
        found.setdefault((path, at_key), []).append(detail)
    for (path, at_key), details in found.items():
        deeper = any(other[: len(path)] == path and len(other) > len(path) for other, _ in found)
        if not deeper:
            yield _problem(path, at_key, details, model)


def _path(detail: ErrorDetails, data: Any) -> tuple[Field, bool]:
    """The path in the data: pydantic's location without the names of union branches."""
    path: list[str | int] = []
    here = data
    for part in detail["loc"]:
        known = isinstance(here, dict) and part in here
        if known or (isinstance(here, list) and isinstance(part, int) and part < len(here)):
            here = here[part]
            path.append(part)
    return tuple(path), detail["loc"][-1:] == ("[key]",)


def _problem(path: Field, at_key: bool, details: Sequence[ErrorDetails], model: type[BaseModel]) -> Problem:
    first = details[0]
    if first["type"] == "missing":
        return Problem(path, f"the key {str(first['loc'][-1])!r} is missing")
    if first["type"] == "extra_forbidden":
        key = str(path[-1])
        return Problem(path[:-1], f"{shown(key)} is not a key here{_near_key(key, path[:-1], model)}", key)
    if at_key:
        key = str(path[-1])
        return Problem(path[:-1], f"{shown(key)} is not {_wanted(details)}{_near(details, key)}", key)
    if first["type"] == "value_error":
        return Problem(path, first["msg"].removeprefix("Value error, "))
    value = first["input"]
    quotes = _wants_quotes(details)
    return Problem(path, f"{shown(value)} is not {_wanted(details)}{quotes}{_near(details, value)}")


def _wanted(details: Sequence[ErrorDetails]) -> str:
    words = list(dict.fromkeys(word for detail in details for word in _expectations(detail)))
    return f"{'one of ' if details[0]['type'] == 'literal_error' and len(words) > 1 else ''}{listed(words)}"


def _expectations(detail: ErrorDetails) -> list[str]:
    return _literals(detail) if detail["type"] == "literal_error" else [_expectation(detail)]


def _expectation(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], "spelled as it must be")
    bounds = {
        "greater_than_equal": "{ge} or more",
        "less_than_equal": "{le} or less",
        "string_too_short": "a text of {min_length} characters or more",
        "string_too_long": "a text of {max_length} characters or less",
        "too_short": "of length {min_length} or more",
        "too_long": "of length {max_length} or less",
    }
    return KINDS.get(kind) or bounds.get(kind, "what is expected here").format(**context)


def _wants_quotes(details: Sequence[ErrorDetails]) -> str:
    plain = isinstance(details[0]["input"], bool | int | float)
    only_text = all(detail["type"] == "string_type" for detail in details)
    return "; put it in quotes" if plain and only_text else ""


def _literals(detail: ErrorDetails) -> list[str]:
    return re.findall(r"'([^']*)'", detail.get("ctx", {}).get("expected", ""))


def _near(details: Sequence[ErrorDetails], value: Any) -> str:
    words = [word for detail in details if detail["type"] == "literal_error" for word in _literals(detail)]
    return suggestion(value, words) if isinstance(value, str) else ""


def _near_key(key: str, path: Field, model: type[BaseModel]) -> str:
    kinds: list[Any] = [model]
    for part in path:
        kinds = [inner for kind in kinds for inner in _inside(kind, part)]
    known = [name for kind in kinds for name in _fields(kind)]
    return suggestion(key, known) or (f"; the keys are {listed(known, 'and')}" if known else "")


def _inside(kind: Any, part: str | int) -> list[Any]:
    """The types that may stand under `part` of a value of type `kind`."""
    if _fields(kind):
        field = _fields(kind).get(str(part))
        return _branches(field.annotation) if field else []
    arguments = get_args(kind)
    return _branches(arguments[-1]) if get_origin(kind) in (dict, list) and arguments else []


def _branches(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _branches(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [branch for part in get_args(annotation) for branch in _branches(part)]
    return [annotation]


def _fields(kind: Any) -> Mapping[str, Any]:
    return kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}
