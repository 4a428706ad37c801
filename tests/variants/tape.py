"""Reverse-mode automatic differentiation of arithmetic on matrices (m, n), columns (m, 1) and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from normcheck.adapters.reference.textbook import Values

from .sums import Sum

Pull = Callable[[Values], Values]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value, and how the gradient that reaches it goes on to what it was made of."""

    value: Values
    sources: tuple[tuple[Node, Pull], ...] = ()

    def __add__(self, other: Node) -> Node:
        return Node(self.value + other.value, ((self, lambda g: g), (other, lambda g: g)))

    def __sub__(self, other: Node) -> Node:
        return Node(self.value - other.value, ((self, lambda g: g), (other, lambda g: -g)))

    def __mul__(self, other: Node) -> Node:
        return Node(self.value * other.value, ((self, lambda g: g * other.value), (other, lambda g: g * self.value)))

    def __truediv__(self, other: Node) -> Node:
        ratio = self.value / other.value
        return Node(ratio, ((self, lambda g: g / other.value), (other, lambda g: -g * ratio / other.value)))

    def sqrt(self) -> Node:
        """The square root."""
        root = np.sqrt(self.value)
        return Node(root, ((self, lambda g: g / (root + root)),))

    def sum(self, total: Sum) -> Node:
        """The sums of the rows."""
        return Node(total(self.value), ((self, lambda g: np.broadcast_to(g, self.value.shape)),))


def leaf(value: Values) -> Node:
    """A value that was made of nothing."""
    return Node(np.asarray(value))


def backward(output: Node, upstream: Values, total: Sum) -> dict[int, Values]:
    """The gradient of sum(upstream * output) with respect to every node that is no number, by the node's id."""
    gradients = {id(output): upstream}
    for node in reversed(in_order(output)):
        for source, pull in node.sources:
            if source.value.ndim:
                share = pull(gradients[id(node)])
                share = total(share) if source.value.shape[1] < share.shape[1] else share
                gradients[id(source)] = gradients[id(source)] + share if id(source) in gradients else share
    return gradients


def in_order(output: Any) -> list[Any]:
    """Every node that the output is made of, each after its sources."""
    order: dict[int, Any] = {}

    def visit(node: Any) -> None:
        if id(node) not in order:
            for source, _ in node.sources:
                visit(source)
            order[id(node)] = node

    visit(output)
    return list(order.values())
