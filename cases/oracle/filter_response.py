"""Filter response normalization: the exact answer, and how far from it a right implementation may be.

Over the n positions of one channel of one example, with e = |epsilon| + |learned epsilon|:

    s = sum x^2 / n + e,  r = s^(-1/2),  z = x r,  t = gamma z + beta,  y = max(t, tau), or t without a threshold
    h = g where t > tau, else 0;  a = h gamma;  A = sum(a z)
    dx = r (a - z A / n),  dgamma = sum(h z),  dbeta = sum h,  dtau = sum(g - h)
    dlearned = -sign(learned) / 2 * sum(A r^2)                  over all examples and channels

Singh and Krishnan 2019, sections 3.1 and 3.2; the derivatives are theirs, equations 7 to 9, with the one of epsilon.
A parameter's sums go over all that shares it: one value for every channel, and one learned epsilon in all.

The bounds follow the formulas, operation by operation (`running`), with these ways left open: one spare rounding of s,
for the mean (a division, or a product with 1 / n) and for the order in which the two epsilons are added; 4u of the
sizes of the terms of dx, and of what a parameter's gradient adds up, for factors in another order.

In the domain: sum x^2 <= max / 4 and s >= N/u; for gradients s^(3/2) within N/u and max / 4. A threshold has no
derivative where t and tau are the same, and which of the two is larger cannot be told where they differ by less than
the bound of grade A2: such an element has an output to be judged, but no gradient is judged that it has a part in,
that of the input in its channel of its example, of gamma, beta and tau in its channel, and of the learned epsilon.
There is no derivative of |learned epsilon| at 0 either.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..arithmetic.exact import Exact, Floats, Lift, Value, as_exact, nearest, plain, sqrt
from ..arithmetic.formats import Format, format_of
from ..arithmetic.running import Ran, Rounding
from ..bounds.normalization import growth
from ..judgement.causes import Suspect
from .answered import Answered, Call, Flags, Held
from .worked import Part, Worked


@dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """One filter response normalization; arrays are float64 and hold exact values.

    gamma, beta, tau: of shape (1, ..., channels); tau is None without a threshold. learned: of one element, or None.
    """

    x: Floats
    dtype: str
    axes: tuple[int, ...]
    epsilon: float
    gamma: Floats
    beta: Floats
    learned: Floats | None = None
    tau: Floats | None = None
    upstream: Floats | None = None
    structured: bool = False

    @property
    def count(self) -> int:
        """n: how many elements share a mean."""
        return math.prod(self.x.shape[axis] for axis in self.axes)

    @property
    def shared(self) -> tuple[int, ...]:
        """The axes along which gamma is one value."""
        return tuple(range(self.x.ndim - 1))

    def h(self, axes: tuple[int, ...]) -> int:
        """By how many roundings a sum over `axes` is off."""
        return growth(math.prod(self.x.shape[axis] for axis in axes), self.structured)


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What the answer was made of, rounded to float64. above: t is more than tau; along: A."""

    sums: Floats
    s: Floats
    r: Floats
    z: Floats
    t: Floats
    above: Flags
    h: Floats
    along: Floats


def answered(call: Call) -> tuple[Answered, Mapping[str, Held]]:
    """The answer of a call of a case; no weight changes."""
    axis = call.meant.arguments["axis"]
    held = {role: one.value.nearest for role, one in call.weights.items()}
    problem = Filtered(
        x=call.x,
        dtype=call.meant.case.output_dtype,
        axes=axis if isinstance(axis, tuple) else (axis,),
        epsilon=float(call.meant.arguments["epsilon"]),
        gamma=held["gamma"],
        beta=held["beta"],
        learned=held.get("learned_epsilon"),
        tau=held.get("tau"),
        upstream=call.upstream,
        structured=call.structured,
    )
    return solve(problem, call.finely), {}


def solve(problem: Filtered, finely: bool = False) -> Worked:
    """The exact answer, in double-double for float64, or `finely` for every dtype."""
    with np.errstate(all="ignore"):
        if finely or problem.dtype == "float64":
            return _solve(problem, as_exact)
        return _solve(problem, plain)


def _solve(problem: Filtered, lift: Lift[Value]) -> Worked:
    x, axes = lift(problem.x), problem.axes
    sums = (x * x).sum(axis=axes, keepdims=True)
    s = sums / float(problem.count) + _epsilon(problem, lift)
    r = lift(np.ones(())) / sqrt(s)
    z = x * r
    t = z * problem.gamma + problem.beta
    above = np.ones(problem.x.shape, np.bool_) if problem.tau is None else ~(nearest(t) <= problem.tau)
    output = _larger(as_exact(t), problem.tau, above)
    h = np.zeros(()) if problem.upstream is None else np.where(above, problem.upstream, 0.0)
    along = (lift(h) * problem.gamma * z).sum(axis=axes, keepdims=True)
    terms = Terms(nearest(sums), nearest(s), nearest(r), nearest(z), nearest(t), above, h, nearest(along))
    parts = {"output": _output(problem, terms, output)}
    if problem.upstream is not None:
        dx = r * (lift(h) * problem.gamma - z * (along / float(problem.count)))
        parts |= {"gradient_input": _inward(problem, terms, as_exact(dx))}
        sized = {"gamma": (lift(h) * z, np.abs(h * terms.z)), "beta": (lift(h), np.abs(h))}
        if problem.tau is not None:
            below = problem.upstream - h
            sized["tau"] = lift(below), np.abs(below)
        parts |= {f"gradient_{role}": _shared(problem, terms, role, *one) for role, one in sized.items()}
        if problem.learned is not None:
            moved = (along * r * r).sum(axis=tuple(range(problem.x.ndim)), keepdims=True) * -0.5
            slope = as_exact(moved * np.sign(problem.learned)).reshape(problem.learned.shape)
            parts["gradient_learned_epsilon"] = _of_epsilon(problem, terms, slope)
    return Worked(problem.dtype, parts, lambda subject: _suspects(problem, terms, subject))


def _epsilon(problem: Filtered, lift: Lift[Value]) -> Value:
    """|epsilon| + |learned epsilon|, one element."""
    given = lift(np.asarray([abs(problem.epsilon)]))
    return given if problem.learned is None else given + np.abs(problem.learned.reshape(1))


def _larger(t: Exact, tau: Floats | None, above: Flags) -> Exact:
    if tau is None:
        return t
    return Exact(np.where(above, t.hi, tau), np.where(above, t.lo, 0.0))


def _output(problem: Filtered, terms: Terms, exact: Exact) -> Part:
    form, shape = format_of(problem.dtype), problem.x.shape
    nan = np.broadcast_to(np.isnan(problem.x).any(axis=problem.axes, keepdims=True), shape)
    return Part(
        exact,
        lambda rounding, _: _forward(problem, terms, rounding)[2].error,
        np.abs(problem.gamma * terms.z) + np.abs(problem.beta),
        np.maximum(1.0, np.abs(problem.gamma)),
        np.broadcast_to(_reached(problem, terms, form), shape),
        nan,
        np.isinf(problem.x),
        np.broadcast_to(np.abs(problem.gamma) + np.abs(problem.beta), shape),
    )


def _inward(problem: Filtered, terms: Terms, exact: Exact) -> Part:
    shape = problem.x.shape
    sized, through = _sizes(problem, terms)
    known = _sloped(problem, terms).all(axis=problem.axes, keepdims=True)
    nan = np.isnan(problem.x).any(axis=problem.axes, keepdims=True)
    return Part(
        exact,
        lambda rounding, _: _backward(problem, terms, rounding)[0],
        terms.r * (sized + through),
        np.maximum(1.0, terms.r * (1 + 2 * np.abs(terms.z))),
        np.broadcast_to(known, shape),
        np.broadcast_to(nan, shape),
        np.zeros(shape, np.bool_),
        np.ones(shape),
    )


def _sizes(problem: Filtered, terms: Terms) -> tuple[Floats, Floats]:
    """|a|, and |z| mean |a z|."""
    sized = np.abs(terms.h * problem.gamma)
    mean = (sized * np.abs(terms.z)).sum(axis=problem.axes, keepdims=True) / problem.count
    return sized, np.abs(terms.z) * mean


def _shared(problem: Filtered, terms: Terms, role: str, values: Value, sizes: Floats) -> Part:
    """The gradient of a parameter that every channel has one of, a sum of `values`."""
    axes = problem.shared
    exact = as_exact(values.sum(axis=axes, keepdims=True))
    total = sizes.sum(axis=axes, keepdims=True)
    known: Flags = np.asarray(_sloped(problem, terms).all(axis=axes, keepdims=True))
    nan: Flags = np.asarray(np.isnan(problem.x).any(axis=axes, keepdims=True))
    nothing: Flags = np.zeros(exact.shape, np.bool_)

    def error(rounding: Rounding, _: bool) -> Floats:
        ran = _terms_of(problem, terms, role, rounding)
        summed = rounding.total(ran, problem.h(axes), lambda each: each.sum(axis=axes, keepdims=True))
        return np.asarray(summed.error + 4 * rounding.u * total, np.float64)

    weight = np.maximum(1.0, float(math.prod(problem.x.shape[axis] for axis in axes)) if role == "gamma" else 1.0)
    free = problem.tau is None and role == "beta"
    reached: Flags = np.ones(exact.shape, np.bool_) if free else known
    missing: Flags = nan if role == "gamma" else nothing
    return Part(exact, error, total, np.full(exact.shape, weight), reached, missing, nothing, np.ones(exact.shape))


def _terms_of(problem: Filtered, terms: Terms, role: str, rounding: Rounding) -> Ran:
    """What the gradient of gamma, beta or tau adds up, with its errors."""
    assert problem.upstream is not None
    if role == "gamma":
        return rounding.times(rounding.given(terms.h), _forward(problem, terms, rounding)[1])
    return rounding.given(terms.h if role == "beta" else problem.upstream - terms.h)


def _of_epsilon(problem: Filtered, terms: Terms, exact: Exact) -> Part:
    assert problem.learned is not None
    sized = (np.abs(terms.h * problem.gamma * terms.z)).sum(axis=problem.axes, keepdims=True) * terms.r**2
    known = bool(_sloped(problem, terms).all()) and bool((problem.learned != 0).all())
    shape = exact.shape
    return Part(
        exact,
        lambda rounding, _: np.broadcast_to(_backward(problem, terms, rounding)[1], shape),
        np.full(shape, sized.sum() / 2),
        np.full(shape, max(1.0, float(problem.count * (terms.r**2).sum()))),
        np.full(shape, known),
        np.full(shape, bool(np.isnan(problem.x).any())),
        np.zeros(shape, np.bool_),
        np.ones(shape),
    )


def _reached(problem: Filtered, terms: Terms, form: Format) -> Flags:
    """Which groups depend on nothing outside the domain, one flag per group."""
    flags: Flags = (terms.sums <= form.largest / 4) & (terms.s >= form.smallest_normal / form.u)
    return flags


def _sloped(problem: Filtered, terms: Terms) -> Flags:
    """Where an element's part in the gradients is known, whatever the numbers are rounded to."""
    form = format_of(problem.dtype)
    cubed = terms.s**1.5
    held = _reached(problem, terms, form) & (cubed >= form.smallest_normal / form.u) & (cubed <= form.largest / 4)
    flags: Flags = np.broadcast_to(held, problem.x.shape) & _clear(problem, terms, form)
    return flags


def _clear(problem: Filtered, terms: Terms, form: Format) -> Flags:
    """Where t and tau differ by more than the bound of grade A2; everywhere without a threshold."""
    if problem.tau is None:
        return np.ones(problem.x.shape, np.bool_)
    error = _forward(problem, terms, Rounding(form.u, form.smallest_normal))[2].error
    size = np.abs(problem.gamma * terms.z) + np.abs(problem.beta)
    stored = 2 * (2 * form.u_output * size + form.smallest_subnormal * np.maximum(1.0, np.abs(problem.gamma)))
    bound = error + form.ulp(np.abs(terms.t) + error) / 2 + stored
    flags: Flags = np.abs(terms.t - problem.tau) > bound
    return flags


def _forward(problem: Filtered, terms: Terms, rounding: Rounding) -> tuple[Ran, Ran, Ran]:
    """r, z and the output."""
    x, axes = rounding.given(problem.x), problem.axes
    sums = rounding.total(rounding.times(x, x), problem.h(axes), lambda values: values.sum(axis=axes, keepdims=True))
    mean = rounding.off(Ran(terms.sums / problem.count, sums.error / problem.count), 2)
    e = rounding.option(abs(problem.epsilon))
    if problem.learned is not None:
        e = rounding.plus(e, rounding.given(np.abs(problem.learned.reshape(1))))
    s = rounding.off(rounding.plus(mean, e), 1)
    r = Ran(terms.r, rounding.inverse(rounding.power(Ran(terms.s, s.error), 0.5)).error)
    z = Ran(terms.z, rounding.times(x, r).error)
    scaled = rounding.times(rounding.given(np.broadcast_to(problem.gamma, problem.x.shape)), z)
    t = rounding.plus(scaled, rounding.given(np.broadcast_to(problem.beta, problem.x.shape)))
    off = t.error if problem.tau is None else np.maximum(t.error, rounding.given(problem.tau).error)
    return r, z, Ran(terms.t, off)


def _backward(problem: Filtered, terms: Terms, rounding: Rounding) -> tuple[Floats, Floats]:
    """The errors of dx and of the learned epsilon's gradient."""
    axes, n = problem.axes, problem.count
    every = tuple(range(problem.x.ndim))
    r, z, _ = _forward(problem, terms, rounding)
    a = rounding.times(rounding.given(terms.h), rounding.given(np.broadcast_to(problem.gamma, problem.x.shape)))
    total = rounding.total(rounding.times(a, z), problem.h(axes), lambda values: values.sum(axis=axes, keepdims=True))
    along = Ran(terms.along, total.error)
    mean = rounding.off(Ran(along.value / n, along.error / n), 2)
    dx = rounding.times(r, rounding.plus(a, -rounding.times(z, mean)))
    sized, through = _sizes(problem, terms)
    slack = 4 * rounding.u * np.abs(r.value) * (sized + through)
    moved = rounding.times(rounding.times(along, r), r)
    groups = tuple(axis for axis in every if axis not in axes)
    summed = rounding.total(moved, problem.h(groups), lambda values: values.sum(axis=every))
    spread = 4 * rounding.u * ((sized * np.abs(terms.z)).sum(axis=axes, keepdims=True) * r.value**2).sum()
    return dx.error + slack, (summed.error + spread) / 2


def _suspects(problem: Filtered, terms: Terms, subject: str) -> Iterator[Suspect]:
    """What each mistake would have given."""
    if subject == "output":
        yield from _outputs(problem, terms)
        return
    assert problem.upstream is not None
    if subject != "gradient_input":
        yield from _of_weights(problem, terms, subject)
    else:
        a = problem.upstream * problem.gamma
        yield "every element is zero", np.zeros(problem.x.shape)
        yield "the upstream gradient came back unchanged", problem.upstream
        yield "the mean of the squares is taken as a constant", terms.h * problem.gamma * terms.r
        through = terms.z * (a * terms.z).sum(axis=problem.axes, keepdims=True) / problem.count
        yield "the threshold lets all of the gradient through", terms.r * (a - through)


def _of_weights(problem: Filtered, terms: Terms, subject: str) -> Iterator[Suspect]:
    g = problem.upstream if problem.upstream is not None else terms.h
    if subject == "gradient_learned_epsilon":
        assert problem.learned is not None
        total = -(terms.along * terms.r**2).sum() / 2
        yield "every element is zero", np.zeros(problem.learned.shape)
        yield "the sign of the learned epsilon is ignored", np.full(problem.learned.shape, total)
        return
    summed = {"gradient_gamma": terms.h * terms.z, "gradient_beta": terms.h, "gradient_tau": g - terms.h}[subject]
    right = summed.sum(axis=problem.shared, keepdims=True)
    yield "every element is zero", np.zeros(right.shape)
    yield "the mean stands where the sum is meant", summed.mean(axis=problem.shared, keepdims=True)
    through = {"gradient_gamma": g * terms.z, "gradient_beta": g, "gradient_tau": g}[subject]
    yield "the threshold lets all of the gradient through", through.sum(axis=problem.shared, keepdims=True)


def _outputs(problem: Filtered, terms: Terms) -> Iterator[Suspect]:
    x, axes, n = problem.x, problem.axes, problem.count
    epsilon = float(nearest(_epsilon(problem, plain))[0])

    def given(s: Floats, values: Floats = x) -> Floats:
        t = problem.gamma * values / np.sqrt(s) + problem.beta
        return np.broadcast_to(t if problem.tau is None else np.maximum(t, problem.tau), x.shape)

    yield "every element is zero", np.zeros(x.shape)
    yield "the input came back unchanged", x
    yield (
        "the mean is subtracted, as in instance normalization",
        given(x.var(axis=axes, keepdims=True) + epsilon, x - x.mean(axis=axes, keepdims=True)),
    )
    yield "the sum of the squares stands where their mean is meant", given(terms.sums + epsilon)
    yield "epsilon is ignored", given(terms.sums / n)
    yield "epsilon is added to the root, and not under it", given((np.sqrt(terms.sums / n) + epsilon) ** 2)
    if problem.learned is not None:
        yield "the learned epsilon is ignored", given(terms.sums / n + abs(problem.epsilon))
        signed = abs(problem.epsilon) + problem.learned.reshape(1)
        yield "the learned epsilon is added with its sign", given(terms.sums / n + signed)
    if problem.tau is not None:
        yield "the threshold is ignored", terms.t
        yield "zero stands where the threshold is meant", np.maximum(terms.t, 0.0)
    for other in ((1,), (2,), (1, 2, 3), (0, 1, 2), (3,)):
        if other != axes and max(other) < x.ndim:
            yield (
                f"the mean is taken over {_named(other)}",
                given(np.square(x).mean(axis=other, keepdims=True) + epsilon),
            )


def _named(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
