"""How far from the exact derivatives in a direction a right implementation may be.

First-order error analysis, as in `bounds.py`, whose u, H, X, e_z, rho and N are used here, and a, b, c1, c2, t, t1, q,
m and w of `derivatives.py`. |v|_1 stands for |v| + mean|v| (|v| where no mean is subtracted): v - mean v before it
cancels. A sum may be taken of either factor with its mean subtracted, so no cancellation is counted on.

    e(mean v)  = (H+1) u mean|v|                                  0 where no mean is subtracted
    e(m)       = (H+3) u r mean(|t| X) + mean(|t| e_z)            e(c2) with a for t
    D(v, k)    = e(mean v) + |z| e(k) + e_z (|k| + e(k)) + 6u (|v|_1 + r X |k|)
                 the error of v - mean v - z k, where k = mean(v z): D(t, m) of q, D(a, c2) of b
    e(w)       = (H+4) u mean(|a| |t|_1) + |a| e(mean t) on average + |m| e(c2) + |c2| e(m) + e(m) e(c2) + u |c2 m|
    P          = |m| (|a|_1 + 3 |z c2|) + |c2| |t|_1 + |z| mean(|a| |t|_1)
    C_q        = (1+rho)^3 r D(t, m) + rho r (|t - t1| + 3 |z m|)
    C_S        = (1+rho)^5 r^2 [|m| D(a, c2) + e(m) (|b| + D(a, c2)) + |c2| D(t, m) + e(c2) (|q| + D(t, m))
                                + |z| e(w) + e_z (|w| + e(w)) + 12u P] + 3 rho r^2 (|m b| + |c2 q| + |z w|)

    output         C = |gamma| C_q + 2u |gamma| r (|t|_1 + |z m|) + N
    twice          C = |gamma| C_S(t, t) + 2u |gamma| r^2 P + N
    of the input   C = C_S(a, t) + N
    of gamma       C = sum|g| C_q + (H(R)+3) u sum|g| r (|t|_1 + |z m|) + N        over the R elements that share it;
                       where these are those that share statistics, the same with g and t exchanged, if it is more
    of beta        C = 0: nothing is computed

P is what a derivative by automatic differentiation adds up, in which m b, c2 q and z w are not formed: m a, m c1,
3 m c2 z, c2 t, c2 t1 and z mean(a (t - t1)). In it each term takes up to twelve roundings that the others do not share:
five powers of r, two factors, two divisions by n, three sums. Where statistics are given: C = r |gamma t| (rho + 3u)
of the output, sum |g t| r (rho + 3u + (H(R)+3) u) of gamma, and what is 0 is 0.
T, and the grades, are as in `bounds.py`, with W = the magnitudes above, before they cancel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Floats
from ..oracle.answered import Masks, Subject, kept
from ..oracle.derivatives import Derivative, Derivatives, Shadow
from ..oracle.normalization import Layout
from .domain import masks_along
from .normalization import Bounds, Forward, growth

LAID_OUT: Mapping[Derivative, Subject] = {
    "output": "gradient_input",
    "output_twice": "gradient_input",
    "gradient_input": "gradient_input",
    "gradient_gamma": "gradient_gamma",
    "gradient_beta": "gradient_beta",
}


@dataclass(frozen=True, eq=False)
class DerivativeBounds:
    """The bounds of the derivatives of one answer, computed as they are asked for and kept."""

    bounds: Bounds
    found: Derivatives
    _kept: dict[tuple[str, str], Floats] = field(default_factory=dict, repr=False)

    def tolerance(self, which: Derivative, grade: Grade) -> Floats:
        """T, in the shape of the derivative."""
        return kept(self._kept, (which, grade), lambda: self._tolerance(which, grade))

    def masks(self, which: Derivative) -> Masks:
        """Where a verdict can be given."""
        exact, twice = self.found.exact(which).nearest, which in ("output_twice", "gradient_input")
        return masks_along(self.bounds, exact, self.tolerance(which, "A"), LAID_OUT[which], twice)

    def _tolerance(self, which: Derivative, grade: Grade) -> Floats:
        if grade in ("A2", "B"):
            return self.tolerance(which, "A" if grade == "A2" else "B1") + self._roundings(which)
        form = self.bounds.format
        c = self._laid_out(which, _ERRORS[which](self.found, self.bounds.forward(grade), form.smallest_normal))
        t = c + 0.5 * form.ulp(np.abs(self.found.exact(which).nearest) + c)
        return t + self._roundings(which) if grade == "C" else t

    def _roundings(self, which: Derivative) -> Floats:
        """Two more roundings in the storage dtype."""
        form = self.bounds.format
        weight = self._laid_out(which, _SIZES[which](self.found))
        return 2 * (2 * form.u_output * weight + form.smallest_subnormal)

    def _laid_out(self, which: Derivative, values: Floats) -> Floats:
        layout = self.found.answer.problem.layout
        if LAID_OUT[which] != "gradient_input":
            sizes = tuple(layout.split_shape[axis] for axis in sorted(layout.parameter_axes))
            return layout.gathered(np.broadcast_to(values, sizes))
        return np.broadcast_to(values, layout.split_shape).reshape(layout.shape)


def _mean(values: Floats, layout: Layout) -> Floats:
    mean: Floats = values.sum(axis=layout.reduce_axes, keepdims=True) / float(layout.group_size)
    return mean


def _whole(found: Derivatives, v: Shadow) -> Floats:
    """|v|_1."""
    size, problem = np.abs(v.v), found.answer.problem
    if not problem.centred or problem.statistics is not None:
        return size
    return size + _mean(size, problem.layout)


def _mean_error(found: Derivatives, f: Forward, v: Shadow) -> Floats:
    """e(mean v)."""
    problem = found.answer.problem
    return (f.h + 1) * f.u * _mean(np.abs(v.v), problem.layout) if problem.centred else np.zeros(())


def _along_error(found: Derivatives, f: Forward, v: Shadow) -> Floats:
    """e(mean(v z))."""
    layout, size = found.answer.problem.layout, np.abs(v.v)
    return (f.h + 3) * f.u * found.answer.terms.r * _mean(size * f.size, layout) + _mean(size * f.e_z, layout)


def _rest_error(found: Derivatives, f: Forward, v: Shadow) -> Floats:
    """D(v, mean(v z))."""
    terms, k, e_k = found.answer.terms, np.abs(v.along), _along_error(found, f, v)
    error: Floats = _mean_error(found, f, v) + np.abs(terms.z) * e_k + f.e_z * (k + e_k)
    return error + 6 * f.u * (_whole(found, v) + terms.r * f.size * k)


def _moved(found: Derivatives, f: Forward, v: Shadow) -> Floats:
    """C_q, of r (v - mean v - z mean(v z))."""
    terms, rho = found.answer.terms, f.rho
    if found.answer.problem.statistics is not None:
        return terms.r * np.abs(v.v) * (rho + 3 * f.u)
    size = np.abs(v.v - v.mean) + 3 * np.abs(terms.z * v.along)
    error: Floats = (1 + rho) ** 3 * terms.r * _rest_error(found, f, v) + rho * terms.r * size
    return error


def _first_size(found: Derivatives, v: Shadow) -> Floats:
    """What C_q is about before it cancels: r (|v|_1 + |z mean(v z)|)."""
    terms = found.answer.terms
    size: Floats = terms.r * (_whole(found, v) + np.abs(terms.z * v.along))
    return size


def _second_size(found: Derivatives, a: Shadow, t: Shadow) -> Floats:
    """P."""
    if found.answer.problem.statistics is not None:
        return np.zeros(())
    layout, z, m, c2 = found.answer.problem.layout, np.abs(found.answer.terms.z), np.abs(t.along), np.abs(a.along)
    whole = _whole(found, t)
    size: Floats = m * (_whole(found, a) + 3 * z * c2) + c2 * whole + z * _mean(np.abs(a.v) * whole, layout)
    return size


def _across_error(found: Derivatives, f: Forward, a: Shadow, t: Shadow) -> Floats:
    """e(w)."""
    layout, m, c2 = found.answer.problem.layout, np.abs(t.along), np.abs(a.along)
    e_m, e_c = _along_error(found, f, t), _along_error(found, f, a)
    product = (f.h + 4) * f.u * _mean(np.abs(a.v) * _whole(found, t), layout)
    mean = _mean(np.abs(a.v), layout) * _mean_error(found, f, t)
    return product + mean + m * e_c + c2 * e_m + e_m * e_c + f.u * c2 * m


def _second(found: Derivatives, f: Forward, a: Shadow, t: Shadow, across: Floats) -> Floats:
    """C_S."""
    if found.answer.problem.statistics is not None:
        return np.zeros(())
    terms, rho, z, w = found.answer.terms, f.rho, np.abs(found.answer.terms.z), np.abs(across)
    m, c2, b, q = np.abs(t.along), np.abs(a.along), np.abs(a.rest), np.abs(t.rest)
    e_m, e_c, e_w = _along_error(found, f, t), _along_error(found, f, a), _across_error(found, f, a, t)
    d_b, d_q = _rest_error(found, f, a), _rest_error(found, f, t)
    inner = m * d_b + e_m * (b + d_b) + c2 * d_q + e_c * (q + d_q) + z * e_w + f.e_z * (w + e_w)
    inner = inner + 12 * f.u * _second_size(found, a, t)
    error: Floats = terms.r**2 * ((1 + rho) ** 5 * inner + 3 * rho * (m * b + c2 * q + z * w))
    return error


def _output(found: Derivatives, f: Forward, least: float) -> Floats:
    gamma = np.abs(found.answer.terms.gamma)
    c: Floats = gamma * (_moved(found, f, found.t) + 2 * f.u * _first_size(found, found.t)) + least
    return c


def _output_twice(found: Derivatives, f: Forward, least: float) -> Floats:
    gamma, t = np.abs(found.answer.terms.gamma), found.t
    more = 2 * f.u * found.answer.terms.r**2 * _second_size(found, t, t)
    c: Floats = gamma * (_second(found, f, t, t, found.twice) + more) + least
    return c


def _gradient_input(found: Derivatives, f: Forward, least: float) -> Floats:
    return _second(found, f, found.a, found.t, found.across) + least


def _gradient_gamma(found: Derivatives, f: Forward, least: float) -> Floats:
    layout, g = found.answer.problem.layout, _upstream(found)
    c = _summed(found, f, g.v, found.t)
    if set(layout.shared_axes) == set(layout.reduce_axes) and found.answer.problem.statistics is None:
        c = np.maximum(c, _summed(found, f, found.t.v, g))
    return c + least


def _upstream(found: Derivatives) -> Shadow:
    """The incoming gradient g as a shadow."""
    problem, terms = found.answer.problem, found.answer.terms
    none = np.zeros(problem.layout.statistics_shape)
    if problem.statistics is not None:
        return Shadow(terms.g, none, none, terms.g)
    mean = _mean(terms.g, problem.layout) if problem.centred else none
    along = _mean(terms.g * terms.z, problem.layout)
    return Shadow(terms.g, mean, along, terms.g - mean - terms.z * along)


def _summed(found: Derivatives, f: Forward, g: Floats, v: Shadow) -> Floats:
    """The error of the sums of g r (v - mean v - z mean(v z)) over what shares a parameter."""
    layout = found.answer.problem.layout
    h = growth(layout.shared, found.answer.problem.structured)
    each = np.abs(g) * (_moved(found, f, v) + (h + 3) * f.u * _first_size(found, v))
    total: Floats = np.broadcast_to(each, layout.split_shape).sum(axis=layout.shared_axes)
    return total


def _gradient_beta(found: Derivatives, f: Forward, least: float) -> Floats:
    return np.zeros(())


def _size_of_gamma(found: Derivatives) -> Floats:
    layout = found.answer.problem.layout
    each = np.abs(found.answer.terms.g) * _first_size(found, found.t)
    total: Floats = np.broadcast_to(each, layout.split_shape).sum(axis=layout.shared_axes)
    return total


_ERRORS: Mapping[str, Callable[[Derivatives, Forward, float], Floats]] = {
    "output": _output,
    "output_twice": _output_twice,
    "gradient_input": _gradient_input,
    "gradient_gamma": _gradient_gamma,
    "gradient_beta": _gradient_beta,
}
_SIZES: Mapping[str, Callable[[Derivatives], Floats]] = {
    "output": lambda found: np.abs(found.answer.terms.gamma) * _first_size(found, found.t),
    "output_twice": lambda found: (
        np.abs(found.answer.terms.gamma) * found.answer.terms.r**2 * _second_size(found, found.t, found.t)
    ),
    "gradient_input": lambda found: found.answer.terms.r**2 * _second_size(found, found.a, found.t),
    "gradient_gamma": _size_of_gamma,
    "gradient_beta": lambda found: np.zeros(()),
}
