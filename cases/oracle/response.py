"""Local response normalization: the exact answer, and how far from it a right implementation may be.

    S_c = sum of x_j^2 over the channels j from c - size // 2 to c + (size - 1) // 2 that there are
    s = k + (alpha / size) S,  f = s^-beta,  y = x f
    dx_j = g_j f_j - 2 (alpha / size) beta x_j B_j,  B_j = sum of g_c y_c / s_c over the channels c with j among theirs

Krizhevsky, Sutskever and Hinton 2012, section 3.3, with alpha divided by the size and channels that are not there taken
as zeros, as PyTorch documents it. Channels are the second axis.

The bounds follow the formulas, operation by operation (`running`), with alpha, beta and k as the arithmetic represents
them (beta's error costs beta u |ln s|), one spare rounding of s for the mean that is multiplied by alpha, one for a
division by s^beta, and 4u of the sizes of both terms of dx for another order of their factors. B1 allows for sums that
slide along the channels: each of the c sums before leaves two roundings of the largest of them.

In the domain: S <= max / 4; N/u <= s and s^beta, and for the gradient s^(beta+1), within N/u and max / 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..arithmetic.exact import Exact, Floats, Lift, Value, as_exact, nearest, plain
from ..arithmetic.formats import Format, format_of
from ..arithmetic.powers import power
from ..arithmetic.running import Ran, Rounding
from ..bounds.normalization import growth
from ..judgement.causes import Suspect
from .answered import Answered, Call, Flags, Held
from .worked import Part, Worked

CHANNELS = 1


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """One local response normalization; arrays are float64 and hold exact values."""

    x: Floats
    dtype: str
    size: int
    alpha: float
    beta: float
    k: float
    upstream: Floats | None = None
    structured: bool = False

    @property
    def window(self) -> range:
        """The neighbours that a channel looks at, as distances from it."""
        return range(-(self.size // 2), (self.size - 1) // 2 + 1)

    @property
    def mirrored(self) -> range:
        """The channels that look at a channel, as distances from it."""
        return range(-((self.size - 1) // 2), self.size // 2 + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What the answer was made of, rounded to float64."""

    sums: Floats
    s: Floats
    f: Floats
    y: Floats
    b: Floats


def answered(call: Call) -> tuple[Answered, Mapping[str, Held]]:
    """The answer of a call of a case; there are no weights."""
    options = call.meant.arguments
    problem = Response(
        x=call.x,
        dtype=call.meant.case.output_dtype,
        size=int(options["size"]),
        alpha=float(options["alpha"]),
        beta=float(options["beta"]),
        k=float(options["k"]),
        upstream=call.upstream,
        structured=call.structured,
    )
    return solve(problem, call.finely), {}


def solve(problem: Response, finely: bool = False) -> Worked:
    """The exact answer, in double-double for float64, or `finely` for every dtype."""
    with np.errstate(all="ignore"):
        if finely or problem.dtype == "float64":
            return _solve(problem, as_exact)
        return _solve(problem, plain)


def _solve(problem: Response, lift: Lift[Value]) -> Worked:
    x = lift(problem.x)
    share = lift(np.asarray(problem.alpha)) / float(problem.size)
    sums = neighbours(x * x, problem.window)
    s = share * sums + problem.k
    f = power(s, -problem.beta) if problem.beta else s * 0.0 + 1.0
    y = x * f
    zero = np.zeros(())
    if problem.upstream is None:
        return _worked(problem, Terms(nearest(sums), nearest(s), nearest(f), nearest(y), zero), as_exact(y), None)
    g = lift(problem.upstream)
    b = neighbours(g * y / s, problem.mirrored)
    inward = g * f - x * b * (share * (2 * problem.beta))
    terms = Terms(nearest(sums), nearest(s), nearest(f), nearest(y), nearest(b))
    return _worked(problem, terms, as_exact(y), as_exact(inward))


def neighbours(values: Value, distances: range) -> Value:
    """For each channel, the sum over the channels at these distances; those that are not there are zero."""
    if isinstance(values, Exact):
        return _summed_finely(values, distances)
    channels = values.shape[CHANNELS]
    total = np.zeros_like(values)
    for distance in distances:
        first, last = max(0, -distance), min(channels, channels - distance)
        if first < last:
            total[:, first:last] += values[:, first + distance : last + distance]
    return total


def _summed_finely(values: Exact, distances: range) -> Exact:
    total = as_exact(np.zeros(values.shape))
    for distance in distances:
        one = range(distance, distance + 1)
        total = total + Exact(neighbours(values.hi, one), neighbours(values.lo, one))
    return total


def _worked(problem: Response, terms: Terms, output: Exact, inward: Exact | None) -> Worked:
    form, x = format_of(problem.dtype), problem.x
    reached = _reached(problem, terms, form)
    nan = neighbours(np.isnan(x).astype(np.float64), problem.window) > 0
    parts = {
        "output": Part(
            output,
            lambda rounding, sliding: _forward(problem, terms, rounding, sliding)[0].error,
            np.abs(terms.y),
            np.maximum(1.0, terms.f),
            reached,
            nan,
            np.isinf(x),
            np.abs(terms.y),
        )
    }
    if inward is not None:
        assert problem.upstream is not None
        factor, sums = _weights(problem, terms)
        untouched = neighbours((~(reached & _slopes_held(problem, terms, form))).astype(np.float64), problem.mirrored)
        parts["gradient_input"] = Part(
            inward,
            lambda rounding, sliding: _backward(problem, terms, rounding, sliding),
            np.abs(problem.upstream * terms.f) + factor * sums,
            np.maximum(1.0, terms.f + factor * problem.size),
            untouched == 0,
            neighbours(nan.astype(np.float64), problem.mirrored) > 0,
            np.zeros(x.shape, np.bool_),
            np.ones(x.shape),
        )
    return Worked(problem.dtype, parts, lambda subject: _suspects(problem, terms, subject))


def _weights(problem: Response, terms: Terms) -> tuple[Floats, Floats]:
    """By what |B| is multiplied, and the sum of the sizes of what it adds up."""
    assert problem.upstream is not None
    factor = np.abs(2 * problem.alpha * problem.beta / problem.size * problem.x)
    return factor, neighbours(np.abs(problem.upstream * terms.y / terms.s), problem.mirrored)


def _reached(problem: Response, terms: Terms, form: Format) -> Flags:
    least, most = form.smallest_normal / form.u, form.largest / 4
    grown = 1 / terms.f
    flags: Flags = (terms.sums <= most) & (terms.s >= least) & (grown >= least) & (grown <= most)
    return flags


def _slopes_held(problem: Response, terms: Terms, form: Format) -> Flags:
    grown = terms.s / terms.f
    flags: Flags = (grown >= form.smallest_normal / form.u) & (grown <= form.largest / 4)
    return flags


def _forward(problem: Response, terms: Terms, rounding: Rounding, sliding: bool) -> tuple[Ran, Ran, Ran]:
    """The output, f and s."""
    x = rounding.given(problem.x)
    sums = _window(problem, rounding, rounding.times(x, x), problem.window, sliding)
    share = rounding.off(rounding.option(problem.alpha), 2)
    s = rounding.off(rounding.plus(rounding.times(Ran(terms.sums, sums.error), share), rounding.option(problem.k)), 1)
    s = Ran(terms.s, s.error)
    f = rounding.power(s, -problem.beta) if problem.beta else Ran(terms.f, np.zeros(()))
    off = np.abs(problem.beta * np.log(np.where(terms.s > 0, terms.s, 1.0)))
    f = rounding.off(Ran(terms.f, f.error), 1 + off)
    return rounding.times(x, f), f, s


def _window(problem: Response, rounding: Rounding, values: Ran, window: range, sliding: bool) -> Ran:
    """A sum over neighbours, taken anew for each channel or, `sliding`, from the one before."""
    h = growth(problem.size, problem.structured)
    total = rounding.total(values, h, lambda sizes: neighbours(sizes, window))
    if not sliding:
        return total
    largest = np.maximum.accumulate(neighbours(values.size, window), axis=CHANNELS)
    places = np.arange(1, largest.shape[CHANNELS] + 1, dtype=np.float64)
    before = places.reshape(-1, *[1] * (largest.ndim - CHANNELS - 1))
    return Ran(total.value, total.error + 2 * rounding.u * before * largest)


def _backward(problem: Response, terms: Terms, rounding: Rounding, sliding: bool) -> Floats:
    assert problem.upstream is not None
    g = rounding.given(problem.upstream)
    y, f, s = _forward(problem, terms, rounding, sliding)
    parts = rounding.times(rounding.times(g, y), rounding.inverse(s))
    b = Ran(terms.b, _window(problem, rounding, parts, problem.mirrored, sliding).error)
    factor, sums = _weights(problem, terms)
    share = rounding.off(rounding.times(rounding.option(problem.alpha), rounding.option(2 * problem.beta)), 1)
    share = Ran(share.value / problem.size, share.error / problem.size)
    through = rounding.times(rounding.times(rounding.given(problem.x), share), b)
    dx = rounding.plus(rounding.times(g, f), -through)
    return dx.error + 4 * rounding.u * (np.abs(g.value * terms.f) + factor * sums)


def _suspects(problem: Response, terms: Terms, subject: str) -> Iterator[Suspect]:
    """What each mistake would have given."""
    x, beta, k, share = problem.x, problem.beta, problem.k, problem.alpha / problem.size
    yield "every element is zero", np.zeros(x.shape)
    if subject == "gradient_input" and problem.upstream is not None:
        g = problem.upstream
        yield "the upstream gradient came back unchanged", g
        yield "the neighbours are taken as constants", g * terms.f
        mirrored = neighbours(g * terms.y / terms.s, problem.window)
        yield "the window is not mirrored in the gradient", g * terms.f - 2 * share * beta * x * mirrored
        return
    yield "the input came back unchanged", x
    yield "alpha is not divided by the size", x / (k + problem.alpha * terms.sums) ** beta
    yield "k is ignored", x / (share * terms.sums) ** beta
    yield "beta is ignored", x / terms.s
    other = neighbours(x * x, problem.mirrored)
    yield "of an even window the longer side is the other one", x / (k + share * other) ** beta
    symmetric = neighbours(x * x, range(-(problem.size // 2), problem.size // 2 + 1))
    yield "an even window has one channel too many", x / (k + share * symmetric) ** beta
