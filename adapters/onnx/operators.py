"""Which operator of ONNX each layer of the specs is, with which attributes and which weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..arguments import Arguments, axes_of
from ..interface import Unsupported


class OnnxArguments(Arguments):
    """Arguments under their canonical names, with ONNX's defaults."""

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "layer_normalization": {"axis": -1, "epsilon": 1e-5},
        "rms_normalization": {"axis": -1, "epsilon": 1e-5},
        "batch_normalization": {"axis": 1, "epsilon": 1e-5, "momentum": 0.9, "track_running_stats": True},
        "group_normalization": {"axis": 1, "epsilon": 1e-5},
        "instance_normalization": {"epsilon": 1e-5, "momentum": 0.9, "track_running_stats": False},
        "unit_normalization": {"axis": -1, "order": 2, "epsilon": 0},
        "local_response_normalization": {"implementation": "LocalResponseNorm"},
    }


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator by name, the attributes that were given, and the shapes of its inputs after the first, by name."""

    name: str
    attributes: Mapping[str, Any]
    weights: Mapping[str, tuple[int, ...]]


def _floats(a: OnnxArguments, **names: str) -> dict[str, float]:
    return {name: float(value) for name, value in a.keywords(**names).items()}


def _whole(a: OnnxArguments, name: str) -> None:
    """Raises Unsupported where a weight that ONNX asks for is left out."""
    if not (a.scale and a.center):
        raise Unsupported(f"ONNX's {name} has a scale and a bias always")


def _last_axes(a: OnnxArguments) -> tuple[dict[str, Any], tuple[int, ...]]:
    """The attributes, and the sizes of the axes that are normalized. Raises Unsupported unless they are the last."""
    rank = len(a.shape)
    axes = sorted(axes_of(a.axis, rank))
    if axes != list(range(rank - len(axes), rank)):
        raise Unsupported(f"ONNX normalizes over the last axes only, not {a.axis}")
    place = {"axis": axes[0] - rank} if "axis" in a.given else {}
    return {**place, **_floats(a, epsilon="epsilon")}, a.shape[axes[0] :]


def layer_normalization(a: OnnxArguments) -> Operator:
    """LayerNormalization, whose bias may be left out."""
    if not a.scale:
        raise Unsupported("ONNX's LayerNormalization has a scale always")
    attributes, sizes = _last_axes(a)
    return Operator("LayerNormalization", attributes, {"Scale": sizes, **({"B": sizes} if a.center else {})})


def rms_normalization(a: OnnxArguments) -> Operator:
    """RMSNormalization."""
    attributes, sizes = _last_axes(a)
    return Operator("RMSNormalization", attributes, {"scale": sizes})


def batch_normalization(a: OnnxArguments) -> Operator:
    """BatchNormalization."""
    _whole(a, "BatchNormalization")
    if a.momentum is None:
        raise Unsupported("ONNX's BatchNormalization needs a momentum")
    names = ("scale", "B", "input_mean", "input_var")
    attributes = _floats(a, epsilon="epsilon", momentum="momentum")
    return Operator("BatchNormalization", attributes, dict.fromkeys(names, (_channels(a),)))


def instance_normalization(a: OnnxArguments) -> Operator:
    """InstanceNormalization, which keeps no averages."""
    _whole(a, "InstanceNormalization")
    if a.track_running_stats:
        raise Unsupported("ONNX's InstanceNormalization keeps no averages")
    sizes = (a.shape[1],)
    return Operator("InstanceNormalization", _floats(a, epsilon="epsilon"), {"scale": sizes, "B": sizes})


def group_normalization(a: OnnxArguments) -> Operator:
    """GroupNormalization; it has no default number of groups."""
    _whole(a, "GroupNormalization")
    if "groups" not in a.given:
        raise Unsupported("ONNX's GroupNormalization has no default number of groups")
    sizes = (_channels(a),)
    groups = sizes[0] if a.groups == -1 else int(a.groups)
    attributes = {"num_groups": groups, **_floats(a, epsilon="epsilon")}
    return Operator("GroupNormalization", attributes, {"scale": sizes, "bias": sizes})


def _channels(a: OnnxArguments) -> int:
    if axes_of(a.axis, len(a.shape)) != (1,):
        raise Unsupported(f"ONNX has the channels in axis 1, not {a.axis}")
    return a.shape[1]


def unit_normalization(a: OnnxArguments) -> Operator:
    """LpNormalization, which has no epsilon, one axis, and the orders 1 and 2."""
    if a.epsilon != 0 or a.order not in (1, 2) or not isinstance(a.axis, int):
        raise Unsupported("ONNX's LpNormalization has no epsilon, one axis, and the orders 1 and 2")
    return Operator("LpNormalization", {"p": int(a.order), **a.keywords(axis="axis")}, {})


def local_response_normalization(a: OnnxArguments) -> Operator:
    """LRN, of which ONNX Runtime has a kernel for images alone."""
    if len(a.shape) != 4:
        raise Unsupported(f"ONNX Runtime's LRN takes four dimensions, not {len(a.shape)}")
    if a.size % 2 == 0 or a.implementation != "LocalResponseNorm":
        raise Unsupported("ONNX's LRN with an even size has another window, which begins one channel later")
    return Operator("LRN", {"size": a.size, **_floats(a, alpha="alpha", beta="beta", bias="k")}, {})


LAYERS: Mapping[str, Callable[[Any], Operator]] = {
    "layer_normalization": layer_normalization,
    "rms_normalization": rms_normalization,
    "batch_normalization": batch_normalization,
    "group_normalization": group_normalization,
    "instance_normalization": instance_normalization,
    "unit_normalization": unit_normalization,
    "local_response_normalization": local_response_normalization,
}
