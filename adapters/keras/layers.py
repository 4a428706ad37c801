"""Factories of Keras' layers: what a spec's arguments are called there, and the objects that some of them are."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from ..arguments import Factory, KerasArguments
from ..interface import Unsupported


def built_in(name: str) -> Factory:
    """A factory of keras.layers.`name` that passes on whatever was given."""

    def make(a: KerasArguments) -> Any:
        keras = importlib.import_module(a.package)
        kind = getattr(keras.layers, name, None)
        if kind is None:
            raise Unsupported(f"Keras {keras.__version__} has no layer {name}")
        return kind(**{key: translated(keras, key, value) for key, value in a.all_keywords().items()})

    return make


def batch_normalization(a: KerasArguments) -> Any:
    """keras.layers.BatchNormalization, which always keeps its statistics."""
    if not a.track_running_stats:
        raise Unsupported("Keras' BatchNormalization always keeps its statistics")
    if a.momentum is None:
        raise Unsupported("Keras' BatchNormalization has no average without a momentum")
    if a.synchronized and importlib.import_module(a.package).backend.backend() != "tensorflow":
        raise Unsupported("Keras synchronizes batch normalization on TensorFlow only")
    given = {name: value for name, value in a.all_keywords().items() if name != "track_running_stats"}
    return built_in("BatchNormalization")(type(a)(a.layer, given, a.shape, a.dtype))


def instance_normalization(a: KerasArguments) -> Any:
    """Raises Unsupported: there is none."""
    raise Unsupported("Keras has no instance normalization; its GroupNormalization with groups=-1 computes the same")


def rms_normalization(a: KerasArguments) -> Any:
    """keras.layers.RMSNormalization, which always has a scale."""
    if not a.scale:
        raise Unsupported("Keras' RMSNormalization always has a scale")
    given = {name: value for name, value in a.all_keywords().items() if name != "scale"}
    return built_in("RMSNormalization")(type(a)(a.layer, given, a.shape, a.dtype))


def unit_normalization(a: KerasArguments) -> Any:
    """keras.layers.UnitNormalization, whose order is 2 and whose epsilon is 1e-12."""
    given = a.keywords(axis="axis", trainable="trainable", name="name")
    return built_in("UnitNormalization")(type(a)(a.layer, given, a.shape, a.dtype))


def spectral_normalization(a: KerasArguments) -> Any:
    """keras.layers.SpectralNormalization around a dense layer without bias; initial values are drawn from seed 0."""
    keras = importlib.import_module(a.package)
    keras.utils.set_random_seed(0)
    given = {name: value for name, value in a.all_keywords().items() if name != "units"}
    return keras.layers.SpectralNormalization(keras.layers.Dense(a.units, use_bias=False), **given)


def translated(keras: Any, name: str, value: Any) -> Any:
    """Initializers, regularizers and constraints as objects; everything else, strings too, as it is.

    {kind: max_norm, max_value: 1.0} is keras.constraints.MaxNorm(max_value=1.0); a `factor` is positional.
    """
    if not isinstance(value, Mapping) or "kind" not in value:
        return value
    room = getattr(keras, f"{name.rsplit('_', 1)[-1]}s")
    options = dict(value)
    title = "".join(part.capitalize() for part in str(options.pop("kind", "")).split("_"))
    if not hasattr(room, title):
        raise Unsupported(f"Keras has no {value.get('kind')} for {name}")
    factor = [options.pop("factor")] if "factor" in options else []
    return getattr(room, title)(*factor, **options)


LAYERS: Mapping[str, Factory] = {
    "layer_normalization": built_in("LayerNormalization"),
    "rms_normalization": rms_normalization,
    "batch_normalization": batch_normalization,
    "group_normalization": built_in("GroupNormalization"),
    "instance_normalization": instance_normalization,
    "feature_normalization": built_in("Normalization"),
    "unit_normalization": unit_normalization,
    "spectral_normalization": spectral_normalization,
    "dense": built_in("Dense"),
}
