"""What is asked of a layer on JAX, as functions of its weights: the call, its gradients and its other derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import derivatives

Arrays = Mapping[str, Any]


def of(
    jax: Any, run: Callable[..., Any], trainable: Sequence[str], training: bool | None, what: str
) -> Callable[..., Any]:
    """`call`, `gradient`, `forward`, `vectorized`, or a way of `Adapter.second_order`: of weights, x and what else."""

    def call(weights: Arrays, x: Any) -> Any:
        return run(weights, x, training)

    def trained(weights: Arrays) -> dict[str, Any]:
        return {name: weights[name] for name in trainable}

    def gradient(weights: Arrays, x: Any, upstream: Any) -> Any:
        def both(x: Any, own: Arrays) -> Any:
            return call({**weights, **own}, x)

        output, pull, after = jax.vjp(both, x, trained(weights), has_aux=True)
        inward, found = pull(upstream)
        return output, after, {"input": inward, **found}

    def forward(weights: Arrays, x: Any, tangent: Any) -> Any:
        return derivatives.forward(jax, lambda x: call(weights, x)[0])(x, tangent)

    def vectorized(weights: Arrays, x: Any) -> Any:
        return jax.vmap(lambda one: call(weights, one)[0])(x)

    def second_order(weights: Arrays, x: Any, upstream: Any, tangent: Any) -> Any:
        def output(x: Any, own: Arrays) -> Any:
            return call({**weights, **own}, x)[0]

        return derivatives.second_order(jax, output, what)(x, trained(weights), upstream, tangent)

    plain: Mapping[str, Callable[..., Any]] = {
        "call": call,
        "gradient": gradient,
        "forward": forward,
        "vectorized": vectorized,
    }
    return plain.get(what, second_order)
