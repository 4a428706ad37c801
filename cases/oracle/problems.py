"""From a layer's conventions to the oracle's problem: which elements share statistics, and which a parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..requests.conventions import Convention
from .normalization import Layout

Axes = tuple[int, ...]


def layout_of(meant: Convention, shape: Axes) -> Layout:
    """How an input of `shape` falls into reduction groups and parameters."""
    return LAYOUTS[meant.case.layer](meant, shape)


def _axes(value: object) -> Axes:
    return value if isinstance(value, tuple) else (int(str(value)),)


def _over_axes(meant: Convention, shape: Axes) -> Layout:
    axes = _axes(meant.arguments["axis"])
    return Layout(shape, None, axes, axes)


def _per_channel(meant: Convention, shape: Axes) -> Layout:
    (axis,) = _axes(meant.arguments["axis"])
    return Layout(shape, None, tuple(other for other in range(len(shape)) if other != axis), (axis,))


def _per_instance(meant: Convention, shape: Axes) -> Layout:
    channel = 1 if meant.arguments["batched"] else 0
    return Layout(shape, None, tuple(range(channel + 1, len(shape))), (channel,))


def _in_groups(meant: Convention, shape: Axes) -> Layout:
    (axis,) = _axes(meant.arguments["axis"])
    groups = meant.arguments["groups"]
    groups = shape[axis] if groups == -1 else groups
    rest = (other if other < axis else other + 1 for other in range(1, len(shape)) if other != axis)
    return Layout(shape, (axis, groups), tuple(sorted((*rest, axis + 1))), (axis, axis + 1))


def _per_feature(meant: Convention, shape: Axes) -> Layout:
    axis = meant.arguments["axis"]
    kept = () if axis is None else _axes(axis)
    return Layout(shape, None, tuple(other for other in range(len(shape)) if other not in kept), kept)


LAYOUTS: Mapping[str, Callable[[Convention, Axes], Layout]] = {
    "layer_normalization": _over_axes,
    "rms_normalization": _over_axes,
    "batch_normalization": _per_channel,
    "group_normalization": _in_groups,
    "instance_normalization": _per_instance,
    "feature_normalization": _per_feature,
}
