"""YAML text to plain data, with the line and column of every key and value.

A safe part of YAML 1.2: mappings with string keys, lists, strings, numbers, `true`, `false` and `null`.
Anchors, aliases, tags, merge keys, repeated keys and several documents are refused, and so nothing in a file
can grow, run, or mean something else than it seems to.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MAXIMUM_BYTES = 2**20
MAXIMUM_DEPTH = 40
MAXIMUM_DIGITS = 18

Field = tuple[str | int, ...]
Place = tuple[int, int]

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
REAL = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
SPECIAL = re.compile(r"[-+]?\.inf|\.nan")
FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ufffd\U00010000-\U0010ffff]")


class SpecError(Exception):
    """A spec file that cannot be used: the message says where, what stands there, and what was expected."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at `path`; with `key`, the place shown is that of the key."""

    path: Field
    sentence: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A file's plain data and the places of its values and keys; a block's place is that of its key.

    digest: SHA-256 of the content, with every line ending in a line feed.
    """

    name: str
    data: Any
    values: Mapping[Field, Place]
    keys: Mapping[Field, Place]
    digest: str

    def place(self, problem: Problem) -> Place:
        """The line and column (from 1) that a problem is shown at, or the nearest place around it."""
        if problem.key is not None and (*problem.path, problem.key) in self.keys:
            return self.keys[*problem.path, problem.key]
        path = problem.path
        while path not in self.values:
            path = path[:-1]
        return self.values[path]

    def error(self, problem: Problem) -> SpecError:
        """The problem as an error with its place."""
        path = spelled(problem.path)
        return located(self.name, self.place(problem), f"{path}: {problem.sentence}" if path else problem.sentence)


def located(name: str, place: Place, sentence: str) -> SpecError:
    """An error that begins with file, line and column."""
    return SpecError(f"{name}:{place[0]}:{place[1]}: {sentence}")


def spelled(path: Field) -> str:
    """A path as `steps[1].shape`; trailing list positions are left to line and column."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    parts = [f"[{part}]" if isinstance(part, int) else f".{legible(part)}" for part in path]
    return "".join(parts).removeprefix(".")


def legible(key: str) -> str:
    """A key as it stands, or quoted and cut where it could upset a terminal or a page."""
    return key if re.fullmatch(r"[\w.-]{1,64}", key) else shown(key)


def shown(value: Any) -> str:
    """A value in a message: one short line."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list) and not all(isinstance(part, int | float | str) for part in value):
        return "a list"
    text = "[" + ", ".join(shown(part) for part in value[:20]) + "]" if isinstance(value, list) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def read_source(path: Path) -> Source:
    """Reads one file. Raises SpecError if it is missing, too large, not UTF-8 or not the YAML above."""
    name = display_name(path)
    try:
        if not path.is_file():
            what = "this is a folder; name a file" if path.is_dir() else "there is no such file"
            raise located(name, (1, 1), what)
        with path.open("rb") as file:
            content = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise located(name, (1, 1), f"the file cannot be read ({error.strerror})") from None
    return parse(content, name)


def display_name(path: Path) -> str:
    """The path from the current folder where it lies inside it, with forward slashes."""
    absolute = path.absolute()
    here = Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()


def parse(content: bytes, name: str) -> Source:
    """Plain data and places from a file's bytes. Raises SpecError."""
    builder = _Builder(name, yaml.parse(_text(content, name), Loader=LOADER))
    try:
        data = builder.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise located(
            name, (mark.line + 1, mark.column + 1) if mark else (1, 1), f"this is not YAML: {error.problem}"
        ) from None
    except yaml.YAMLError:
        raise located(name, (1, 1), "this is not YAML") from None
    digest = hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
    return Source(name, data, builder.values, builder.keys, digest)


def _text(content: bytes, name: str) -> str:
    if len(content) > MAXIMUM_BYTES:
        raise located(name, (1, 1), f"the file is larger than {MAXIMUM_BYTES} bytes; split it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        place = (before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        raise located(name, place, "the file is not UTF-8 from here on; save it as UTF-8") from None
    bad = FORBIDDEN.search(text)
    if bad:
        place = (text.count("\n", 0, bad.start()) + 1, bad.start() - text.rfind("\n", 0, bad.start()))
        raise located(name, place, f"the control character {bad.group()!r} is not allowed; remove it")
    return text


@dataclass(slots=True)
class _Builder:
    """Builds data from parser events, so that a file is refused before it can grow or nest."""

    name: str
    events: Iterator[Any]
    values: dict[Field, Place] = field(default_factory=dict)
    keys: dict[Field, Place] = field(default_factory=dict)

    def document(self) -> Any:
        next(self.events)  # the start of the stream
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            raise located(self.name, (1, 1), "the file is empty")
        data = self.node(next(self.events), (), None)
        next(self.events)  # the end of the document
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise self.refusal(after, "a second document begins here; give one document to a file")
        return data

    def node(self, event: Any, path: Field, key_place: Place | None) -> Any:
        self.check(event, path)
        block = isinstance(event, yaml.CollectionStartEvent) and not event.flow_style
        self.values[path] = key_place if block and key_place else _place(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return event.value if event.style else self.scalar(event)

    def check(self, event: Any, path: Field) -> None:
        if isinstance(event, yaml.AliasEvent):
            raise self.refusal(event, "aliases (*) are not allowed; quote the text if a star was meant")
        if event.anchor is not None:
            raise self.refusal(event, "anchors (&) are not allowed; write the value out where it is used")
        if event.tag is not None:
            raise self.refusal(event, f"tags (here {shown(event.tag)}) are not allowed; write plain data")
        if len(path) > MAXIMUM_DEPTH:
            raise self.refusal(event, f"nested more than {MAXIMUM_DEPTH} levels deep")

    def mapping(self, path: Field) -> dict[str, Any]:
        data: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event, path)
            if key in data:
                first = self.keys[*path, key][0]
                raise self.refusal(event, f"the key {shown(key)} is given twice, first in line {first}")
            self.keys[*path, key] = _place(event)
            data[key] = self.node(next(self.events), (*path, key), _place(event))
        return data

    def key(self, event: Any, path: Field) -> str:
        self.check(event, path)
        if not isinstance(event, yaml.ScalarEvent):
            raise self.refusal(event, "a key must be a string")
        if event.style:
            return str(event.value)
        if event.value == "<<":
            raise self.refusal(event, "merge keys (<<) are not allowed; write the values out")
        if not isinstance(self.scalar(event), str):
            raise self.refusal(event, f"a key must be a string; put {event.value or 'it'} in quotes")
        return str(event.value)

    def sequence(self, path: Field) -> list[Any]:
        data: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            data.append(self.node(event, (*path, len(data)), None))
        return data

    def scalar(self, event: Any) -> Any:
        text: str = event.value
        if text.lower() in CONSTANTS and text in (text.lower(), text.title(), text.upper()):
            return CONSTANTS[text.lower()]
        if INTEGER.fullmatch(text):
            if len(text) > MAXIMUM_DIGITS + 1:
                raise self.refusal(event, f"a whole number has at most {MAXIMUM_DIGITS} digits")
            return int(text)
        if SPECIAL.fullmatch(text.lower()):
            return float(text.lower().replace(".", ""))
        if not REAL.fullmatch(text):
            return text
        if math.isinf(float(text)):
            raise self.refusal(event, f"{shown(text)} is beyond the range of float64; write .inf for infinity")
        return float(text)

    def refusal(self, event: Any, sentence: str) -> SpecError:
        return located(self.name, _place(event), sentence)


def _place(event: Any) -> Place:
    return (event.start_mark.line + 1, event.start_mark.column + 1)
