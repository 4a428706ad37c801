"""Derivatives in PyTorch other than plain gradients, by the ways that users have: autograd and torch.func.

What is differentiated is a function `run` of an input and, where they are to be differentiated too, of named weights.

What PyTorch has no formula for raises NotImplementedError there, and Unsupported here, with PyTorch's own sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..interface import Unsupported

Weights = Mapping[str, Any]
Run = Callable[..., Any]


@contextmanager
def only_with_formulas() -> Iterator[None]:
    """Raises Unsupported in place of NotImplementedError."""
    try:
        yield
    except NotImplementedError as error:
        raise Unsupported(f"PyTorch says: {str(error).splitlines()[0]}") from error


def pure(torch: Any, module: Any) -> Callable[..., Any]:
    """The module as a function of (x, weights): buffers are copied for each call, since torch.func lets none change."""

    def run(x: Any, weights: Mapping[str, Any] | None = None) -> Any:
        held = {name: one.clone() for name, one in module.named_buffers()}
        return torch.func.functional_call(module, {**held, **(weights or {})}, (x,))

    return run


def forward(torch: Any, run: Run, x: Any, tangent: Any) -> Any:
    """torch.func.jvp of run."""
    with only_with_formulas():
        return torch.func.jvp(run, (x,), (tangent,))[1]


def second_order(
    torch: Any, run: Run, trainable: Weights, x: Any, upstream: Any, tangent: Any, way: str
) -> dict[str, Any]:
    """See `Adapter.second_order`. trainable: the weights by name."""
    ways: dict[str, Callable[..., dict[str, Any]]] = {
        "reverse-over-reverse": _reverse_over_reverse,
        "forward-over-reverse": _forward_over_reverse,
        "reverse-over-forward": _reverse_over_forward,
        "forward-over-forward": _forward_over_forward,
    }
    with only_with_formulas():
        return ways[way](torch, run, trainable, x, upstream, tangent)


def _reverse_over_reverse(
    torch: Any, run: Run, trainable: Weights, x: Any, upstream: Any, tangent: Any
) -> dict[str, Any]:
    """The gradient of (gradient of the input) . tangent, with create_graph: autograd twice.

    By symmetry its part for a weight is the derivative of that weight's gradient.
    """
    sources = {"input": x.requires_grad_(), **trainable}
    (inward,) = torch.autograd.grad(run(x), x, upstream, create_graph=True)
    if not inward.requires_grad:  # it is a constant
        return {name: torch.zeros_like(one) for name, one in sources.items()}
    found = torch.autograd.grad(inward, list(sources.values()), tangent, materialize_grads=True)
    return dict(zip(sources, found, strict=True))


def _forward_over_reverse(
    torch: Any, run: Run, trainable: Weights, x: Any, upstream: Any, tangent: Any
) -> dict[str, Any]:
    """torch.func.jvp of torch.func.grad of sum(upstream * output)."""

    def loss(sources: dict[str, Any]) -> Any:
        weights = {name: one for name, one in sources.items() if name != "input"}
        return (upstream * run(sources["input"], weights)).sum()

    def gradients(x: Any) -> Any:
        return torch.func.grad(loss)({"input": x, **trainable})

    found: dict[str, Any] = torch.func.jvp(gradients, (x,), (tangent,))[1]
    return found


def _reverse_over_forward(
    torch: Any, run: Run, trainable: Weights, x: Any, upstream: Any, tangent: Any
) -> dict[str, Any]:
    """torch.func.grad of upstream . torch.func.jvp of run."""

    def along(sources: dict[str, Any]) -> Any:
        weights = {name: one for name, one in sources.items() if name != "input"}
        return (upstream * torch.func.jvp(lambda x: run(x, weights), (sources["input"],), (tangent,))[1]).sum()

    sources = {"input": x, **trainable}
    found = torch.func.grad(along)(sources)
    # What is zero for good comes as a tensor without memory; a sum has some.
    return {name: torch.zeros_like(one) + found[name] for name, one in sources.items()}


def _forward_over_forward(
    torch: Any, run: Run, trainable: Weights, x: Any, upstream: Any, tangent: Any
) -> dict[str, Any]:
    """torch.func.jvp of torch.func.jvp of run."""

    def along(x: Any) -> Any:
        return torch.func.jvp(run, (x,), (tangent,))[1]

    return {"output": torch.func.jvp(along, (x,), (tangent,))[1]}


def vectorized(torch: Any, module: Any, x: Any) -> Any:
    """torch.func.vmap of the module; in training every sample has buffers of its own, as torch.func asks for."""
    buffers = dict(module.named_buffers())
    with torch.no_grad(), only_with_formulas():
        if not (buffers and module.training):
            return torch.func.vmap(module)(x)
        stacked = {name: torch.stack([one] * len(x)) for name, one in buffers.items()}
        return torch.func.vmap(lambda held, one: torch.func.functional_call(module, held, (one,)))(stacked, x)
