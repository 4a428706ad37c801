"""The ways in which a Keras layer is saved and got back.

A file is of a model, so a layer is saved as the one layer of a keras.Sequential. `copy` is copy.deepcopy, because
keras.models.clone_model gives new weights.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..arguments import plain
from ..by_python import WAYS, get, keep, put, take
from ..interface import Unsupported

FILE, WEIGHTS, LEGACY = "layer.keras", "layer.weights.h5", "layer.h5"
WHOLE, CONFIGURATION, VALUES = "layer", "layer.json", "layer.npz"
NO_WHOLE = "Keras makes no layer of a SavedModel, which holds functions; the mode savedmodel calls them"


def save(keras: Any, layer: Any, shape: tuple[int | None, ...], folder: str, how: str) -> None:
    """Write `layer`, which was built for `shape`, into `folder`. Raises Unsupported for `whole`."""
    if how == "whole":
        raise Unsupported(NO_WHOLE)
    if how in WAYS:
        put(layer, folder, how)
    elif how == "file":
        keras.Sequential([layer]).save(os.path.join(folder, FILE))
    elif how == "weights":
        model_of(keras, layer, shape).save_weights(os.path.join(folder, WEIGHTS))
    elif how == "legacy":
        model_of(keras, layer, shape).save(os.path.join(folder, LEGACY))
    elif how == "json":
        Path(folder, CONFIGURATION).write_text(json.dumps(plain(layer.get_config())), encoding="utf-8")
        np.savez(Path(folder, VALUES), *layer.get_weights())
    else:
        keep(folder, layer)


def load(keras: Any, new: Any, shape: tuple[int, ...], folder: str, how: str) -> Any:
    """The layer in `folder`.

    A SavedModel can only be another version's, which says whether this one opens it.
    new: one of the same arguments, built for `shape`: `weights` go into it, and its class is made known to files.
    """
    with keras.saving.custom_object_scope({type(new).__name__: type(new)}):
        if how == "weights":
            model_of(keras, new, shape).load_weights(os.path.join(folder, WEIGHTS))
            return new
        if how in WAYS:
            return get(folder, how)
        if how == "configuration":
            layer = take(folder)
            return _from_configuration(type(layer), layer.get_config(), layer.get_weights(), shape)
        if how == "json":
            told = json.loads(Path(folder, CONFIGURATION).read_text(encoding="utf-8"))
            with np.load(Path(folder, VALUES)) as values:
                return _from_configuration(type(new), told, [values[name] for name in values.files], shape)
        name = {"file": FILE, "legacy": LEGACY, "whole": WHOLE}[how]
        return keras.models.load_model(os.path.join(folder, name)).layers[0]


def model_of(keras: Any, layer: Any, shape: tuple[int | None, ...]) -> Any:
    """A built keras.Sequential of `layer` alone."""
    return keras.Sequential([keras.Input(batch_shape=shape), layer])


def _from_configuration(
    kind: Any, configuration: Mapping[str, Any], weights: Sequence[Any], shape: tuple[int, ...]
) -> Any:
    """What Keras documents: from_config() for the arguments, set_weights() for the rest."""
    made = kind.from_config(configuration)
    made.build(shape)
    made.set_weights(weights)
    return made
