"""The ways of saving that are Python's own: a copy passes from `save` to `load` in memory, a pickle is a file."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

WAYS = ("copy", "pickle")
PICKLE = "layer.pickle"
_kept: dict[str, Any] = {}


def keep(folder: str, layer: Any) -> None:
    """Hold `layer` in memory, by the folder that a file would be in, until `take` is asked for it."""
    _kept[folder] = layer


def take(folder: str) -> Any:
    """What was kept for `folder`, which is forgotten. Raises KeyError where nothing was."""
    return _kept.pop(folder)


def put(layer: Any, folder: str, how: str) -> None:
    """Save `layer` by one of WAYS."""
    if how == "copy":
        keep(folder, layer)
    else:
        Path(folder, PICKLE).write_bytes(pickle.dumps(layer))


def get(folder: str, how: str) -> Any:
    """What `put` saved by the same way: copy.deepcopy of it, or what was pickled."""
    if how == "copy":
        return copy.deepcopy(take(folder))
    return pickle.loads(Path(folder, PICKLE).read_bytes())  # noqa: S301 - written by `put`
