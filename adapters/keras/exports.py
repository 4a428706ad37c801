"""Every normalization that Keras exports, and what each of its arguments stands for in the specs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import signatures
from ..interface import Export
from ..signatures import Meaning, export, parameters

OPTIONS = "**kwargs"
OF_EVERY_LAYER = ("trainable", "name")


def _named(*names: str) -> dict[str, str]:
    """Arguments that are called in Keras what they are called in the specs."""
    return {name: name for name in (*names, *OF_EVERY_LAYER)}


AFFINE = (
    *("axis", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer"),
    *("beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"),
)
MOVING = ("momentum", "moving_mean_initializer", "moving_variance_initializer")
LAYERS: Mapping[str, Meaning] = {
    "LayerNormalization": Meaning("layer_normalization", _named(*AFFINE)),
    "RMSNormalization": Meaning("rms_normalization", _named("axis", "epsilon")),
    "BatchNormalization": Meaning(
        "batch_normalization",
        _named(*AFFINE, *MOVING, "renorm", "renorm_clipping", "renorm_momentum", "synchronized"),
    ),
    "GroupNormalization": Meaning("group_normalization", _named("groups", *AFFINE)),
    "Normalization": Meaning("feature_normalization", _named("axis", "mean", "variance", "invert")),
    "UnitNormalization": Meaning("unit_normalization", _named("axis")),
    "SpectralNormalization": Meaning("spectral_normalization", _named("power_iterations") | {"layer": "units"}),
}

COMMON = {"x": "input", "axis": "axis", "epsilon": "epsilon"}
FUNCTIONS: Mapping[str, Meaning] = {
    "layer_normalization": Meaning("layer_normalization", COMMON | {"gamma": "gamma", "beta": "beta"}),
    "rms_normalization": Meaning("rms_normalization", COMMON | {"scale": "gamma"}),
    "batch_normalization": Meaning(
        "batch_normalization",
        COMMON | {"mean": "moving_mean", "variance": "moving_variance", "offset": "beta", "scale": "gamma"},
    ),
    "normalize": Meaning("unit_normalization", COMMON | {"order": "order"}),
}


def layers(keras: Any) -> Iterator[Export]:
    """The classes of keras.layers; in place of their **kwargs, what keras.layers.Layer takes."""
    general = [one for one in parameters(keras.layers.Layer.__init__) if one.name not in ("self", OPTIONS)]
    for name, kind in signatures.classes(keras.layers):
        own = parameters(kind)
        named = [one for one in own if one.name != OPTIONS]
        every = [*named, *(general if len(named) < len(own) else ())]
        yield export(f"keras.layers.{name}", every, LAYERS)


def functions(keras: Any) -> Iterator[Export]:
    """The functions of keras.ops and keras.utils."""
    for room in ("ops", "utils"):
        for name, function in signatures.functions(getattr(keras, room)):
            yield export(f"keras.{room}.{name}", parameters(function), FUNCTIONS if room == "ops" else {})
