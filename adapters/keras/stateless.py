"""A Keras layer as a function of its weights and its input, by which PyTorch and JAX differentiate and compile it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .base import by_name, call_options

Stateless = Callable[[Sequence[Any], Sequence[Any], Any], tuple[Any, list[Any], list[Any]]]


def stateless(keras: Any, layer: Any, training: bool | None) -> Stateless:
    """(trainable, other, x) -> (output, what the other weights become, the layer's losses).

    As a model does with its layers: `stateless_call` of a single layer leaves out the casts of its dtype policy, and
    takes `training` only where `call` does.
    """
    options = call_options(training)

    def run(trainable: Sequence[Any], other: Sequence[Any], x: Any) -> tuple[Any, list[Any], list[Any]]:
        weights = [*layer.trainable_variables, *layer.non_trainable_variables]
        mapping = list(zip(weights, [*trainable, *other], strict=True))
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
            output = layer(x, **options)
            losses = list(layer.losses)
        return output, [scope.get_current_value(one) for one in layer.non_trainable_variables], losses

    return run


def trainable_values(layer: Any) -> dict[str, Any]:
    """The values of the trainable weights, by name."""
    return {name: one.value for name, one in by_name(layer.trainable_variables).items()}


def other_values(layer: Any) -> list[Any]:
    """The values of all other weights."""
    return [one.value for one in layer.non_trainable_variables]


def pure(keras: Any, layer: Any, training: bool | None) -> Callable[..., Any]:
    """The layer as a function of (x, weights): the output alone; weights not given are as they are, and none change."""
    run = stateless(keras, layer, training)
    held, other = trainable_values(layer), other_values(layer)

    def output(x: Any, weights: Mapping[str, Any] | None = None) -> Any:
        given = held if weights is None else weights
        return run([given[name] for name in held], other, x)[0]

    return output
