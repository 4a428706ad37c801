"""Masks in Keras, which are attributes of tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

CARRIED = "_keras_mask"


def carrying(x: Any, mask: Any) -> Any:
    """`x` with a mask."""
    setattr(x, CARRIED, mask)
    return x


def masked(tf: Any, layer: Any, options: Mapping[str, Any]) -> Callable[..., Any]:
    """The call of `layer` on an input that carries a mask: the output, and the mask that it carries, None for none."""

    def call(x: Any, mask: Any) -> tuple[Any, Any]:
        output = layer(carrying(tf.identity(x), mask), **options)
        return output, getattr(output, CARRIED, None)

    return call
