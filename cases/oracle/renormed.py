"""Batch renormalization in training: the exact answer around which a right implementation may be, and what it keeps.

After Ioffe, "Batch Renormalization", 2017, algorithm 1, with the two pairs of averages that Keras keeps:

    S = sqrt(v + epsilon),  D = max(renorm_stddev, sqrt(epsilon))
    r = S / D within [rmin, rmax],  d = (mu - renorm_mean) / D within [-dmax, dmax],  constants under the gradient
    y = gamma (r z + d) + beta
    dx = r dx',  dgamma = r dgamma' + d dbeta',  dbeta = dbeta',  primes: of the batch normalization without r and d

Bounds, from those of the plain normalization (`bounds`, its C with a prime) and the errors of r and d:

    e_D = e(renorm_stddev) / D + 2u,  of D, relative; S is off by rho, relative
    e_r = |r| ((1+rho)(1+e_D) - 1 + 2u)
    e_d = (d_mu + e(renorm_mean) + u |mu - renorm_mean|) (1+e_D) / D + |d| (e_D + 2u)
          each no more than what is left between the limits, plus u for the limit itself
    C_y = |gamma| ((|r| + e_r) e_z + e_r |z| + e_d) + 4u (|gamma r z| + |gamma d| + |beta|) + 2 |gamma r| r_v N + N
    C_dx = (|r| + e_r) C_dx' + (e_r + 2u |r|) |dx'|
    C_dgamma = (|r| + e_r) C_dgamma' + e_r |dgamma'| + (|d| + e_d) C_dbeta' + e_d |dbeta'|
             + 4u (|r| sum|g z| + |d| sum|g|)

4u: gamma r, gamma d and their use are at most four roundings, in whichever order. An average moves as in `moving`, with
S off by rho S. The moving variance is max(moving_stddev^2 - epsilon, 0), of the deviation as stored or as computed:
2 s T + T^2 + 3u (s^2 + epsilon) and half an ulp, with s and T of the moving deviation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Exact, Floats, as_exact, maximum, sqrt
from ..arithmetic.formats import Format, format_of
from ..bounds.normalization import Bounds, Forward
from ..judgement.causes import Suspect, explained
from ..requests.conventions import Convention
from .answered import Held, Masks, Subject, kept

NO_LIMITS = {"rmin": 0.0, "rmax": np.inf, "dmax": np.inf}


@dataclass(frozen=True, slots=True, eq=False)
class Corrections:
    """What r and d are made of, vectors with one entry per channel; r and d as `clipped`."""

    ratio: Exact
    shift: Exact
    deviation: Exact
    epsilon: float
    average: Held
    spread: Held
    limits: Mapping[str, float]

    @property
    def r(self) -> Exact:
        """R within its limits."""
        return _clipped(self.ratio, self.limits["rmin"], self.limits["rmax"])

    @property
    def d(self) -> Exact:
        """D within its limits."""
        return _clipped(self.shift, -self.limits["dmax"], self.limits["dmax"])

    def errors(self, bounds: Bounds, forward: Forward, grade: Grade) -> tuple[Floats, Floats]:
        """e_r and e_d."""
        u, far, mu = forward.u, self.deviation.nearest, bounds.answer.mean.nearest.reshape(-1)
        rho, d_mu = (np.broadcast_to(one, bounds.answer.mean.shape).reshape(-1) for one in (forward.rho, forward.d_mu))
        e_far = self.spread.tolerance(grade).reshape(-1) / far + 2 * u
        away = np.abs(mu - self.average.value.nearest)
        e_r = np.abs(self.ratio.nearest) * ((1 + rho) * (1 + e_far) - 1 + 2 * u)
        e_d = (d_mu + self.average.tolerance(grade).reshape(-1) + u * away) * (1 + e_far) / far
        e_d = e_d + np.abs(self.shift.nearest) * (e_far + 2 * u)
        least, most, room = self.limits["rmin"], self.limits["rmax"], self.limits["dmax"]
        return _left(self.ratio, e_r, least, most, u), _left(self.shift, e_d, -room, room, u)


def _clipped(value: Exact, least: float, most: float) -> Exact:
    near = value.nearest
    return Exact(
        np.where(near < least, least, np.where(near > most, most, value.hi)),
        np.where((near < least) | (near > most), 0.0, value.lo),
    )


def _left(value: Exact, error: Floats, least: float, most: float, u: float) -> Floats:
    """The error that clipping leaves, and that of the limit as the arithmetic represents it."""
    near = value.nearest
    kept = np.clip(near, least, most)
    off = np.maximum(np.clip(near + error, least, most) - kept, kept - np.clip(near - error, least, most))
    return off + u * np.abs(kept)


@dataclass(frozen=True, eq=False)
class Renormed:
    """An `Answered`: the plain batch normalization, corrected."""

    bounds: Bounds
    corrections: Corrections
    _kept: dict[tuple[str, str], Floats] = field(default_factory=dict, repr=False)

    @property
    def dtype(self) -> str:
        """The dtype computed and answered in."""
        return self.bounds.dtype

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The output, and the gradients that were asked for."""
        return self.bounds.subjects

    def gradient_of(self, role: str) -> Subject:
        """The gradient of a weight."""
        return self.bounds.gradient_of(role)

    def proves_nothing(self) -> bool:
        """Whether the plain normalization's bounds are too wide."""
        return self.bounds.proves_nothing()

    def cause(self, subject: Subject, got: NDArray[Any]) -> str:
        """A sentence that names the mistake which explains `got`, or an empty one."""
        return explained(self, subject, got, self._suspects(subject))

    def _suspects(self, subject: Subject) -> Iterator[Suspect]:
        yield "the corrections r and d are left out", self.bounds.exact(subject).nearest
        if subject == "output":
            problem = self.bounds.answer.problem
            gamma = 1.0 if problem.gamma is None else problem.gamma
            yield "d is left out", (self._r * (self._plain - self._beta) + self._beta).nearest
            yield "r is left out", (self._plain + self._spread(self.corrections.d * gamma)).nearest

    def exact(self, subject: Subject) -> Exact:
        """The exact array."""
        plain = self.bounds.exact(subject)
        if subject == "output":
            problem = self.bounds.answer.problem
            gamma = 1.0 if problem.gamma is None else problem.gamma
            return self._r * (plain - self._beta) + self._spread(self.corrections.d * gamma) + self._beta
        if subject == "gradient_input":
            return self._r * plain
        if subject == "gradient_gamma":
            return self.corrections.r * plain + self.corrections.d * self._summed
        return plain

    @property
    def _plain(self) -> Exact:
        return self.bounds.exact("output")

    @property
    def _r(self) -> Exact:
        return self._spread(self.corrections.r)

    @property
    def _beta(self) -> Exact:
        beta = self.bounds.answer.problem.beta
        return self._spread(as_exact(np.zeros_like(self.corrections.r.nearest) if beta is None else beta))

    @property
    def _summed(self) -> Exact:
        """The sum of the incoming gradient over a channel."""
        layout, g = self.bounds.answer.problem.layout, self.bounds.answer.terms.g
        return as_exact(np.broadcast_to(g, layout.split_shape)).sum(axis=layout.shared_axes)

    def _spread(self, values: Exact) -> Exact:
        layout = self.bounds.answer.problem.layout
        hi, lo = (np.broadcast_to(layout.spread(part), layout.shape) for part in (values.hi, values.lo))
        return Exact(hi, lo)

    def tolerance(self, subject: Subject, grade: Grade) -> Floats:
        """The bound of a grade."""
        return kept(self._kept, (subject, grade), lambda: self._tolerance(subject, grade))

    def _tolerance(self, subject: Subject, grade: Grade) -> Floats:
        form = format_of(self.bounds.stored(subject))
        c = self._raw(subject, grade)
        t = c + 0.5 * form.ulp(np.abs(self.exact(subject).nearest) + c)
        return t if grade in ("A", "B1") else t + self._roundings(subject)

    def _raw(self, subject: Subject, grade: Grade) -> Floats:
        """C, in the subject's shape."""
        bounds, forward = self.bounds, self.bounds.forward(grade)
        answer, layout, u = bounds.answer, bounds.answer.problem.layout, forward.u
        e_r, e_d = self.corrections.errors(bounds, forward, grade)
        r, d = np.abs(self.corrections.r.nearest), np.abs(self.corrections.d.nearest)
        plain, exact = bounds.rough(subject, grade), np.abs(bounds.exact(subject).nearest)
        if subject == "output":
            return self._output(forward, r, d, e_r, e_d)
        if subject == "gradient_input":
            spread = [np.broadcast_to(layout.spread(one), layout.shape) for one in (r, e_r)]
            return (spread[0] + spread[1]) * plain + (spread[1] + 2 * u * spread[0]) * exact
        if subject == "gradient_beta":
            return plain
        sums = [np.abs(answer.terms.g * answer.terms.z), np.abs(np.broadcast_to(answer.terms.g, layout.split_shape))]
        of_z, of_g = (one.sum(axis=layout.shared_axes) for one in sums)
        beta = bounds.rough("gradient_beta", grade)
        c = (r + e_r) * plain + e_r * exact + (d + e_d) * beta + e_d * np.abs(self._summed.nearest)
        whole: Floats = c + 4 * u * (r * of_z + d * of_g)
        return whole

    def _output(self, forward: Forward, r: Floats, d: Floats, e_r: Floats, e_d: Floats) -> Floats:
        layout, terms, form = self.bounds.answer.problem.layout, self.bounds.answer.terms, self.bounds.format
        r, d, e_r, e_d = (layout.spread(one) for one in (r, d, e_r, e_d))
        gamma, z, normal = np.abs(terms.gamma), np.abs(terms.z), form.smallest_normal
        c = gamma * ((r + e_r) * forward.e_z + e_r * z + e_d)
        c = c + 4 * forward.u * (gamma * r * z + gamma * d + np.abs(terms.shift))
        c = c + 2 * gamma * r * terms.r * normal + normal
        whole: Floats = np.broadcast_to(c, layout.shape)
        return whole

    def _roundings(self, subject: Subject) -> Floats:
        """Two more roundings in the storage dtype, of what is summed and of what it is summed from."""
        layout, terms, form = self.bounds.answer.problem.layout, self.bounds.answer.terms, self.bounds.format
        r, d = (np.abs(one.nearest) for one in (self.corrections.r, self.corrections.d))
        more = self.bounds.roundings(subject)
        if subject == "gradient_input":
            return more * np.broadcast_to(layout.spread(np.maximum(r, 1.0)), layout.shape)
        if subject == "gradient_gamma":
            return more * np.maximum(r, 1.0) + d * self.bounds.roundings("gradient_beta")
        if subject == "gradient_beta":
            return more
        spread = np.broadcast_to(layout.spread(np.maximum(r, 1.0)), layout.shape)
        shifted = 4 * form.u_output * np.abs(terms.gamma) * layout.spread(d)
        return more * spread + np.broadcast_to(shifted, layout.shape)

    def masks(self, subject: Subject) -> Masks:
        """As of the plain normalization, where the corrected numbers are held too."""
        plain, form = self.bounds.masks(subject), format_of(self.bounds.stored(subject))
        with np.errstate(all="ignore"):
            held = np.abs(self.exact(subject).nearest) + self.tolerance(subject, "A") <= form.maximum
        return Masks(plain.judged & held, plain.required_nan, plain.required_not_finite)


def renormed(meant: Convention, bounds: Bounds, weights: Mapping[str, Held]) -> Renormed:
    """The answer of a call in training. bounds: of the batch normalization without r and d."""
    answer, epsilon = bounds.answer, bounds.answer.problem.epsilon
    mean, variance = answer.moments
    average, spread = weights["renorm_mean"], weights["renorm_stddev"]
    with np.errstate(all="ignore"):
        far = maximum(as_exact(spread.value), float(np.sqrt(epsilon)))
        ratio, shift = sqrt(as_exact(variance) + epsilon) / far, (as_exact(mean) - as_exact(average.value)) / far
    limits = {**NO_LIMITS, **(meant.arguments["renorm_clipping"] or {})}
    return Renormed(bounds, Corrections(ratio, shift, far, epsilon, average, spread, limits))


def moved_by_renorm(meant: Convention, bounds: Bounds, weights: Mapping[str, Held]) -> dict[str, Held]:
    """Every average after a call in training."""
    mean, variance = bounds.answer.moments
    epsilon, form = bounds.answer.problem.epsilon, format_of(meant.case.weight_dtype)
    with np.errstate(all="ignore"):
        deviation = sqrt(as_exact(variance) + epsilon)

    def of_mean(grade: Grade) -> Floats:
        return np.broadcast_to(bounds.forward(grade).d_mu, bounds.answer.mean.shape).reshape(-1)

    def of_deviation(grade: Grade) -> Floats:
        rho = np.broadcast_to(bounds.forward(grade).rho, bounds.answer.mean.shape).reshape(-1)
        return rho * (1 + rho) * deviation.nearest

    slow, fast = 1.0 - float(meant.arguments["momentum"]), 1.0 - float(meant.arguments["renorm_momentum"])
    found = {
        role: _averaged(bounds, weights[role], value, error, alpha, form)
        for role, value, error, alpha in (
            ("renorm_mean", as_exact(mean), of_mean, fast),
            ("renorm_stddev", deviation, of_deviation, fast),
            ("moving_mean", as_exact(mean), of_mean, slow),
            ("moving_stddev", deviation, of_deviation, slow),
        )
    }
    return {**found, "moving_variance": _squared(bounds, found["moving_stddev"], epsilon, form)}


def _u(bounds: Bounds, grade: Grade) -> float:
    return bounds.format.u_output if grade == "C" else bounds.format.u


def _averaged(
    bounds: Bounds, old: Held, new: Exact, error: Callable[[Grade], Floats], alpha: float, form: Format
) -> Held:
    """The average after one more value."""
    with np.errstate(all="ignore"):
        value = as_exact(old.value) * (1.0 - as_exact(alpha)) + new * as_exact(alpha)
        size = max(alpha, 1 - alpha) * np.abs(old.value.nearest) + alpha * np.abs(new.nearest)

    def tolerance(grade: Grade) -> Floats:
        with np.errstate(all="ignore"):
            c = alpha * error(grade) + (1 - alpha) * old.tolerance(grade) + 4 * _u(bounds, grade) * size
            t = c + 0.5 * form.ulp(np.abs(value.nearest) + c)
        return t if grade in ("A", "B1") else t + 2 * (2 * form.u_output * size + form.smallest_subnormal)

    judged = old.judged & np.isfinite(value.nearest) & (np.abs(value.nearest) <= form.maximum) & _in_domain(bounds)
    return Held(value, tolerance, judged)


def _in_domain(bounds: Bounds) -> NDArray[np.bool_]:
    squares = (bounds.answer.terms.x**2).sum(axis=bounds.answer.problem.layout.shared_axes).reshape(-1)
    judged: NDArray[np.bool_] = squares <= bounds.format.largest / 4
    return judged


def _squared(bounds: Bounds, deviation: Held, epsilon: float, form: Format) -> Held:
    """The moving variance that goes with a moving deviation."""
    s = deviation.value
    with np.errstate(all="ignore"):
        value = maximum(s * s - epsilon, 0.0)

    def tolerance(grade: Grade) -> Floats:
        with np.errstate(all="ignore"):
            off = deviation.tolerance(grade)
            c = 2 * np.abs(s.nearest) * off + off * off + 3 * _u(bounds, grade) * (s.nearest**2 + epsilon)
            t = c + 0.5 * form.ulp(value.nearest + c)
        return t if grade in ("A", "B1") else t + 4 * form.u_output * (s.nearest**2 + epsilon)

    return Held(as_exact(value), tolerance, deviation.judged & (value.nearest <= form.maximum))
