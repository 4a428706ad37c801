"""Every normalization that Keras exports, and what each of its arguments stands for in the specs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import signatures
from ..interface import Export, Parameter
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

STATISTICS = {"mean": "moving_mean", "variance": "moving_variance"}
GIVEN = {**STATISTICS, "variance_epsilon": "epsilon"}
AVERAGED = {**STATISTICS, "is_training": "training", "exponential_avg_factor": "momentum"}
# The shape of the weights, or the form of the function, says along which axis of the input the channels are.
OF_TENSORFLOW: Mapping[str, Meaning] = {
    "batch_normalization": Meaning("batch_normalization", GIVEN | {"x": "axis", "offset": "beta", "scale": "gamma"}),
    "batch_norm_with_global_normalization": Meaning(
        "batch_normalization",
        GIVEN | {"input": "axis", "beta": "beta", "scale_after_normalization": "scale"},
        ranks=(4,),
        when={"scale": False},
    ),
    "fused_batch_norm": Meaning(
        "batch_normalization",
        AVERAGED | {"x": "axis", "offset": "beta", "scale": "gamma", "epsilon": "epsilon"},
        ranks=(4, 5),
    ),
    "l2_normalize": Meaning("unit_normalization", COMMON),
    "local_response_normalization": Meaning(
        "local_response_normalization",
        {"input": "input", "depth_radius": "size", "bias": "k", "alpha": "alpha", "beta": "beta"},
    ),
}


def layers(keras: Any) -> Iterator[Export]:
    """The classes of keras.layers."""
    return classes(keras.layers, "keras.layers", keras.layers.Layer, LAYERS)


def classes(place: Any, room: str, layer: type, known: Mapping[str, Meaning]) -> Iterator[Export]:
    """The classes of a module that is called `room`, and their arguments; all are of the class `layer`."""
    for name, kind in signatures.classes(place):
        yield export(f"{room}.{name}", _taken(kind, layer), known)


def _taken(kind: type, layer: type) -> tuple[Parameter, ...]:
    """The arguments of a class; in place of its **kwargs those of the class that they are handed on to, and so on."""
    found: dict[str, Parameter] = {}
    for base in kind.__mro__[: kind.__mro__.index(layer) + 1]:
        if "__init__" not in vars(base):
            continue
        own = {one.name: one for one in parameters(vars(base)["__init__"])}
        found |= {name: one for name, one in own.items() if name not in ("self", OPTIONS, *found)}
        if OPTIONS not in own:
            break
    return tuple(found.values())


def functions(keras: Any) -> Iterator[Export]:
    """The functions of keras.ops and keras.utils."""
    for room in ("ops", "utils"):
        for name, function in signatures.functions(getattr(keras, room)):
            yield export(f"keras.{room}.{name}", parameters(function), FUNCTIONS if room == "ops" else {})


def of_tensorflow(tensorflow: Any) -> Iterator[Export]:
    """The functions of tf.nn, and those that tf.compat.v1.nn alone has."""
    known = set()
    for room, place in (("tf.nn", tensorflow.nn), ("tf.compat.v1.nn", tensorflow.compat.v1.nn)):
        for name, function in signatures.functions(place):
            if name not in known:
                yield export(f"{room}.{name}", parameters(function), OF_TENSORFLOW)
            known.add(name)
