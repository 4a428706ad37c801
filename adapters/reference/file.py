"""The ways in which a reference layer is saved and got back.

The file is JSON with the layer's name, arguments, shape, dtype and weights, to the bit.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..arrays import Array
from ..by_python import WAYS, keep, put
from ..interface import Unsupported
from .layer import Layer

NAME = "layer.json"
NOT_OFFERED = {
    "legacy": "the reference has had one file format",
    "json": "the reference hands its arguments on in memory alone",
    "whole": "the reference saves a layer as an object by pickle alone",
}


def save(layer: Layer, folder: str, how: str) -> None:
    """Leave `layer` in `folder`. Raises Unsupported for a format that there is none of."""
    if how in NOT_OFFERED:
        raise Unsupported(NOT_OFFERED[how])
    if how in WAYS:
        put(layer, folder, how)
    elif how == "configuration":
        keep(folder, layer)
    else:
        write(layer, folder)


def write(layer: Layer, folder: str) -> None:
    """Write `layer` into `folder`."""
    weights = {name: [one.dtype, one.shape, one.data.hex()] for name, one in layer.weights.items()}
    saved = {"layer": layer.kind, "arguments": layer.arguments, "shape": layer.shape, "dtype": layer.dtype}
    Path(folder, NAME).write_text(json.dumps({**saved, "weights": weights}), encoding="utf-8")


def read(folder: str) -> dict[str, Any]:
    """What was written: `layer`, `arguments`, `shape`, `dtype`, and `weights` by name, each an `Array`."""
    saved: dict[str, Any] = json.loads(Path(folder, NAME).read_text(encoding="utf-8"))
    weights = {
        name: Array(dtype, tuple(shape), bytes.fromhex(data)) for name, (dtype, shape, data) in saved["weights"].items()
    }
    return {**saved, "shape": tuple(saved["shape"]), "weights": weights}


def told(layer: Layer) -> dict[str, Any]:
    """What `read` gives of a file, of a layer itself: its configuration, and its weights to be set afterwards."""
    saved = {"layer": layer.kind, "arguments": dict(layer.arguments), "shape": layer.shape, "dtype": layer.dtype}
    return {**saved, "weights": dict(layer.weights)}
