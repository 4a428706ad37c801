"""Flax's normalizations: which class each layer of the specs is, in nnx and in linen, and with which options."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..arguments import Arguments, axes_of
from ..interface import Unsupported


class FlaxArguments(Arguments):
    """Arguments under their canonical names, with Flax's defaults."""

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "layer_normalization": {"axis": -1, "epsilon": 1e-6},
        "rms_normalization": {"axis": -1, "epsilon": 1e-6},
        "batch_normalization": {"axis": -1, "epsilon": 1e-5, "momentum": 0.99, "track_running_stats": True},
        "group_normalization": {"axis": -1, "epsilon": 1e-6, "groups": 32},
        "instance_normalization": {"epsilon": 1e-6, "momentum": 0.99, "track_running_stats": False},
        "weight_normalization": {"dim": 1},
    }


@dataclass(frozen=True, slots=True)
class Recipe:
    """A class of Flax by name, and what it is made with.

    sizes: of the axes that its weights lie along. options: those that nnx and linen both have. moved: the axis that is
    moved behind all others before the call, and back after it.
    """

    kind: str
    sizes: tuple[int, ...]
    options: Mapping[str, Any]
    moved: int = -1


def layer_norm(a: FlaxArguments) -> Recipe:
    """LayerNorm; its weights lie along the axes that are reduced."""
    return _reducing("LayerNorm", a, {**_affine(a), **a.keywords(epsilon="epsilon")})


def rms_norm(a: FlaxArguments) -> Recipe:
    """RMSNorm."""
    affine = {name: value for name, value in _affine(a).items() if "bias" not in name}
    return _reducing("RMSNorm", a, {**affine, **a.keywords(epsilon="epsilon")})


def _reducing(kind: str, a: FlaxArguments, options: Mapping[str, Any]) -> Recipe:
    axes = axes_of(a.axis, len(a.shape))
    given = a.axis if isinstance(a.axis, int) else tuple(a.axis)
    named = {"reduction_axes": given, "feature_axes": given} if "axis" in a.given else {}
    return Recipe(kind, tuple(a.shape[axis] for axis in sorted(axes)), {**options, **named})


def batch_norm(a: FlaxArguments) -> Recipe:
    """BatchNorm."""
    (axis,) = axes_of(a.axis, len(a.shape))
    if a.momentum is None:
        raise Unsupported("Flax's BatchNorm needs a momentum")
    options = a.keywords(axis="axis", epsilon="epsilon", momentum="momentum")
    return Recipe("BatchNorm", (a.shape[axis],), {**options, **_affine(a)})


def group_norm(a: FlaxArguments) -> Recipe:
    """GroupNorm, which has the channels in the last axis; another axis is moved there and back."""
    (axis,) = axes_of(a.axis, len(a.shape))
    options = a.keywords(num_groups="groups", epsilon="epsilon")
    return Recipe("GroupNorm", (a.shape[axis],), {**options, **_affine(a)}, moved=axis - len(a.shape))


def instance_norm(a: FlaxArguments) -> Recipe:
    """InstanceNorm, told that the channels are in axis 1."""
    if a.track_running_stats:
        raise Unsupported("Flax's InstanceNorm keeps no averages")
    return Recipe("InstanceNorm", (a.shape[1],), {**a.keywords(epsilon="epsilon"), **_affine(a), "feature_axes": 1})


def offered(room: Any, recipe: Recipe) -> Any:
    """The class of `recipe` in Flax's `room`. Raises Unsupported where this version has none."""
    if not hasattr(room, recipe.kind):
        raise Unsupported(f"this {room.__name__} has no {recipe.kind}")
    return getattr(room, recipe.kind)


def _affine(a: FlaxArguments) -> dict[str, Any]:
    """The switches and initializers of the weights, where they were given."""
    found = a.keywords(use_scale="scale", use_bias="center")
    for own, name in (("scale_init", "gamma_initializer"), ("bias_init", "beta_initializer")):
        if name in a.given:
            found[own] = initializer(getattr(a, name))
    return found


def initializer(value: Any) -> Any:
    """A function of jax.nn.initializers. Raises Unsupported for one that is not there."""
    room = importlib.import_module("jax.nn.initializers")
    options = dict(value) if isinstance(value, Mapping) else {"kind": value}
    kind = options.pop("kind")
    if kind not in ("zeros", "ones", "constant"):
        raise Unsupported(f"JAX has no initializer {kind}")
    return room.constant(**options) if kind == "constant" else getattr(room, kind)


LAYERS: Mapping[str, Callable[[Any], Recipe]] = {
    "layer_normalization": layer_norm,
    "rms_normalization": rms_norm,
    "batch_normalization": batch_norm,
    "group_normalization": group_norm,
    "instance_normalization": instance_norm,
}
