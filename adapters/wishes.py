"""What a `--target` means: a name, a mode of it, a file, a module, any of them in another interpreter or on a host."""

from __future__ import annotations

import difflib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from .loading import TargetError, is_file, split
from .process.host import OLDEST, address

ENTRY_POINTS = "normcheck.adapters"
THREADS = re.compile(r"(.+)\+([1-9][0-9]*)threads?")


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing asked for: `text` as it was written, and what it means.

    name: of a built-in or installed adapter, else None. python: the interpreter, on the `host` where one is named.
    threads: to compute with. again: which of several processes of the same target.
    """

    text: str
    adapter: str
    name: str | None = None
    mode: str | None = None
    python: str | None = None
    host: str | None = None
    threads: int = 1
    again: int = 1


def installed() -> dict[str, str]:
    """The adapters that installed packages offer under the entry point group `normcheck.adapters`."""
    return {point.name: point.value for point in metadata.entry_points(group=ENTRY_POINTS)}


def parse(text: str, known: Mapping[str, str]) -> Wish:
    """What one `--target` means. Raises TargetError.

    known: the adapters that have a name, as `module:Class`.
    text: `torch`, `torch:compile`, `my_layers.py`, `package.module`, `package.module:Class`, and any of these
    with `@path/to/python`, `@ssh:host` or `@ssh:user@host:path/to/python` behind it; then `+4threads`, to compute with
    four; and last `#2`, for a second process of the same.
    """
    head, hash_sign, number = text.rpartition("#")
    if hash_sign and number.isdecimal() and not Path(text).exists():
        return replace(parse(head, known), text=text, again=int(number))
    if (threads := THREADS.fullmatch(text)) and not Path(text).exists():
        return replace(parse(threads[1], known), text=text, threads=int(threads[2]))
    head, at, place = text.partition("@ssh:")
    if at:
        host, there = address(place, text)
        return replace(_parse_adapter(head, known), text=text, python=there, host=host)
    head, at, python = ("", "", "") if Path(text).exists() else text.rpartition("@")
    if not at:
        return _parse_adapter(text, known)
    return replace(_parse_adapter(head, known), text=text, python=interpreter(python))


def _parse_adapter(text: str, known: Mapping[str, str]) -> Wish:
    name, _, mode = text.partition(":")
    if name in known:
        return Wish(text, known[name], name, mode or None)
    place, kind = split(text)
    if is_file(place):
        return Wish(text, f"{Path(place).expanduser().absolute()}:{kind}")
    if place.replace(".", "").isidentifier() and _has_module(place):
        return Wish(text, f"{place}:{kind}")
    close = difflib.get_close_matches(name, known, 1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise TargetError(
        f"there is no target '{text}'.{hint} Known are {', '.join(known)}; a file (my_layers.py) or a module "
        "(package.module:Adapter) can be named too."
    )


def _has_module(place: str) -> bool:
    """Whether a module is there, or at least the package in which it may be."""
    top = place.partition(".")[0]
    return importlib.util.find_spec(top) is not None or Path(top).is_dir() or Path(f"{top}.py").is_file()


def interpreter(path: str) -> str:
    """The absolute path of the Python interpreter, or of the environment's, at `path`. Raises TargetError."""
    inside = [Path(path) / folder / "python" for folder in ("bin", "Scripts")]
    places = [str(place) for place in inside if place.exists()] or [path]
    python = shutil.which(os.path.expanduser(places[0]))
    if python is None:
        raise TargetError(f"there is no Python interpreter at {path}. Give its path, or that of its environment.")
    code = "import sys; print(*sys.version_info[:2])"
    try:
        told = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout
        version = tuple(map(int, told.split()))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise TargetError(f"{path} does not work as a Python interpreter.") from error
    if version < OLDEST:
        raise TargetError(f"{path} is Python {version[0]}.{version[1]}; a target needs 3.11 or newer.")
    return os.path.abspath(python)
