"""Ways to the gradients of sum(g y): of the input, and each element's share of those of gamma and beta."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from normcheck.adapters.reference.textbook import Values

from .moments import Dot
from .rows import Rows, narrowed
from .sums import Sum
from .tape import Node, backward, leaf


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a forward pass leaves to the backward pass."""

    mean: Values
    s: Values
    r: Values
    z: Values


Shares = list[tuple[Values, Values]]
Backward = Callable[[Rows, Seen, Sum, Dot], tuple[Values, Shares]]


def textbook(rows: Rows, seen: Seen, total: Sum, dot: Dot) -> tuple[Values, Shares]:
    """r (a - mean(a) - z mean(a z)); gamma's is the sum of g z."""
    a = rows.a
    if rows.given is not None:
        return a * seen.r, [(rows.g, seen.z)]
    c1 = total(a) / rows.n if rows.centred else np.zeros_like(seen.r)
    return seen.r * (a - c1 - seen.z * (dot(a, seen.z) / rows.n)), [(rows.g, seen.z)]


def grouped(rows: Rows, seen: Seen, total: Sum, dot: Dot) -> tuple[Values, Shares]:
    """(r / n) (n a - sum a - z sum(a z))."""
    a = rows.a
    if rows.given is not None:
        return seen.r * a, [(rows.g, seen.z)]
    inner = rows.n * a - total(a) if rows.centred else rows.n * a
    return (seen.r / rows.n) * (inner - seen.z * dot(a, seen.z)), [(rows.g, seen.z)]


def divided(rows: Rows, seen: Seen, total: Sum, dot: Dot) -> tuple[Values, Shares]:
    """(a - mean(a) - d mean(a d) / s) / sqrt(s), with d = x - mean: nothing is multiplied by a reciprocal."""
    a, deviation, distance = rows.a, np.sqrt(seen.s), rows.x - seen.mean
    if rows.given is not None:
        return a / deviation, [(rows.g, distance / deviation)]
    inner = a - total(a) / rows.n if rows.centred else a
    along = dot(a, distance) / rows.n / seen.s
    return (inner - distance * along) / deviation, [(rows.g, distance / deviation)]


def folded(rows: Rows, seen: Seen, total: Sum, dot: Dot) -> tuple[Values, Shares]:
    """a r + b x + c, with b = (mean sum(a) - sum(a x)) r^3 / n and c = -b mean - sum(a) r / n, as PyTorch's loops do.

    Gamma's is the sum of g r x less that of g r mean.
    """
    a, r, mean = rows.a, seen.r, seen.mean
    shares = [(rows.g, rows.x * r), (-rows.g, np.broadcast_to(mean * r, rows.x.shape))]
    if rows.given is not None:
        return a * r, shares
    whole = total(a) if rows.centred else np.zeros_like(r)
    b = (mean * whole - dot(a, rows.x)) * r * r * r / rows.n
    return a * r + b * rows.x + (-b * mean - whole * r / rows.n), shares


def stored(rows: Rows, seen: Seen, total: Sum, dot: Dot) -> tuple[Values, Shares]:
    """The textbook's, with `a` kept in the dtype of the layer in between, and the shares of gamma in gamma's."""
    a = rows.narrowed(rows.a).astype(rows.x.dtype)
    share = narrowed(rows.g * seen.z, rows.problem.parameter_dtype or rows.problem.dtype).astype(rows.x.dtype)
    shares = [(share, np.ones_like(share))]
    if rows.given is not None:
        return a * seen.r, shares
    c1 = total(a) / rows.n if rows.centred else np.zeros_like(seen.r)
    return seen.r * (a - c1 - seen.z * (dot(a, seen.z) / rows.n)), shares


def reverse_mode(rows: Rows, seen: Seen, total: Sum, dot: Dot) -> tuple[Values, Shares]:
    """What automatic differentiation makes of the two passes, operation by operation."""
    x, gamma = leaf(rows.x), leaf(np.ones_like(rows.x) if rows.gamma is None else rows.gamma)
    if rows.given is not None:
        mean, s = leaf(rows.given[0]), leaf(seen.s)
    else:
        mean = x.sum(total) / leaf(rows.n) if rows.centred else leaf(np.zeros_like(seen.r))
        s = _variance(x - mean, rows, total) + leaf(rows.x.dtype.type(rows.problem.epsilon))
    z = (x - mean) / s.sqrt()
    gradients = backward(gamma * z, rows.g, total)
    share = gradients[id(gamma)]
    return gradients[id(x)], [(share, np.ones_like(share))]


def _variance(distance: Node, rows: Rows, total: Sum) -> Node:
    return (distance * distance).sum(total) / leaf(rows.n)
