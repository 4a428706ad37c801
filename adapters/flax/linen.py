"""Flax's linen layers on JAX: eager, or through jax.jit."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..interface import Export, Unsupported
from ..jax.base import Built
from . import exports
from .layers import Recipe, offered
from .nnx import FlaxAdapter, moved


class FlaxLinenAdapter(FlaxAdapter):
    """flax.linen."""

    name: ClassVar[str] = "flax-linen"

    def exports(self) -> Sequence[Export]:
        """The classes and functions of flax.linen."""
        return tuple(exports.of(importlib.import_module("flax.linen")))

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
