"""Keras layers as SavedModels, and what is known of a shape while a layer is built or traced."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from ..interface import Unsupported


def with_unknown(shape: Sequence[int], dynamic: Sequence[int]) -> tuple[int | None, ...]:
    """`shape` with None for the axes whose sizes are not known."""
    return tuple(None if axis in dynamic else int(size) for axis, size in enumerate(shape))


def served(
    keras: Any, tf: Any, layer: Any, shape: tuple[int | None, ...], dtype: str, what: str, training: bool | None
) -> Callable[..., Any]:
    """`serve` of what tf.saved_model.load makes of Model.export: `layer` alone, in inference, as it is now.

    Raises Unsupported for anything but a call in inference.
    """
    if what != "call":
        raise Unsupported("a SavedModel serves outputs, and no gradients or updates")
    if training:
        raise Unsupported("Keras exports a model for inference")
    model = keras.Sequential([keras.Input(batch_shape=shape, dtype=dtype), layer])
    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False)
        loaded = tf.saved_model.load(folder)

    def serve(x: Any) -> Any:
        return loaded.serve(x)  # of `loaded`, which must live as long: its variables go with it

    return serve
