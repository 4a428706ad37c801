"""Every normalization that Flax exports, nnx and linen, and what each of its arguments stands for in the specs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import signatures
from ..interface import Export
from ..signatures import Meaning, export, parameters

AFFINE = {
    "x": "input",
    "num_features": "shape",
    "epsilon": "epsilon",
    "use_bias": "center",
    "use_scale": "scale",
    "bias_init": "beta_initializer",
    "scale_init": "gamma_initializer",
}
OVER_AXES = AFFINE | {"reduction_axes": "axis", "feature_axes": "axis"}
MOVING = {"axis": "axis", "momentum": "momentum", "use_running_average": "training"}
LAYERS: Mapping[str, Meaning] = {
    "LayerNorm": Meaning("layer_normalization", OVER_AXES),
    "RMSNorm": Meaning("rms_normalization", OVER_AXES),
    "BatchNorm": Meaning("batch_normalization", AFFINE | MOVING),
    # The channels are in the last axis of what it is called with: the adapter moves them there.
    "GroupNorm": Meaning("group_normalization", AFFINE | {"num_groups": "groups", "x": "axis"}),
    "InstanceNorm": Meaning("instance_normalization", AFFINE | {"feature_axes": "shape"}),
    "flax.linen.WeightNorm": Meaning("weight_normalization", {"layer_instance": "units", "feature_axes": "dim"}),
}


def of(package: Any) -> Iterator[Export]:
    """The classes and functions of flax.nnx or flax.linen: what a class is made with and what it is called with."""
    for name, kind in signatures.classes(package):
        # The metaclass of nnx hides what __init__ takes; a class of linen is a dataclass.
        own = parameters(kind)
        made = own if any(one.name == "name" for one in own) else parameters(kind.__init__)[1:]
        names = {one.name for one in made}
        called = [one for one in parameters(kind.__call__)[1:] if one.name not in names]
        yield export(f"{package.__name__}.{name}", (*made, *called), LAYERS)
    for name, function in signatures.functions(package):
        yield export(f"{package.__name__}.{name}", parameters(function), {})
