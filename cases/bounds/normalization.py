"""How far from the exact answer a right implementation may be, element by element.

The bounds are derived, not tuned. Rounding errors of n random terms add up as sqrt n (Higham and Mary, "A new
approach to probabilistic rounding error analysis", 2019, lambda = 8: failure below 2e-9 up to n = 2^16),
those of structured data as n. The rest is first-order error analysis with the second-order terms kept.

    H(n) = min(n, ceil(8 sqrt n)), or n for structured data      M1 = mean|x|, X = |x| + |mu|
    d_mu = (H+1) u M1                                            0 for RMS and given statistics
    E_v  = (H+4) u v + H u sqrt(v (v + mu^2)) + d_mu^2           RMS: (H+2) u v; given statistics: 0
         + 3 (H+2) u (v + mu^2)                                  one pass
    rho  = max(sqrt(s / (max(v - E_v, 0) + eps)) - 1, 1 - sqrt(s / (s + E_v))) + 5u
    e_z  = (1+rho) r (d_mu + 2u X + 2N) + rho |z|
    C_y  = |gamma| e_z + 2u (|gamma z| + |beta|) + 2 |gamma| r N + N
    E_1  = (H+1) u mean|a|                                       0 for RMS
    E_2  = (H+3) u r mean(|a| X) + mean(|a| e_z)
    C_dx = (1+rho)^3 r [E_1 + |z| E_2 + e_z (|c2| + E_2) + 4u (|a| + mean|a| + r X |c2|)]
         + rho r (|a - c1| + 3 |z c2|) + N                       given statistics: r |a| (rho + 3u)
    C_dgamma = sum|g| e_z + (H(R)+3) u sum|g| r X + N            over the R elements that share the parameter
    C_dbeta  = (H(R)+1) u sum|g| + N
    T = C + half an ulp at |exact| + C of the dtype that the array is stored in

A2 and B add 2 (2 u_o W + eta L): two roundings, of relative size u_o or of eta, the smallest subnormal:

    output   W = |gamma z| + |beta|                               L = max(1, |gamma|)
    input    W = r (|a| + mean|a| + |z c2|)                       L = max(1, r (1 + |z|))
             given statistics: r |a|                              L = max(1, r)
    gamma    W = sum|g z|                                         L = sum max(1, |g|)
    beta     W = sum|g|                                           L = R

Under a mask w, 1 where an element counts and else 0, n is how many count: mu = sum(w x) / n, v = sum(w (x - mu)^2) / n,
M1 = sum(w |x|) / n, and mean(b) = sum(b) / n over all elements for every b of the gradients, since all are normalized.
H stays that of the whole group, zeros among the terms adding nothing; and c1, c2, E_1, E_2 and mean|a| reach the
gradient of the input where w = 1 alone:

    dx   = r (a - w (c1 + z c2))
    C_dx = (1+rho)^3 r [w (E_1 + |z| E_2 + e_z (|c2| + E_2)) + 4u (|a| + w (mean|a| + r X |c2|))]
         + rho r (|a - w c1| + 3 w |z c2|) + N               W = r (|a| + w (mean|a| + |z c2|))

In mixed precision the parameters are float32 and everything else has 16 bits. Their gradients are sums of products of
16-bit numbers, accumulated in float32 and rounded to it: C_dgamma and C_dbeta hold as they stand, the half ulp is that
of float32, and A2's two roundings are those of the products, to the 16 bits in which a layer may keep them.

C is A2 with the output dtype's u_o for u. Inversion, y = x S + mean with S for r and no mu, adds d_mu to C_y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Exact, Floats
from ..arithmetic.formats import Format, format_of
from ..judgement import causes
from ..oracle.answered import Masks, Subject, kept
from ..oracle.normalization import Answer, Layout
from . import domain

SUBJECTS: tuple[Subject, ...] = ("output", "gradient_input", "gradient_gamma", "gradient_beta")
ROLES = {"scale": "gamma"}
PARAMETERS = ("gradient_gamma", "gradient_beta")
GRADES: tuple[Grade, ...] = ("A", "A2", "B1", "B", "C")


def growth(n: int, structured: bool) -> int:
    """H(n): by how many roundings a sum of n terms is off."""
    return n if structured else min(n, math.ceil(8 * math.sqrt(n)))


@dataclass(frozen=True, slots=True, eq=False)
class Forward:
    """The forward part of a bound, in the split shape: u, H(n), X, d_mu, E_v, rho and e_z as above."""

    u: float
    h: int
    size: Floats
    d_mu: Floats
    e_v: Floats
    rho: Floats
    e_z: Floats


@dataclass(frozen=True, eq=False)
class Bounds:
    """The bounds of one answer, computed as they are asked for and kept: an `Answered` of mean and variance."""

    answer: Answer
    _kept: dict[tuple[str, str], Floats] = field(default_factory=dict, repr=False)

    @property
    def format(self) -> Format:
        """The dtype computed and answered in."""
        return format_of(self.dtype)

    @property
    def dtype(self) -> str:
        """The dtype computed and answered in."""
        return self.answer.problem.dtype

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The output, and the gradients that were asked for."""
        return tuple(subject for subject in SUBJECTS if getattr(self.answer, subject) is not None)

    def exact(self, subject: Subject) -> Exact:
        """The exact array. Raises ValueError for a gradient that was not asked for."""
        return exact_of(self.answer, subject)

    def masks(self, subject: Subject) -> Masks:
        """Where a verdict can be given. Raises ValueError for a gradient that was not asked for."""
        return domain.masks(self, subject)

    def proves_nothing(self) -> bool:
        """Whether half the output's bounds or more exceed 1e-2 |gamma|."""
        return domain.proves_nothing(self)

    def cause(self, subject: Subject, got: NDArray[Any]) -> str:
        """A sentence that names the mistake which explains `got`, or an empty one."""
        return causes.likely_cause(self, subject, got)

    def gradient_of(self, role: str) -> Subject:
        """The gradient of a weight; that of RMS normalization's scale is called gamma's."""
        return f"gradient_{ROLES.get(role, role)}"

    def stored(self, subject: Subject) -> str:
        """The dtype that an array is rounded to at the end: the parameters' own for their gradients."""
        problem = self.answer.problem
        return (problem.parameter_dtype or problem.dtype) if subject in PARAMETERS else problem.dtype

    def tolerance(self, subject: Subject, grade: Grade) -> Floats:
        """T, in the shape of the subject. Raises ValueError for a gradient that was not asked for."""
        return kept(self._kept, (subject, grade), lambda: self._tolerance(subject, grade))

    def _tolerance(self, subject: Subject, grade: Grade) -> Floats:
        if grade in ("A2", "B"):
            tight = self.tolerance(subject, "A" if grade == "A2" else "B1")
            return tight + self.roundings(subject)
        c = self.rough(subject, grade)
        t = c + 0.5 * format_of(self.stored(subject)).ulp(np.abs(exact_of(self.answer, subject).nearest) + c)
        return t + self.roundings(subject) if grade == "C" else t

    def rough(self, subject: Subject, grade: Grade) -> Floats:
        """C, the bound before the result is rounded, in the shape of the subject."""
        c = _SUBJECTS[subject](self.answer, self.forward(grade), self.format)
        return self._laid_out(subject, np.broadcast_to(c, self._raw_shape(subject)))

    def forward(self, grade: Grade) -> Forward:
        """The forward part at a grade's accumulation and way to the variance."""
        return {"B1": self._one_pass, "B": self._one_pass, "C": self._coarse}.get(grade, self._two_pass)

    @cached_property
    def _two_pass(self) -> Forward:
        return _forward(self.answer, self.format.u, self.format, one_pass=False)

    @cached_property
    def _one_pass(self) -> Forward:
        return _forward(self.answer, self.format.u, self.format, one_pass=True)

    @cached_property
    def _coarse(self) -> Forward:
        return _forward(self.answer, self.format.u_output, self.format, one_pass=False)

    def roundings(self, subject: Subject) -> Floats:
        """Two more roundings in the storage dtype: 2 (2 u_o W + eta L)."""
        form = self.format
        added = 2 * form.u_output * _WEIGHTS[subject](self.answer)
        added = added + form.smallest_subnormal * _LEAST[subject](self.answer)
        return 2 * self._laid_out(subject, np.broadcast_to(added, self._raw_shape(subject)))

    def _raw_shape(self, subject: Subject) -> tuple[int, ...]:
        layout = self.answer.problem.layout
        if subject in ("output", "gradient_input"):
            return layout.split_shape
        return tuple(layout.split_shape[axis] for axis in sorted(layout.parameter_axes))

    def _laid_out(self, subject: Subject, values: Floats) -> Floats:
        layout = self.answer.problem.layout
        if subject in ("output", "gradient_input"):
            return values.reshape(layout.shape)
        return layout.gathered(values)


def exact_of(answer: Answer, subject: Subject) -> Exact:
    """The exact array. Raises ValueError for a gradient that was not asked for."""
    exact: Exact | None = getattr(answer, subject) if subject in SUBJECTS else None
    if exact is None:
        raise ValueError(f"the problem has no {subject}; give it an upstream gradient and the parameter")
    return exact


def statistics_errors(answer: Answer, u: float, one_pass: bool = False) -> tuple[Floats, Floats]:
    """d_mu and E_v in the statistics' shape; what was inherited where statistics are given."""
    problem, terms = answer.problem, answer.terms
    given, layout = problem.statistics, problem.layout
    if given is not None:
        return _inherited(given.mean_error, layout), _inherited(given.variance_error, layout)
    h = growth(layout.group_size, problem.structured)
    if not problem.centred:
        return np.zeros(()), (h + 2) * u * terms.v
    d_mu = (h + 1) * u * _mean(problem.counted(np.abs(terms.x)), answer)
    square = terms.v + terms.mu**2
    e_v = (h + 4) * u * terms.v + h * u * np.sqrt(terms.v) * np.sqrt(square) + d_mu**2
    return d_mu, e_v + 3 * (h + 2) * u * square if one_pass else e_v


def _inherited(error: Floats | float, layout: Layout) -> Floats:
    array = np.asarray(error, np.float64)
    return array.reshape(layout.statistics_shape) if array.ndim else array


def _mean(values: Floats, answer: Answer) -> Floats:
    """The sum over a group, divided by how many of its elements count."""
    problem = answer.problem
    mean: Floats = values.sum(axis=problem.layout.reduce_axes, keepdims=True) / problem.count
    return mean


def _forward(answer: Answer, u: float, form: Format, one_pass: bool) -> Forward:
    problem, terms = answer.problem, answer.terms
    d_mu, e_v = statistics_errors(answer, u, one_pass)
    rho = _scale_error(answer, e_v) + 5 * u
    size = np.abs(terms.x) + np.abs(terms.mu)
    off = np.zeros(()) if problem.invert else d_mu
    e_z = (1 + rho) * terms.r * (off + 2 * u * size + 2 * form.smallest_normal) + rho * np.abs(terms.z)
    h = growth(problem.layout.group_size, problem.structured)
    return Forward(u, h, size, d_mu, e_v, rho, e_z)


def _scale_error(answer: Answer, e_v: Floats) -> Floats:
    """The relative error of r that an error e_v of the variance makes, without cancellation."""
    problem, terms = answer.problem, answer.terms
    least = 0.0 if problem.floor is None else problem.floor**2
    down = np.maximum(np.minimum(e_v, terms.v - least), 0.0)
    up = np.maximum(np.minimum(e_v, terms.v - least + e_v), 0.0)
    middle, low, high = np.sqrt(terms.s), np.sqrt(_below(answer, e_v, least)), np.sqrt(terms.s + up)
    ends = (middle, middle) if problem.invert else (low, high)
    error: Floats = np.maximum(down / (ends[0] * (middle + low)), up / (ends[1] * (middle + high)))
    return error


def _below(answer: Answer, e_v: Floats, least: float) -> Floats:
    epsilon = answer.problem.epsilon if answer.problem.floor is None else 0.0
    below: Floats = np.maximum(answer.terms.v - e_v, least) + epsilon
    return below


def _output(answer: Answer, forward: Forward, form: Format) -> Floats:
    terms, u, normal = answer.terms, forward.u, form.smallest_normal
    gamma = np.abs(terms.gamma)
    c: Floats = gamma * forward.e_z + 2 * u * (gamma * np.abs(terms.z) + np.abs(terms.shift))
    c = c + 2 * gamma * terms.r * normal + normal
    return c + forward.d_mu if answer.problem.invert else c


def _gradient_input(answer: Answer, forward: Forward, form: Format) -> Floats:
    problem, t, u = answer.problem, answer.terms, forward.u
    rho, e_z, size = forward.rho, forward.e_z, forward.size
    a, z, c2 = np.abs(t.a), np.abs(t.z), np.abs(t.c2)
    if problem.statistics is not None:
        return t.r * a * (rho + 3 * u)
    mean_a, w = _mean(a, answer), problem.weights
    e_1 = (forward.h + 1) * u * mean_a if problem.centred else np.zeros(())
    e_2 = (forward.h + 3) * u * t.r * _mean(a * size, answer) + _mean(a * e_z, answer)
    inner = w * (e_1 + z * e_2 + e_z * (c2 + e_2)) + 4 * u * (a + w * (mean_a + t.r * size * c2))
    scale = rho * t.r * (np.abs(t.a - w * t.c1) + 3 * w * z * c2)
    c: Floats = (1 + rho) ** 3 * t.r * inner + scale + form.smallest_normal
    return c


def _gradient_gamma(answer: Answer, forward: Forward, form: Format) -> Floats:
    t, layout = answer.terms, answer.problem.layout
    h = growth(layout.shared, answer.problem.structured)
    terms = np.abs(t.g) * (forward.e_z + (h + 3) * forward.u * t.r * forward.size)
    c: Floats = terms.sum(axis=layout.shared_axes) + form.smallest_normal
    return c


def _gradient_beta(answer: Answer, forward: Forward, form: Format) -> Floats:
    layout = answer.problem.layout
    h = growth(layout.shared, answer.problem.structured)
    c: Floats = (h + 1) * forward.u * np.abs(answer.terms.g).sum(axis=layout.shared_axes)
    return c + form.smallest_normal


def _weight_output(answer: Answer) -> Floats:
    t = answer.terms
    weight: Floats = np.abs(t.gamma * t.z) + np.abs(t.shift)
    return weight


def _weight_input(answer: Answer) -> Floats:
    t, a = answer.terms, np.abs(answer.terms.a)
    if answer.problem.statistics is not None:
        return t.r * a
    return t.r * (a + answer.problem.weights * (_mean(a, answer) + np.abs(t.z * t.c2)))


def _weight_gamma(answer: Answer) -> Floats:
    weight: Floats = np.abs(answer.terms.g * answer.terms.z).sum(axis=answer.problem.layout.shared_axes)
    return weight


def _weight_beta(answer: Answer) -> Floats:
    weight: Floats = np.abs(answer.terms.g).sum(axis=answer.problem.layout.shared_axes)
    return weight


def _least_output(answer: Answer) -> Floats:
    return np.maximum(1.0, np.abs(answer.terms.gamma))


def _least_input(answer: Answer) -> Floats:
    """`a` rounded to a subnormal reaches the gradient directly, through its mean, and through z mean(a z)."""
    spread = 0.0 if answer.problem.statistics is not None else np.abs(answer.terms.z)
    return np.maximum(1.0, answer.terms.r * (1 + spread))


def _least_gamma(answer: Answer) -> Floats:
    """Every one of the products g z, or of the z, may have been rounded to a subnormal."""
    least: Floats = np.maximum(1.0, np.abs(answer.terms.g)).sum(axis=answer.problem.layout.shared_axes)
    return least


def _least_beta(answer: Answer) -> Floats:
    return np.full((), float(answer.problem.layout.shared))


_SUBJECTS = {
    "output": _output,
    "gradient_input": _gradient_input,
    "gradient_gamma": _gradient_gamma,
    "gradient_beta": _gradient_beta,
}
_WEIGHTS = {
    "output": _weight_output,
    "gradient_input": _weight_input,
    "gradient_gamma": _weight_gamma,
    "gradient_beta": _weight_beta,
}
_LEAST = {
    "output": _least_output,
    "gradient_input": _least_input,
    "gradient_gamma": _least_gamma,
    "gradient_beta": _least_beta,
}
