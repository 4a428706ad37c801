"""Every normalization that PyTorch exports, and what each of its arguments stands for in the specs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import signatures
from ..interface import Export
from ..signatures import Meaning, export, parameters

AFFINE = {"eps": "epsilon", "affine": "scale", "bias": "center"}
RUNNING = {"num_features": "shape", "momentum": "momentum", "track_running_stats": "track_running_stats"}
RESPONSE = {"size": "size", "alpha": "alpha", "beta": "beta", "k": "k"}
BATCH_RANKS = {"1d": (2, 3), "2d": (4,), "3d": (5,)}
INSTANCE_RANKS = {"1d": (2, 3), "2d": (4,), "3d": (5,)}
ALONE = {"lazy": False, "synchronized": False}
LAZY = {"lazy": True}
OF_MODULE = {"module": "units"}


def _by_rank(
    layer: str, name: str, ranks: Mapping[str, tuple[int, ...]], when: Mapping[str, Any]
) -> dict[str, Meaning]:
    return {f"{name}{form}": Meaning(layer, RUNNING | AFFINE, own, when) for form, own in ranks.items()}


MODULES: Mapping[str, Meaning] = {
    "LayerNorm": Meaning(
        "layer_normalization",
        {"normalized_shape": "axis", "eps": "epsilon", "elementwise_affine": "scale", "bias": "center"},
    ),
    "RMSNorm": Meaning(
        "rms_normalization", {"normalized_shape": "axis", "eps": "epsilon", "elementwise_affine": "scale"}
    ),
    "GroupNorm": Meaning("group_normalization", {"num_groups": "groups", "num_channels": "shape"} | AFFINE),
    **_by_rank("batch_normalization", "BatchNorm", BATCH_RANKS, ALONE),
    **_by_rank("batch_normalization", "LazyBatchNorm", BATCH_RANKS, LAZY),
    "SyncBatchNorm": Meaning("batch_normalization", RUNNING | AFFINE, when={"synchronized": True}),
    **_by_rank("instance_normalization", "InstanceNorm", INSTANCE_RANKS, {"lazy": False}),
    **_by_rank("instance_normalization", "LazyInstanceNorm", INSTANCE_RANKS, LAZY),
    **{
        name: Meaning("local_response_normalization", RESPONSE, when={"implementation": name})
        for name in ("LocalResponseNorm", "CrossMapLRN2d")
    },
    "torch.nn.utils.parametrizations.spectral_norm": Meaning(
        "spectral_normalization", OF_MODULE | {"n_power_iterations": "power_iterations", "eps": "epsilon", "dim": "dim"}
    ),
    "torch.nn.utils.parametrizations.weight_norm": Meaning("weight_normalization", OF_MODULE | {"dim": "dim"}),
}

WEIGHTS = {"input": "input", "weight": "gamma", "bias": "beta", "eps": "epsilon"}
STATISTICS = WEIGHTS | {"running_mean": "moving_mean", "running_var": "moving_variance", "momentum": "momentum"}
# It keeps statistics if it is given some, and is by itself without weight and bias.
OF_INSTANCES = {
    "running_mean": "track_running_stats",
    "weight": "scale",
    "bias": "center",
    "use_input_stats": "training",
}
FUNCTIONS: Mapping[str, Meaning] = {
    "layer_norm": Meaning("layer_normalization", WEIGHTS | {"normalized_shape": "axis"}),
    "rms_norm": Meaning("rms_normalization", WEIGHTS | {"normalized_shape": "axis"}),
    "batch_norm": Meaning("batch_normalization", STATISTICS | {"training": "training"}),
    "group_norm": Meaning("group_normalization", WEIGHTS | {"num_groups": "groups"}),
    "instance_norm": Meaning("instance_normalization", STATISTICS | OF_INSTANCES),
    "local_response_norm": Meaning("local_response_normalization", RESPONSE | {"input": "input"}),
    "normalize": Meaning("unit_normalization", {"input": "input", "p": "order", "dim": "axis", "eps": "epsilon"}),
}


def modules(torch: Any) -> Iterator[Export]:
    """The classes of torch.nn, and the functions that wrap a module."""
    for name, kind in signatures.classes(torch.nn):
        yield export(f"torch.nn.{name}", parameters(kind), MODULES)
    for room in ("utils", "utils.parametrizations"):
        place = torch.nn.utils if room == "utils" else torch.nn.utils.parametrizations
        for name, function in signatures.functions(place):
            yield export(f"torch.nn.{room}.{name}", parameters(function), MODULES)


def functions(torch: Any) -> Iterator[Export]:
    """The functions of torch.nn.functional."""
    for name, function in signatures.functions(torch.nn.functional):
        yield export(f"torch.nn.functional.{name}", parameters(function), FUNCTIONS)
