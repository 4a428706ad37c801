"""From the name of an adapter to its class: `my_layers.py`, `package.module`, or either with `:Class`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from .interface import Adapter

EXPECTED = "An adapter is a class called Adapter that extends normcheck.adapters.interface.Adapter"


class TargetError(Exception):
    """What was asked for cannot be a target; the message is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What an adapter's class says of itself."""

    name: str
    dialect: str
    requires: tuple[str, ...]
    modes: tuple[str, ...]
    compiling: tuple[str, ...]
    tracing: tuple[str, ...]
    full_modes: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]]
    environment: Mapping[str, str]


def split(reference: str) -> tuple[str, str]:
    """`place:Class` in two; the class is `Adapter` where none is named."""
    place, colon, name = reference.rpartition(":")
    return (place, name) if colon and name.isidentifier() else (reference, "Adapter")


def is_file(place: str) -> bool:
    """Whether `place` means a file and not a module."""
    return place.endswith(".py") or "/" in place or "\\" in place


def load(reference: str) -> type[Adapter]:
    """The class that `reference` names. Raises TargetError."""
    place, name = split(reference)
    try:
        module = _from_file(place) if is_file(place) else importlib.import_module(place)
    except TargetError:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise TargetError(f"{place} could not be imported: {last_line(error)}{_where(error, place)}.") from error
    found = getattr(module, name, None)
    if isinstance(found, type) and issubclass(found, Adapter) and found is not Adapter:
        return found
    what = "defines no" if found is None or found is Adapter else "has something else under the name"
    raise TargetError(f"{place} {what} {name}. {EXPECTED}.")


def traits(kind: type[Adapter], reference: str) -> Traits:
    """What `kind` says of itself; a class that only inherits its name is called after its file or module."""
    own = vars(kind).get("name")
    return Traits(
        name=own or _stem(split(reference)[0]),
        dialect=kind.dialect,
        requires=tuple(kind.requires),
        modes=tuple(kind.modes),
        compiling=tuple(kind.compiling),
        tracing=tuple(kind.tracing),
        full_modes=tuple(kind.full_modes),
        needs=dict(kind.needs),
        environment=dict(kind.environment),
    )


def last_line(error: BaseException) -> str:
    """`error` as the last line of its traceback."""
    return traceback.format_exception_only(error)[-1].strip()


def _from_file(place: str) -> ModuleType:
    path = Path(place)
    if not path.is_file():
        raise TargetError(f"there is no file {place}. Give the path of a Python file with an adapter. {EXPECTED}.")
    name = f"normcheck_adapter_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TargetError(f"{place} is not a Python file. {EXPECTED}.")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    if (folder := str(path.parent)) not in sys.path:
        sys.path.insert(0, folder)
    spec.loader.exec_module(module)
    return module


def _where(error: BaseException, place: str) -> str:
    """The line of the adapter's own file that the error came through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == place]
    return f" (line {lines[-1]})" if lines else ""


def _stem(place: str) -> str:
    return Path(place).stem if is_file(place) else place.rpartition(".")[2]
