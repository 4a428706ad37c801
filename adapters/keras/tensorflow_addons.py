"""The normalizations of TensorFlow Addons, for the Keras 2 of TensorFlow 2.15."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..arguments import Factory, KerasArguments
from ..arrays import Array
from ..interface import Export, Unsupported, Weight
from ..signatures import Meaning
from . import exports
from .base import Built
from .keras2 import Keras2Adapter
from .layers import built_in, translated

PACKAGE = "tensorflow_addons"
OF_FILTERS = (
    *("axis", "epsilon", "learned_epsilon", "learned_epsilon_constraint", "trainable", "name"),
    *("beta_initializer", "gamma_initializer", "beta_regularizer", "gamma_regularizer"),
    *("beta_constraint", "gamma_constraint"),
)
EXPORTED: Mapping[str, Meaning] = {
    "FilterResponseNormalization": Meaning("filter_response_normalization", {name: name for name in OF_FILTERS}),
    "GroupNormalization": exports.LAYERS["GroupNormalization"],
    "InstanceNormalization": Meaning("instance_normalization", {name: name for name in ("epsilon", "center", "scale")}),
    "SpectralNormalization": exports.LAYERS["SpectralNormalization"],
    "WeightNormalization": Meaning("weight_normalization", {"layer": "units"}),
}
VECTOR, FLAG = {"sn_u": "vector_u"}, "initialized"


def _addon(name: str, /, **options: Any) -> Any:
    """The layer tfa.layers.`name`. Raises Unsupported where there is none."""
    addons = importlib.import_module(PACKAGE)
    kind = getattr(addons.layers, name, None)
    if kind is None:
        raise Unsupported(f"TensorFlow Addons {addons.__version__} has no layer {name}")
    keras = importlib.import_module("keras")
    return kind(**{key: translated(keras, key, value) for key, value in options.items()})


def layer_normalization(a: KerasArguments) -> Any:
    """tfa.layers.LayerNormalization, which document 001 speaks of."""
    return _addon("LayerNormalization", **a.all_keywords())


def group_normalization(a: KerasArguments) -> Any:
    """tfa.layers.GroupNormalization."""
    return _addon("GroupNormalization", **a.all_keywords())


def instance_normalization(a: KerasArguments) -> Any:
    """tfa.layers.InstanceNormalization, whose channels are the last axis unless it is told otherwise."""
    return _addon("InstanceNormalization", axis=1, **a.keywords(epsilon="epsilon", center="center", scale="scale"))


def filter_response_normalization(a: KerasArguments) -> Any:
    """tfa.layers.FilterResponseNormalization, which has no threshold; that is a layer of its own, tfa.layers.TLU."""
    if a.threshold:
        raise Unsupported("TensorFlow Addons' FilterResponseNormalization has no threshold")
    return _addon(
        "FilterResponseNormalization", **{key: a.given[key] for key in a.all_keywords() if key != "threshold"}
    )


def weight_normalization(a: KerasArguments) -> Any:
    """tfa.layers.WeightNormalization around a dense layer without bias; its magnitude does not depend on data."""
    return _addon("WeightNormalization", layer=_dense(a), data_init=False)


def spectral_normalization(a: KerasArguments) -> Any:
    """tfa.layers.SpectralNormalization around a dense layer without bias."""
    given = {name: value for name, value in a.all_keywords().items() if name != "units"}
    return _addon("SpectralNormalization", layer=_dense(a), **given)


def _dense(a: KerasArguments) -> Any:
    """A dense layer without bias; initial values are drawn from seed 0."""
    keras = importlib.import_module("keras")
    keras.utils.set_random_seed(0)
    return keras.layers.Dense(a.units, use_bias=False)


class AddonsAdapter(Keras2Adapter):
    """tfa.layers."""

    name: ClassVar[str] = "tfa"
    requires: ClassVar[tuple[str, ...]] = ("tensorflow", "keras", "tensorflow-addons")
    modes: ClassVar[tuple[str, ...]] = ("eager", "graph")
    compiling: ClassVar[tuple[str, ...]] = ()
    own_layers: ClassVar[Mapping[str, Factory]] = {
        "layer_normalization": layer_normalization,
        "group_normalization": group_normalization,
        "instance_normalization": instance_normalization,
        "filter_response_normalization": filter_response_normalization,
        "weight_normalization": weight_normalization,
        "spectral_normalization": spectral_normalization,
        "dense": built_in("Dense"),
    }
    layers: ClassVar[Mapping[str, Factory]] = own_layers

    addons: Any = None

    def start(self) -> None:
        """Import TensorFlow, its Keras 2 and TensorFlow Addons. Raises ImportError, or Unsupported for a Keras 3."""
        super().start()
        self.addons = importlib.import_module(PACKAGE)

    def versions(self) -> dict[str, str]:
        """The versions of all three."""
        return super().versions() | {"tensorflow-addons": str(self.addons.__version__)}

    def exports(self) -> Sequence[Export]:
        """The layers of tfa.layers."""
        return tuple(exports.classes(self.addons.layers, "tfa.layers", self.keras.layers.Layer, EXPORTED))

    def weights(self, layer: Built) -> Sequence[Weight]:
        """The weights; what is called sn_u here is Keras' vector_u."""
        return [Weight(VECTOR.get(one.name, one.name), one.trainable, one.value) for one in super().weights(layer)]

    def assign(self, layer: Built, values: Mapping[str, Array]) -> None:
        """Assign by name; a magnitude that was set is not replaced by the first call."""
        own = {known: name for name, known in VECTOR.items()}
        held = {one.name for one in super().weights(layer)}
        super().assign(layer, {own[name] if own.get(name) in held else name: one for name, one in values.items()})
        if FLAG in held and FLAG not in values:
            layer.layer._initialized.assign(True)
