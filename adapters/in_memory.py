"""What passes from `save` to `load` without a file, by the folder that a file would be in."""

from __future__ import annotations

from typing import Any

_kept: dict[str, Any] = {}


def keep(folder: str, layer: Any) -> None:
    """Hold `layer` until `take` is asked for it."""
    _kept[folder] = layer


def take(folder: str) -> Any:
    """What was kept for `folder`, which is forgotten. Raises KeyError where nothing was."""
    return _kept.pop(folder)
