"""The exact derivatives of a normalization in a direction t of its input: of output, gradients and of the first again.

With z = (x - mu) r, r = s^-1/2, incoming gradient g and a = g gamma, means over the elements that share statistics:

    c1 = mean a     c2 = mean(a z)     b = a - c1 - z c2         so that the gradient of the input is r b
    t1 = mean t     m  = mean(t z)     q = t - t1 - z m          c1 = t1 = 0 where no mean is subtracted
    w  = mean(a (t - t1)) - c2 m

mean z = 0, so the derivative of 1/r is m, of r is -r^2 m, of z is r q, of c2 is r w. From these, by the product rule:

    output                  gamma r q
    output, twice           gamma S(t, t)
    gradient of the input   S(a, t) = -r^2 (m b + c2 q + z w)
    gradient of gamma       sum g r q
    gradient of beta        0

S(a, t) is the Hessian of sum(g y) applied to t, and the Hessian is symmetric: reverse over reverse and forward over
reverse differ in method alone. z is itself a gradient, of n / r, so S(a, t) is symmetric in a and t as well. Where
statistics are given, z is linear: the derivatives are gamma r t, 0, 0, sum g r t and 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, get_args

import numpy as np

from ..arithmetic.exact import Exact, Floats, Lift, Value, as_exact, nearest, plain
from .normalization import Answer, Normalized, normalized

Derivative = Literal["output", "output_twice", "gradient_input", "gradient_gamma", "gradient_beta"]
DERIVATIVES: tuple[Derivative, ...] = get_args(Derivative)


@dataclass(frozen=True, slots=True, eq=False)
class Shadow:
    """A vector v as the derivatives see it, in the split shape: v, mean v, mean(v z) and v - mean v - z mean(v z).

    mean v is 0 where no mean is subtracted. Where statistics are given, both means are 0.
    """

    v: Floats
    mean: Floats
    along: Floats
    rest: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Derivatives:
    """The exact derivatives of `answer` in the direction `t`; without a gamma, a beta or an upstream gradient, None.

    a, t: shadows of g gamma and of the direction. across, twice: w as above, of a and t and of t and t.
    """

    answer: Answer
    output: Exact
    output_twice: Exact
    gradient_input: Exact | None
    gradient_gamma: Exact | None
    gradient_beta: Exact | None
    a: Shadow
    t: Shadow
    across: Floats
    twice: Floats

    def exact(self, which: Derivative) -> Exact:
        """One of the derivatives. Raises ValueError for one that there is not."""
        found: Exact | None = getattr(self, which)
        if found is None:
            raise ValueError(f"the problem has no {which}; give it an upstream gradient and the parameter")
        return found


def derivatives(answer: Answer, tangent: Floats, finely: bool = False) -> Derivatives:
    """The derivatives of `answer` in the direction `tangent`, in the input's shape.

    In double-double for float64, and for every dtype if `finely`.
    """
    with np.errstate(all="ignore"):
        if finely or answer.problem.dtype == "float64":
            return _derivatives(answer, tangent, as_exact)
        return _derivatives(answer, tangent, plain)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts(Generic[Value]):
    """A `Shadow` in the oracle's arithmetic."""

    v: Value
    mean: Value
    along: Value
    rest: Value

    def rounded(self) -> Shadow:
        return Shadow(nearest(self.v), nearest(self.mean), nearest(self.along), nearest(self.rest))


def _derivatives(answer: Answer, tangent: Floats, lift: Lift[Value]) -> Derivatives:
    problem, layout = answer.problem, answer.problem.layout
    seen = normalized(problem, lift)
    t = _parts(answer, seen, lift(tangent.reshape(layout.split_shape)), lift)
    upstream = np.zeros(layout.shape) if problem.upstream is None else problem.upstream
    g = lift(upstream.reshape(layout.split_shape))
    a = _parts(answer, seen, g * seen.gamma, lift)
    across, twice = _across(answer, a, t), _across(answer, t, t)
    moved = t.rest * seen.r
    shared = (g * moved).sum(axis=layout.shared_axes)
    asked = problem.upstream is not None
    return Derivatives(
        answer=answer,
        output=as_exact((seen.gamma * moved).reshape(layout.shape)),
        output_twice=as_exact((seen.gamma * _second(seen, t, t, twice)).reshape(layout.shape)),
        gradient_input=as_exact(_second(seen, a, t, across).reshape(layout.shape)) if asked else None,
        gradient_gamma=as_exact(layout.gathered(shared)) if asked and problem.gamma is not None else None,
        gradient_beta=as_exact(np.zeros(layout.parameter_shape)) if asked and problem.beta is not None else None,
        a=a.rounded(),
        t=t.rounded(),
        across=nearest(across),
        twice=nearest(twice),
    )


def _parts(answer: Answer, seen: Normalized[Value], v: Value, lift: Lift[Value]) -> _Parts[Value]:
    layout, none = answer.problem.layout, lift(np.zeros(answer.problem.layout.statistics_shape))
    if answer.problem.statistics is not None:
        return _Parts(v, none, none, v)
    axes, n = layout.reduce_axes, float(layout.group_size)
    mean = v.sum(axis=axes, keepdims=True) / n if answer.problem.centred else none
    along = (v * seen.z).sum(axis=axes, keepdims=True) / n
    return _Parts(v, mean, along, v - mean - seen.z * along)


def _across(answer: Answer, a: _Parts[Value], t: _Parts[Value]) -> Value:
    """mean(a (t - mean t)) - mean(a z) mean(t z); 0 where statistics are given."""
    if answer.problem.statistics is not None:
        return a.along
    layout = answer.problem.layout
    product: Value = (a.v * (t.v - t.mean)).sum(axis=layout.reduce_axes, keepdims=True) / float(layout.group_size)
    across: Value = product - a.along * t.along
    return across


def _second(seen: Normalized[Value], a: _Parts[Value], t: _Parts[Value], across: Value) -> Value:
    inner = t.along * a.rest + a.along * t.rest + seen.z * across
    return -(inner * seen.r * seen.r)
