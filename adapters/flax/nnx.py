"""Flax's layers on JAX: those of nnx, eager or through jax.jit; and the same with `use_fast_variance=False`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

from ..arguments import build_with
from ..arrays import FLOATING
from ..interface import Export, Request, Unsupported
from ..jax.base import Built, JaxAdapter, Run
from ..precision import Precise
from . import exports
from .layers import LAYERS, FlaxArguments, Recipe, offered


class FlaxAdapter(Precise, JaxAdapter):
    """flax.nnx. extra: options that every layer is made with."""

    name: ClassVar[str] = "flax"
    requires: ClassVar[tuple[str, ...]] = ("jax", "flax")
    threads_fixed: ClassVar[str] = "XLA fixes its number of threads when it starts"
    extra: ClassVar[Mapping[str, Any]] = {}

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """Layers made inside have the request's precision."""
        if request.precision == "autocast":
            raise Unsupported("Flax casts by a layer's dtype, and has no automatic casts around a layer")
        with super().settings(request):
            yield

    def versions(self) -> dict[str, str]:
        """Flax's and JAX's versions."""
        return {"flax": str(importlib.import_module("flax").__version__), **super().versions()}

    def exports(self) -> Sequence[Export]:
        """The classes and functions of flax.nnx."""
        return tuple(exports.of(importlib.import_module("flax.nnx")))

    def construct(self, layer: str, arguments: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> Built:
        """The layer; raises Unsupported for one that Flax does not have."""
        if layer not in LAYERS:
            raise Unsupported(f"{self.name} offers no {layer}")
        recipe = build_with(LAYERS[layer], FlaxArguments(layer, arguments, shape, dtype), self.name)
        with self.jax.default_device(self.place()):
            return self._make(replace(recipe, options={**recipe.options, **self.extra, **self._dtypes(dtype)}), shape)

    def _dtypes(self, dtype: str) -> dict[str, Any]:
        """`dtype`, of what is computed, and `param_dtype`; an integer input leaves Flax its own."""
        if dtype not in FLOATING:
            return {}
        own = self.jax.numpy.dtype(dtype)
        return {"dtype": own, "param_dtype": self.jax.numpy.float32 if self.precision == "mixed" else own}

    def _make(self, recipe: Recipe, shape: tuple[int, ...]) -> Built:
        """Raises Unsupported for weights along several axes, of which nnx has none, and for a layer that it has not."""
        nnx = importlib.import_module("flax.nnx")
        affine = any(recipe.options.get(name, True) for name in ("use_scale", "use_bias"))
        if len(recipe.sizes) != 1 and affine:
            raise Unsupported(f"nnx's {recipe.kind} has weights along one axis only")
        module = offered(nnx, recipe)(recipe.sizes[0], **recipe.options, rngs=nnx.Rngs(0))
        trainable = tuple(nnx.to_pure_dict(nnx.state(module, nnx.Param)))
        held = {name: one[...] for name, one in vars(module).items() if isinstance(one, nnx.Variable)}
        return Built(_of_nnx(nnx, module, recipe), held, tuple(name for name in held if name in trainable))


def _of_nnx(nnx: Any, module: Any, recipe: Recipe) -> Run:
    """A module as a function of its weights; it is in training mode until told otherwise."""
    graph, state = nnx.split(module)

    def run(weights: Mapping[str, Any], x: Any, training: bool | None) -> tuple[Any, dict[str, Any]]:
        own = nnx.clone(state)
        nnx.replace_by_pure_dict(own, dict(weights))
        made = nnx.merge(graph, own)
        if training is not None:
            (made.train if training else made.eval)()
        output = moved(recipe, made(moved(recipe, x)), back=True)
        return output, {name: getattr(made, name)[...] for name in weights}

    return run


def moved(recipe: Recipe, x: Any, back: bool = False) -> Any:
    """`x` with the recipe's axis behind all others, or put `back` from there."""
    if recipe.moved == -1:
        return x
    place = (-1, recipe.moved) if back else (recipe.moved, -1)
    return importlib.import_module("jax.numpy").moveaxis(x, *place)


class FlaxTwoPassAdapter(FlaxAdapter):
    """flax.nnx with the variance about the mean."""

    name: ClassVar[str] = "flax-two-pass"
    extra: ClassVar[Mapping[str, Any]] = {"use_fast_variance": False}
