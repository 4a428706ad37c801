"""What an environment is to hold, and where it is kept: a folder by all that decides what pip puts there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """An environment to be had.

    requirements: as pip takes them. host: the interpreter of an environment whose packages stand behind one's own;
    of what the requirements need, what it has is taken from there. python: the interpreter that it is made of.
    works: code that fails where the requirements do not work once they are installed. find_links: folders and pages
    where pip looks too. installer: `pip` or `uv`.
    """

    requirements: tuple[str, ...]
    host: str | None = None
    works: str = ""
    python: str = sys.executable
    find_links: tuple[str, ...] = ()
    installer: str = "pip"

    @property
    def title(self) -> str:
        """What a person calls it."""
        return " ".join(self.requirements)

    @property
    def folder(self) -> str:
        """The name of its folder: what is asked for, and a digest of all that it is made of."""
        interpreter = os.path.realpath(self.python)
        links = list(map(_dated, self.find_links))
        made_of = [self.requirements, self.host, self.works, interpreter, links, self.installer]
        digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:12]
        return f"{re.sub(r'[^A-Za-z0-9.]+', '-', self.title).strip('-')[:60]}-{digest}"


def usual_cache() -> Path:
    """The folder for environments where none is named: in that of the user for what can be made again."""
    local = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    return Path(local or Path.home() / ".cache") / "normcheck" / "environments"


def _dated(place: str) -> list[str]:
    """A place, and in a folder the wheels that lie there now: another build of the same version is another wheel."""
    return [place, *_wheels(Path(place))]


def _wheels(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.whl")) if folder.is_dir() else ():
        told = path.stat()
        yield f"{path.name} {told.st_size} {told.st_mtime_ns}"
