"""A plain function's weights, in a small layer of Keras, so that they can be set and judged."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from ..arguments import KerasArguments, axes_of

Wanted = Mapping[str, tuple[Sequence[int], str, bool]]
"""By the name of a weight: its shape, its initializer, and whether it is trained."""


def holding(function: Callable[..., Any], wanted: Wanted, untrained: str = "") -> Any:
    """A layer that calls `function` with its input, whether it is in training, and its weights by name.

    untrained: why it is not called in training; empty where it is.
    """
    return _kind()(function, wanted, untrained)


@cache
def _kind() -> Any:
    """The class of the layers that hold weights; made on first use, when Keras has been imported."""
    keras: Any = importlib.import_module("keras")

    class Holding(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, function: Callable[..., Any], wanted: Wanted, untrained: str) -> None:
            super().__init__()
            self.untrained = untrained
            self.function = function
            self.wanted = wanted

        def build(self, shape: Sequence[int]) -> None:
            self.held = {
                name: self.add_weight(name=name, shape=tuple(own), initializer=initial, trainable=trainable)
                for name, (own, initial, trainable) in self.wanted.items()
            }

        def call(self, x: Any, training: bool | None = None) -> Any:
            return self.function(x, training, **self.held)

    return Holding


def sizes(a: KerasArguments) -> tuple[int, ...]:
    """Those of the input along the axes of the weights."""
    return tuple(a.shape[axis] for axis in sorted(axes_of(a.axis, len(a.shape))))


def affine(a: KerasArguments) -> Wanted:
    """Gamma and beta, those that are asked for."""
    wanted = {"gamma": a.scale, "beta": a.center}
    return {name: (sizes(a), "ones" if name == "gamma" else "zeros", True) for name, there in wanted.items() if there}


def statistics(a: KerasArguments) -> Wanted:
    """The moving mean and variance."""
    return {"moving_mean": (sizes(a), "zeros", False), "moving_variance": (sizes(a), "ones", False)}
