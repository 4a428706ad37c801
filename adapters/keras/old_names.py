"""Layers of tf.keras by the names of older pages: what stands there is asked what is asked of the present ones."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import reduce
from typing import Any, ClassVar

from ..arguments import Factory, KerasArguments
from ..interface import Unsupported
from .keras2 import Keras2Adapter
from .layers import built_in, translated

NAMES: Mapping[str, str] = {
    "layer_normalization": "compat.v1.keras.layers.LayerNormalization",
    "feature_normalization": "keras.layers.experimental.preprocessing.Normalization",
}


def named(name: str) -> Factory:
    """A factory of tf.`name`. Raises Unsupported where TensorFlow has nothing of this name."""

    def make(a: KerasArguments) -> Any:
        tensorflow, keras = importlib.import_module("tensorflow"), importlib.import_module(a.package)
        try:
            kind: Any = reduce(getattr, name.split("."), tensorflow)
        except AttributeError:
            raise Unsupported(f"TensorFlow {tensorflow.__version__} has no tf.{name}") from None
        return kind(**{key: translated(keras, key, value) for key, value in a.all_keywords().items()})

    return make


class OldNamesAdapter(Keras2Adapter):
    """tf.keras of TensorFlow up to 2.15, by names that are kept for older code."""

    name: ClassVar[str] = "tf.keras-old-names"
    modes: ClassVar[tuple[str, ...]] = ("eager",)
    layers: ClassVar[Mapping[str, Factory]] = {
        **{layer: named(name) for layer, name in NAMES.items()},
        "dense": built_in("Dense"),
    }
