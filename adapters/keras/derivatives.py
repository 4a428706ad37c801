"""Derivatives of a Keras layer on TensorFlow other than plain gradients: accumulators, nested tapes, vectorized_map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Run = Callable[[Any], Any]


def forward(tf: Any, run: Run) -> Callable[..., Any]:
    """The derivative of run(x) in a direction, by tf.autodiff.ForwardAccumulator."""

    def along(x: Any, tangent: Any) -> Any:
        with tf.autodiff.ForwardAccumulator(x, tangent) as accumulator:
            output = run(x)
        return accumulator.jvp(output, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    return along


def second_order(tf: Any, run: Run, weights: Mapping[str, Any], way: str) -> Callable[..., dict[str, Any]]:
    """A function of (x, upstream, tangent); see `Adapter.second_order`. weights: trainable variables by name."""
    zero = tf.UnconnectedGradients.ZERO

    def reverse_over_reverse(x: Any, upstream: Any, tangent: Any) -> dict[str, Any]:
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                output = run(x)
            inward = inner.gradient(output, x, output_gradients=upstream, unconnected_gradients=zero)
        sources = {"input": x, **weights}
        found = outer.gradient(inward, list(sources.values()), output_gradients=tangent, unconnected_gradients=zero)
        return dict(zip(sources, found, strict=True))

    def forward_over_reverse(x: Any, upstream: Any, tangent: Any) -> dict[str, Any]:
        sources = {"input": x, **weights}
        with tf.autodiff.ForwardAccumulator(x, tangent) as accumulator:
            with tf.GradientTape() as tape:
                tape.watch(x)
                output = run(x)
            found = tape.gradient(output, list(sources.values()), output_gradients=upstream, unconnected_gradients=zero)
        return {
            name: accumulator.jvp(one, unconnected_gradients=zero) for name, one in zip(sources, found, strict=True)
        }

    def reverse_over_forward(x: Any, upstream: Any, tangent: Any) -> dict[str, Any]:
        sources = {"input": x, **weights}
        with tf.GradientTape() as tape:
            tape.watch(x)
            moved = forward(tf, run)(x, tangent)
        values = list(sources.values())
        found = tape.gradient(moved, values, output_gradients=upstream, unconnected_gradients=zero)
        return dict(zip(sources, found, strict=True))

    def forward_over_forward(x: Any, upstream: Any, tangent: Any) -> dict[str, Any]:
        with tf.autodiff.ForwardAccumulator(x, tangent) as outer:
            with tf.autodiff.ForwardAccumulator(x, tangent) as inner:
                output = run(x)
            once = inner.jvp(output, unconnected_gradients=zero)
        return {"output": outer.jvp(once, unconnected_gradients=zero)}

    return {
        "reverse-over-reverse": reverse_over_reverse,
        "forward-over-reverse": forward_over_reverse,
        "reverse-over-forward": reverse_over_forward,
        "forward-over-forward": forward_over_forward,
    }[way]


def vectorized(tf: Any, run: Run) -> Callable[..., Any]:
    """tf.vectorized_map of run over the first axis."""
    return lambda x: tf.vectorized_map(run, x)
