"""Flax's linen layers on JAX: eager, or through jax.jit."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..arguments import build_with
from ..interface import Export, Unsupported
from ..jax.base import Built
from . import exports
from .layers import FlaxArguments, Recipe, offered
from .nnx import FlaxAdapter, moved

WRAPPED = "layer_instance"
"""What linen's wrappers call the layer that they wrap."""


class FlaxLinenAdapter(FlaxAdapter):
    """flax.linen."""

    name: ClassVar[str] = "flax-linen"

    def exports(self) -> Sequence[Export]:
        """The classes and functions of flax.linen."""
        return tuple(exports.of(importlib.import_module("flax.linen")))

    def construct(self, layer: str, arguments: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> Built:
        """The layer; raises Unsupported for one that linen does not have."""
        if layer != "weight_normalization":
            return super().construct(layer, arguments, shape, dtype)
        with self.jax.default_device(self.place()):
            given = FlaxArguments(layer, arguments, shape, dtype)
            built: Built = build_with(lambda a: self._weight_norm(a, self._dtypes(dtype)), given, self.name)
            return built

    def _weight_norm(self, a: FlaxArguments, dtypes: Mapping[str, Any]) -> Built:
        """WeightNorm around a dense layer without bias; its scale is listed before the kernel.

        Its epsilon, 1e-12 beside the sum of squares, is set to 0: the spec's norm has none.
        """
        linen = importlib.import_module("flax.linen")
        dense = linen.Dense(a.units, use_bias=False, **dtypes)
        module = linen.WeightNorm(dense, epsilon=0.0, **a.keywords(feature_axes="dim"), **dtypes)

        def run(weights: Mapping[str, Any], x: Any, training: bool | None) -> tuple[Any, dict[str, Any]]:
            held = {WRAPPED: {"kernel": weights["kernel"]}, f"{WRAPPED}/kernel/scale": weights["scale"]}
            return module.apply({"params": held}, x), dict(weights)

        made = module.init(self.jax.random.key(0), self.jax.numpy.zeros(a.shape, dtypes.get("dtype")))["params"]
        weights = {"scale": made[f"{WRAPPED}/kernel/scale"], "kernel": made[WRAPPED]["kernel"]}
        return Built(run, weights, tuple(weights))

    def _make(self, recipe: Recipe, shape: tuple[int, ...]) -> Built:
        linen = importlib.import_module("flax.linen")
        module = offered(linen, recipe)(**recipe.options)
        switch = recipe.kind == "BatchNorm"

        def run(weights: Mapping[str, Any], x: Any, training: bool | None) -> tuple[Any, dict[str, Any]]:
            if switch and training is None:
                raise Unsupported("linen's BatchNorm is told at every call whether it is in training")
            held = {room: {name: weights[name] for name in names} for room, names in rooms.items()}
            options = {"use_running_average": not training} if switch else {}
            output, kept = module.apply(held, moved(recipe, x), mutable=["batch_stats"], **options)
            return moved(recipe, output, back=True), {**weights, **kept.get("batch_stats", {})}

        first = moved(recipe, self.jax.numpy.zeros(shape, recipe.options.get("dtype")))
        made = module.init(self.jax.random.key(0), first, **({"use_running_average": True} if switch else {}))
        rooms = {room: tuple(held) for room, held in made.items()}
        weights = {name: one for room in ("params", "batch_stats") for name, one in made.get(room, {}).items()}
        return Built(run, weights, rooms.get("params", ()))
