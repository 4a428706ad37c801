"""Unit normalization: the exact answer, and how far from it a right implementation may be.

    D = max(N, epsilon),  N = (sum |x|^p)^(1/p), the largest |x| for p infinite,  y = x / D
    dx = (g - c w) / D,   c = sum(g y),  w = dN/dx = sign(x) (|x| / N)^(p-1),     where N > epsilon
    dx = g / D                                                                    where N < epsilon

The bounds follow the formulas, operation by operation (`running`), with these ways left open: x and the powers may be
scaled by the largest |x| first (p + 1 more roundings of a power, one of the norm), the division may be a multiplication
by a reciprocal, and the terms of dx may be made in another order (4u of their sizes). Where N with its error is below
epsilon, all that is off is epsilon's representation: squares that underflow do no harm.

In the domain: N/u <= sum |x|^p <= max / 4, the lower limit where N is not below epsilon; epsilon no subnormal number
where it is. There is no derivative at N = epsilon, at x = 0 for p = 1, and where two |x| are largest for p infinite.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..arithmetic.exact import Exact, Floats, Lift, Value, as_exact, maximum, nearest, plain
from ..arithmetic.formats import Format, format_of
from ..arithmetic.powers import power
from ..arithmetic.running import Ran, Rounding
from ..bounds.normalization import growth
from ..judgement.causes import Suspect
from .answered import Answered, Call, Flags, Held
from .worked import Part, Worked


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """One unit normalization; arrays are float64 and hold exact values. axes: counted from the front."""

    x: Floats
    dtype: str
    axes: tuple[int, ...]
    order: float
    epsilon: float
    upstream: Floats | None = None
    structured: bool = False

    @property
    def count(self) -> int:
        """How many elements share a norm."""
        return math.prod(self.x.shape[axis] for axis in self.axes)


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What the answer was made of, rounded to float64. s: the sum under the root. above: the norm divides."""

    s: Floats
    norm: Floats
    d: Floats
    y: Floats
    above: Flags
    w: Floats
    c: Floats


def answered(call: Call) -> tuple[Answered, Mapping[str, Held]]:
    """The answer of a call of a case; there are no weights."""
    options = call.meant.arguments
    axis = options["axis"]
    problem = Unit(
        x=call.x,
        dtype=call.meant.case.output_dtype,
        axes=axis if isinstance(axis, tuple) else (axis,),
        order=float(options["order"]),
        epsilon=float(options["epsilon"]),
        upstream=call.upstream,
        structured=call.structured,
    )
    return solve(problem, call.finely), {}


def solve(problem: Unit, finely: bool = False) -> Worked:
    """The exact answer, in double-double for float64, or `finely` for every dtype."""
    with np.errstate(all="ignore"):
        if finely or problem.dtype == "float64":
            return _solve(problem, as_exact)
        return _solve(problem, plain)


def _solve(problem: Unit, lift: Lift[Value]) -> Worked:
    x, axes, p = lift(problem.x), problem.axes, problem.order
    size = x * np.sign(problem.x)
    if math.isinf(p):
        norm = s = lift(np.abs(problem.x).max(axis=axes, keepdims=True, initial=0.0))
    else:
        s = power(size, p).sum(axis=axes, keepdims=True)
        norm = power(s, _root(p, lift))
    d = maximum(norm, problem.epsilon)
    y = x / d
    above = nearest(norm) > problem.epsilon
    if problem.upstream is None:
        zero = np.zeros(())
        terms = Terms(nearest(s), nearest(norm), nearest(d), nearest(y), above, zero, zero)
        return _worked(problem, terms, as_exact(y), None)
    g = lift(problem.upstream)
    w = _slope(problem, size, norm, d) * (np.sign(problem.x) * above)
    c = (g * y).sum(axis=axes, keepdims=True)
    terms = Terms(nearest(s), nearest(norm), nearest(d), nearest(y), above, nearest(w), nearest(c))
    return _worked(problem, terms, as_exact(y), as_exact((g - c * w) / d))


def _root(p: float, lift: Lift[Value]) -> Exact | float:
    """1 / p, in as many digits as the arithmetic has."""
    inverse = lift(np.ones(())) / p
    return inverse if isinstance(inverse, Exact) and p not in (1.0, 2.0) else 1.0 / p


def _slope(problem: Unit, size: Value, norm: Value, d: Value) -> Value:
    """|w| where the norm divides."""
    p = problem.order
    if not 1.0 < p < math.inf:
        whole: Value = size * 0.0 + (1.0 if p == 1.0 else (nearest(size) == nearest(norm)).astype(np.float64))
        return whole
    return power(size / d, p - 1.0)


def _worked(problem: Unit, terms: Terms, output: Exact, inward: Exact | None) -> Worked:
    form, shape = format_of(problem.dtype), problem.x.shape
    groups = _reached(problem, terms, form)
    nan = np.broadcast_to(np.isnan(problem.x).any(axis=problem.axes, keepdims=True), shape)
    peak = np.abs(terms.y).max(axis=problem.axes, keepdims=True, initial=0.0)
    parts = {
        "output": Part(
            output,
            lambda rounding, _: _forward(problem, terms, rounding)[0].error,
            np.abs(terms.y),
            np.ones(()),
            np.broadcast_to(groups, shape),
            nan,
            np.isinf(problem.x),
            np.broadcast_to(peak, shape),
        )
    }
    if inward is not None:
        assert problem.upstream is not None
        sums = np.abs(problem.upstream * terms.y).sum(axis=problem.axes, keepdims=True)
        parts["gradient_input"] = Part(
            inward,
            lambda rounding, _: _backward(problem, terms, rounding),
            (np.abs(problem.upstream) + np.abs(terms.w) * sums) / terms.d,
            np.maximum(1.0, (1.0 + np.abs(terms.w) * problem.count) / terms.d),
            groups & _smooth(problem, terms, form),
            nan,
            np.zeros(shape, np.bool_),
            np.ones(shape),
        )
    return Worked(problem.dtype, parts, lambda subject: _suspects(problem, terms, subject))


def _reached(problem: Unit, terms: Terms, form: Format) -> Flags:
    """Which groups depend on nothing outside the domain, one flag per group."""
    below = _below(problem, terms, Rounding(form.u, form.smallest_normal)) & (problem.epsilon >= form.smallest_normal)
    flags: Flags = (terms.s <= form.largest / 4) & (below | (terms.s >= form.smallest_normal / form.u))
    return flags


def _smooth(problem: Unit, terms: Terms, form: Format) -> Flags:
    """Where there is a derivative, whatever the norm is rounded to."""
    rounding = Rounding(form.u, form.smallest_normal)
    below = _below(problem, terms, rounding)
    norm = _norm(problem, terms, rounding)
    clear = below | (terms.above & (norm.value - norm.error > problem.epsilon * (1 + 4 * form.u)))
    size = np.abs(problem.x)
    if problem.order == 1.0:
        clear = clear & (below | (size > 0))
    if math.isinf(problem.order):
        clear = clear & (below | ((size == terms.norm).sum(axis=problem.axes, keepdims=True) == 1))
    return np.broadcast_to(clear, problem.x.shape)


def _norm(problem: Unit, terms: Terms, rounding: Rounding) -> Ran:
    """The norm as it may be had."""
    if math.isinf(problem.order):
        return rounding.given(terms.norm)
    p, axes = problem.order, problem.axes
    powers = rounding.off(rounding.power(rounding.given(np.abs(problem.x)), p), p + 1 if p > 1 else 0)
    h = growth(problem.count, problem.structured)
    s = rounding.total(powers, h, lambda values: values.sum(axis=axes, keepdims=True))
    return rounding.off(rounding.power(Ran(terms.s, s.error), 1 / p), 1 if p > 1 else 0)


def _below(problem: Unit, terms: Terms, rounding: Rounding) -> Flags:
    """Where the norm is below epsilon whatever it is rounded to."""
    flags: Flags = _norm(problem, terms, rounding).size < problem.epsilon * (1 - 4 * rounding.u)
    return flags


def _forward(problem: Unit, terms: Terms, rounding: Rounding) -> tuple[Ran, Ran]:
    """The output and 1 / D."""
    norm = _norm(problem, terms, rounding)
    off = problem.epsilon * rounding.u
    below = _below(problem, terms, rounding)
    d = Ran(terms.d, np.where(below, off, np.where(terms.above, norm.error, np.maximum(norm.error, off))))
    r = rounding.inverse(d)
    return rounding.times(rounding.given(problem.x), r), r


def _backward(problem: Unit, terms: Terms, rounding: Rounding) -> Floats:
    assert problem.upstream is not None
    g, axes = rounding.given(problem.upstream), problem.axes
    y, r = _forward(problem, terms, rounding)
    h = growth(problem.count, problem.structured)
    products = rounding.times(g, y)
    c = rounding.total(products, h, lambda values: values.sum(axis=axes, keepdims=True))
    w = _rounded_slope(problem, terms, rounding)
    dx = rounding.times(r, rounding.plus(g, -rounding.times(Ran(terms.c, c.error), w)))
    sums = np.abs(products.value).sum(axis=axes, keepdims=True)
    slack = 4 * rounding.u * np.abs(r.value) * (np.abs(g.value) + np.abs(w.value) * sums)
    below = _below(problem, terms, rounding)
    return np.where(below, rounding.times(g, r).error, dx.error + slack)


def _rounded_slope(problem: Unit, terms: Terms, rounding: Rounding) -> Ran:
    if problem.order == 1.0 or math.isinf(problem.order):
        return Ran(terms.w, np.zeros(()))
    norm = _norm(problem, terms, rounding)
    share = rounding.times(rounding.given(np.abs(problem.x)), rounding.inverse(norm))
    return Ran(terms.w, rounding.power(share, problem.order - 1.0).error)


def _suspects(problem: Unit, terms: Terms, subject: str) -> Iterator[Suspect]:
    """What each mistake would have given."""
    x, axes, p, epsilon = problem.x, problem.axes, problem.order, problem.epsilon
    yield "every element is zero", np.zeros(x.shape)
    if subject == "gradient_input" and problem.upstream is not None:
        g = problem.upstream
        yield "the upstream gradient came back unchanged", g
        yield "the norm is taken as a constant", g / terms.d
        yield "the gradient through the norm is added, not subtracted", (g + terms.c * terms.w) / terms.d
        return
    yield "the input came back unchanged", x
    yield "epsilon is added to the norm, where the larger of the two is meant", x / (terms.norm + epsilon)
    n = problem.count
    if not math.isinf(p):
        yield "the mean stands where the sum is meant", x / np.maximum((terms.s / n) ** (1 / p), epsilon)
        yield "the root of the sum is not taken", x / np.maximum(terms.s, epsilon)
    for other in (1.0, 2.0, 3.0, math.inf):
        if other != p:
            yield f"the norm is that of order {other:g}, not {p:g}", x / np.maximum(_plainly(x, axes, other), epsilon)
    for axis in range(x.ndim):
        if axes != (axis,):
            yield f"the norm is taken over axis {axis}", x / np.maximum(_plainly(x, (axis,), p), epsilon)


def _plainly(x: Floats, axes: tuple[int, ...], p: float) -> Floats:
    size = np.abs(x)
    if math.isinf(p):
        largest: Floats = size.max(axis=axes, keepdims=True, initial=0.0)
        return largest
    norm: Floats = (size**p).sum(axis=axes, keepdims=True) ** (1 / p)
    return norm
