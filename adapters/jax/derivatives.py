"""Derivatives in JAX other than plain gradients: jax.jvp, jax.vjp and each over the other.

What is differentiated is a function `run` of an input and, where they are to be differentiated too, of named weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Run = Callable[..., Any]


def forward(jax: Any, run: Run) -> Callable[..., Any]:
    """The derivative of run(x) in a direction."""
    return lambda x, tangent: jax.jvp(run, (x,), (tangent,))[1]


def second_order(jax: Any, run: Run, way: str) -> Callable[..., dict[str, Any]]:
    """A function of (x, weights, upstream, tangent), weights by name; see `Adapter.second_order`."""

    def pulled(x: Any, weights: Mapping[str, Any], upstream: Any) -> dict[str, Any]:
        (inward, found) = jax.vjp(run, x, weights)[1](upstream)
        return {"input": inward, **found}

    def reverse_over_reverse(x: Any, weights: Mapping[str, Any], upstream: Any, tangent: Any) -> dict[str, Any]:
        _, back = jax.vjp(lambda x, weights: pulled(x, weights, upstream)["input"], x, weights)
        inward, found = back(tangent)
        return {"input": inward, **found}

    def forward_over_reverse(x: Any, weights: Mapping[str, Any], upstream: Any, tangent: Any) -> dict[str, Any]:
        found: dict[str, Any] = jax.jvp(lambda x: pulled(x, weights, upstream), (x,), (tangent,))[1]
        return found

    def reverse_over_forward(x: Any, weights: Mapping[str, Any], upstream: Any, tangent: Any) -> dict[str, Any]:
        _, back = jax.vjp(lambda x, weights: jax.jvp(lambda x: run(x, weights), (x,), (tangent,))[1], x, weights)
        inward, found = back(upstream)
        return {"input": inward, **found}

    def forward_over_forward(x: Any, weights: Mapping[str, Any], upstream: Any, tangent: Any) -> dict[str, Any]:
        along = forward(jax, lambda x: run(x, weights))
        return {"output": jax.jvp(lambda x: along(x, tangent), (x,), (tangent,))[1]}

    return {
        "reverse-over-reverse": reverse_over_reverse,
        "forward-over-reverse": forward_over_reverse,
        "reverse-over-forward": reverse_over_forward,
        "forward-over-forward": forward_over_forward,
    }[way]
