"""Right ways to the derivatives in a direction: automatic differentiation in every order, and formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from normcheck.adapters.reference.textbook import Values
from normcheck.cases.arithmetic.exact import Floats
from normcheck.cases.oracle.derivatives import Derivative
from normcheck.cases.oracle.normalization import Problem

from . import sums
from .automatic import Dual, Number, Var, gradients, root, summed
from .rows import Rows, as_input, as_parameter, by_parameter, narrowed, rows_of

Found = dict[Derivative, Values]


@dataclass(frozen=True, slots=True)
class Way:
    """How to differentiate, to sum, and to scale: z is divided by the deviation, or multiplied by its reciprocal."""

    differentiate: Callable[[Rows, Values, Way], Found]
    total: sums.Sum = sums.plain
    divides: bool = False


def normalized(rows: Rows, x: Number, way: Way) -> Number:
    """z, by arithmetic that may differentiate itself as it goes."""
    problem, kind = rows.problem, rows.x.dtype.type
    if rows.given is not None:
        mean, variance = rows.given
        deviation = np.maximum(np.sqrt(variance + kind(problem.epsilon)), kind(problem.floor or 0))
        if problem.invert:
            return x * deviation
        return (x - mean) / deviation if way.divides else (x - mean) * (1 / deviation)
    centred = x - summed(x, way.total) / rows.n if rows.centred else x
    variance = summed(centred * centred, way.total) / rows.n
    deviation = root(variance + kind(problem.epsilon))
    return centred / deviation if way.divides else centred * (kind(1) / deviation)


def gamma_of(rows: Rows) -> Values:
    """Gamma, or ones."""
    return np.ones_like(rows.x) if rows.gamma is None else rows.gamma


def by_forward(rows: Rows, t: Values, way: Way) -> Found:
    """Dual numbers, and dual numbers of dual numbers."""
    none, gamma = np.zeros_like(t), gamma_of(rows)
    once = normalized(rows, Dual(rows.x, t), way) * gamma
    twice = normalized(rows, Dual(Dual(rows.x, t), Dual(t, none)), way) * gamma
    return {"output": once.slope, "output_twice": twice.slope.slope}


def reverse_over_reverse(rows: Rows, t: Values, way: Way) -> Found:
    """The gradient of (gradient of the input) . t; of the incoming gradient it is the derivative of the output."""
    x, gamma, g = Var(rows.x), Var(gamma_of(rows)), Var(rows.g)
    output = normalized(rows, x, way) * gamma
    inward = gradients(output, g, way.total)[id(x)]
    found = gradients(inward, Var(t), way.total)
    none = Var(np.zeros_like(t))
    inner = found.get(id(x), none).value
    return {
        "output": found[id(g)].value,
        "gradient_input": inner,
        **of_gamma(rows, found.get(id(gamma), none).value, way),
    }


def forward_over_reverse(rows: Rows, t: Values, way: Way) -> Found:
    """The tape of a gradient, on dual numbers."""
    none = np.zeros_like(t)
    x, gamma = Var(Dual(rows.x, t)), Var(Dual(gamma_of(rows), none))
    found = gradients(normalized(rows, x, way) * gamma, Var(Dual(rows.g, none)), way.total)
    return {"gradient_input": found[id(x)].value.slope, **of_gamma(rows, found[id(gamma)].value.slope, way)}


def reverse_over_forward(rows: Rows, t: Values, way: Way) -> Found:
    """The gradient of g . (derivative of the output), which dual numbers of a tape give."""
    x, gamma, none = Var(rows.x), Var(gamma_of(rows)), Var(np.zeros_like(t))
    moved = normalized(rows, Dual(x, Var(t)), way) * Dual(gamma, none)
    found = gradients(moved.slope, Var(rows.g), way.total)
    inner = found.get(id(x), none).value
    return {"output": moved.slope.value, "gradient_input": inner, **of_gamma(rows, found[id(gamma)].value, way)}


def of_gamma(rows: Rows, each: Values, way: Way) -> Found:
    """The sums of what each element gives, for each entry of gamma; none where the layer has no gamma."""
    if rows.problem.gamma is None:
        return {}
    layout = rows.problem.layout
    return {"gradient_gamma": as_parameter(layout, way.total(by_parameter(layout, each)))}


def by_sums(rows: Rows, t: Values, way: Way) -> Found:
    """The double backward of batch normalization as frameworks write it: from five sums, of products with x - mean."""
    if rows.given is not None:
        return forward_over_reverse(rows, t, way)
    n, kind, g = rows.n, rows.x.dtype.type, rows.g
    d = rows.x - way.total(rows.x) / n if rows.centred else rows.x
    s = way.total(d * d) / n + kind(rows.problem.epsilon)
    r = kind(1) / np.sqrt(s)

    def level(v: Values) -> Any:
        return way.total(v) / n if rows.centred else kind(0)

    def second(a: Values) -> Values:
        ad, td, at = way.total(a * d), way.total(t * d), way.total(a * t)
        inner = level(a) * level(t) * n - at + 3 / n * ad * td / s
        three = d * r * r * r / n * inner
        return three + td * r * r * r / n * (level(a) - a) + ad * r * r * r / n * (level(t) - t)

    moved = r * (t - level(t) - d * way.total(t * d) / (n * s))
    gamma = gamma_of(rows)
    found: Found = {"output": gamma * moved, "gradient_input": second(rows.a), **of_gamma(rows, g * moved, way)}
    return found


WAYS: Mapping[str, Way] = {
    "dual-numbers": Way(by_forward),
    "dual-numbers-dividing": Way(by_forward, sums.serial, divides=True),
    "reverse-over-reverse": Way(reverse_over_reverse),
    "reverse-over-reverse-dividing": Way(reverse_over_reverse, sums.serial, divides=True),
    "reverse-over-reverse-in-pairs": Way(reverse_over_reverse, sums.tree),
    "forward-over-reverse": Way(forward_over_reverse),
    "forward-over-reverse-dividing": Way(forward_over_reverse, sums.backwards, divides=True),
    "reverse-over-forward": Way(reverse_over_forward),
    "reverse-over-forward-dividing": Way(reverse_over_forward, sums.shuffled, divides=True),
    "five-sums": Way(by_sums),
    "five-serial-sums": Way(by_sums, sums.serial),
}


def derived(way: Way, problem: Problem, tangent: Floats) -> Found:
    """What a way answers, in the dtype of the problem."""
    rows, layout = rows_of(problem), problem.layout
    t = rows_of(replace(problem, x=tangent)).x
    found = way.differentiate(rows, t, way)
    return {
        which: narrowed(values if which == "gradient_gamma" else as_input(layout, values), problem.dtype)
        for which, values in found.items()
    }
