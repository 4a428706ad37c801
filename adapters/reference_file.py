"""The file of a saved reference layer: JSON with the layer's name, arguments, shape, dtype and weights, to the bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .arrays import Array
from .reference_layer import Layer

NAME = "layer.json"


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
