"""Spectral normalization of a dense layer: the exact answer, and its bounds by running errors.

    sigma = u K v,  W = K / sigma,  y = x W^T,  dx = g W
    dK = D / sigma - sum(D K) u^T v^T / sigma^2,  D = g^T x                     Miyato, Kataoka, Koyama, Yoshida 2018

In training u and v are iterated first, v = K^T u and u = K v, each divided by max(its length, epsilon), and are
constants under the gradient. PyTorch keeps u and v, begins an iteration with u, and divides by sigma in inference too.
Keras keeps u, begins with v, replaces the kernel by W, of which the gradient is D, and takes it as it finds it in
inference; a kernel of zeros is left alone.

The bound of a vector is on the Euclidean length of its error: a product stretches it by at most the kernel's largest
singular value, and dividing by the length takes away what is off along the vector. Element by element the errors of an
iteration would grow far beyond what any implementation shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from normcheck.adapters.arrays import floating
from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Exact, Floats, Lift, Value, as_exact, maximum, nearest, plain, sqrt
from ..arithmetic.formats import Format, format_of
from ..arithmetic.running import Ran, Rounding
from ..bounds.normalization import growth
from ..judgement.causes import Suspect
from .answered import Answered, Call, Held
from .dense import (
    laid,
    lifted,
    part,
    product,
    ran,
    ran_product,
    rows,
    sizes,
    spoilt_rows,
    transposed,
    with_axes,
)
from .worked import Part, Worked

KERAS_EPSILON = 1e-7
Error = Callable[[Rounding, float], Floats | float]


@dataclass(frozen=True, slots=True, eq=False)
class Spectral:
    """One call: K (units, n), u (units, 1), v (n, 1) or None. errors: what each may be off by already.

    iterations: of the power method in this call. right_first: an iteration begins with v. divided: by sigma.
    replaced: what is trained is W.
    """

    x: Floats
    dtype: str
    kernel: Floats
    u: Floats
    v: Floats | None
    errors: Mapping[str, Floats]
    iterations: int
    right_first: bool
    divided: bool
    replaced: bool
    epsilon: float
    upstream: Floats | None
    structured: bool


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """A column, and the Euclidean length of what it may be off by."""

    value: Floats
    error: float


def answered(call: Call) -> tuple[Answered, Mapping[str, Held]]:
    """The answer of a call of a case, with what it leaves of the vectors, and in Keras of the kernel."""
    with np.errstate(all="ignore"):
        problem = _problem(call)
        if lifted(call, problem.dtype):
            return _answered(call, problem, as_exact)
        return _answered(call, problem, plain)


def _problem(call: Call) -> Spectral:
    """The call in the layout above."""
    keras, options, weights = call.meant.dialect == "keras", call.meant.arguments, call.weights
    kernel = weights["kernel"].value.nearest
    trains = call.training and not (keras and not kernel.any())
    errors = {role: held.tolerance("A") for role, held in weights.items()}
    column = {role: error.reshape((-1, 1)) for role, error in errors.items() if role != "kernel"}
    u, v = _roles(call)
    return Spectral(
        x=rows(call.x),
        dtype=floating(call.meant.case.dtype),
        kernel=kernel.T if keras else kernel,
        u=weights[u].value.nearest.reshape((-1, 1)),
        v=weights[v].value.nearest.reshape((-1, 1)) if v in weights else None,
        errors={
            "u": column[u],
            "v": column.get(v, np.zeros((1, 1))),
            "kernel": errors["kernel"].T if keras else errors["kernel"],
        },
        iterations=int(options["power_iterations"]) if trains else 0,
        right_first=keras or v == "left",
        divided=trains or not keras,
        replaced=keras,
        epsilon=KERAS_EPSILON if keras else float(options["epsilon"]),
        upstream=None if call.upstream is None else rows(call.upstream),
        structured=call.structured,
    )


def _roles(call: Call) -> tuple[str, str]:
    """The roles of u and v. PyTorch calls the vector left that an iteration begins with, along `dim` of the kernel."""
    across = call.meant.dialect == "torch" and call.meant.arguments["dim"] % 2 == 1
    return ("right", "left") if across else ("left", "right")


def _answered(call: Call, problem: Spectral, lift: Lift[Value]) -> tuple[Answered, Mapping[str, Held]]:
    parts, vectors, w = solved(problem, lift)
    if problem.upstream is not None and problem.replaced:
        parts["gradient_kernel"] = laid(parts["gradient_kernel"], problem.kernel.T.shape, turned=True)
    changed = _changed(call, problem, vectors, w) if problem.iterations else {}
    parts = with_axes(parts, call.x.shape[:-1])
    return Worked(problem.dtype, parts, lambda subject: _suspects(problem, parts[subject], subject)), changed


def solved(problem: Spectral, lift: Lift[Value]) -> tuple[dict[str, Part], tuple[Value, Value], Value]:
    """The parts of the answer, u and v after the iterations, and W, in the layout above."""
    kernel = lift(problem.kernel)
    u, v = _iterated(problem, kernel, lift)
    sigma = product(transposed(u), product(transposed(v), kernel)) if problem.divided else lift(np.ones((1, 1)))
    w = kernel / sigma
    return _parts(problem, lift, kernel, w, (u, v, sigma)), (u, v), w


def _suspects(problem: Spectral, part: Part, subject: str) -> Iterator[Suspect]:
    """What each mistake would have given."""
    yield "every element is zero", np.zeros(part.exact.shape)
    if subject == "output":
        largest = _stretch(Ran(problem.kernel, np.zeros(())))
        shape, kernel = part.exact.shape, problem.kernel
        yield "the kernel is taken as it is", (problem.x @ kernel.T).reshape(shape)
        divided = problem.x @ (kernel / largest).T
        yield "the kernel is divided by its true largest singular value", divided.reshape(shape)


def _changed(call: Call, problem: Spectral, vectors: tuple[Value, Value], w: Value) -> dict[str, Held]:
    """What a call in training leaves of the vectors that are kept, and in Keras of the kernel."""
    form = format_of(problem.dtype)

    def held(role: str, value: Value, error: Error) -> Held:
        return _held(as_exact(value), error, call.weights[role].value.shape, form)

    def error_of(at: int) -> Error:
        return lambda rounding, stored: _vectors(problem, rounding, stored)[at].error

    changed = {
        role: held(role, vectors[at], error_of(at)) for at, role in enumerate(_roles(call)) if role in call.weights
    }
    if problem.replaced:
        changed["kernel"] = held(
            "kernel", transposed(w), lambda rounding, stored: _kernel(problem, rounding, stored).error.T
        )
    return changed


def _iterated(problem: Spectral, kernel: Value, lift: Lift[Value]) -> tuple[Value, Value]:
    """U and v, exactly; v is 0 where none is kept and none is needed."""
    u = lift(problem.u)
    v = lift(np.zeros((problem.kernel.shape[1], 1)) if problem.v is None else problem.v)
    for _ in range(problem.iterations):
        if problem.right_first:
            v = _unit(product(transposed(kernel), transposed(u)), problem.epsilon)
            u = _unit(product(kernel, transposed(v)), problem.epsilon)
        else:
            u = _unit(product(kernel, transposed(v)), problem.epsilon)
            v = _unit(product(transposed(kernel), transposed(u)), problem.epsilon)
    return u, v


def _unit(vector: Value, epsilon: float) -> Value:
    unit: Value = vector / maximum(sqrt((vector * vector).sum(axis=(0, 1), keepdims=True)), epsilon)
    return unit


def _vectors(problem: Spectral, rounding: Rounding, stored: float = 0.0) -> tuple[Vector, Vector]:
    """The vectors u and v with their errors. stored: the relative error of keeping one between two products."""
    kernel = _given(problem, "kernel", problem.kernel, rounding)
    turned = ran(kernel, np.transpose)
    u, v = (_kept(problem, role, values) for role, values in (("u", problem.u), ("v", problem.v)))
    for _ in range(problem.iterations):
        if problem.right_first:
            v = _iterate(problem, rounding, turned, u, stored)
            u = _iterate(problem, rounding, kernel, v, stored)
        else:
            u = _iterate(problem, rounding, kernel, v, stored)
            v = _iterate(problem, rounding, turned, u, stored)
    return u, v


def _kept(problem: Spectral, role: str, values: Floats | None) -> Vector:
    """A vector as the call finds it; zeros where none is kept."""
    if values is None:
        return Vector(np.zeros((problem.kernel.shape[1], 1)), 0.0)
    return Vector(values, _length(problem.errors[role]))


def _length(values: Floats) -> float:
    return float(np.sqrt(np.square(values).sum()))


def _given(problem: Spectral, role: str, values: Floats, rounding: Rounding) -> Ran:
    given = rounding.given(values)
    return Ran(given.value, given.error + problem.errors[role])


def _iterate(problem: Spectral, rounding: Rounding, kernel: Ran, vector: Vector, stored: float) -> Vector:
    """The product with the kernel, divided by its length, which takes away what is off along it."""
    raw = kernel.value @ vector.value
    size = np.abs(kernel.value) @ np.abs(vector.value)
    (m, n), length = kernel.value.shape, _length(raw)
    rounded = (growth(n, problem.structured) + 1) * rounding.u * _length(size) + m * rounding.least
    error = rounded + _stretch(kernel) * vector.error + _length(kernel.error) * (_length(vector.value) + vector.error)
    roundings = (growth(m, problem.structured) / 2 + 4) * rounding.u
    if length <= problem.epsilon:
        made = raw / problem.epsilon
        return Vector(made, error / problem.epsilon + (roundings + stored) * _length(made))
    off = error / (length - error) if error < length else np.inf
    return Vector(raw / length, off + roundings + stored)


def _stretch(kernel: Ran) -> float:
    """The largest factor by which the kernel makes a vector longer."""
    finite = bool(np.isfinite(kernel.value).all()) and kernel.value.size
    return float(np.linalg.norm(kernel.value, 2)) if finite else np.inf


def _kernel(problem: Spectral, rounding: Rounding, stored: float = 0.0) -> Ran:
    """W with its error; sums of sizes leave the order of the products in sigma open."""
    kernel = _given(problem, "kernel", problem.kernel, rounding)
    if not problem.divided:
        return kernel
    return rounding.times(kernel, rounding.inverse(_sigma(problem, rounding, stored)))


def _sigma(problem: Spectral, rounding: Rounding, stored: float = 0.0) -> Ran:
    kernel = _given(problem, "kernel", problem.kernel, rounding)
    u, v = _vectors(problem, rounding, stored)
    right, left = kernel.value @ v.value, kernel.value.T @ u.value
    passed = u.error * (_length(right) + _stretch(kernel) * v.error) + _length(left) * v.error
    longest = (_length(u.value) + u.error) * (_length(v.value) + v.error)
    h = sum(growth(n, problem.structured) for n in problem.kernel.shape) + 2
    rounded = h * rounding.u * np.abs(u.value).T @ np.abs(kernel.value) @ np.abs(v.value)
    return Ran(u.value.T @ right, rounded + passed + _length(kernel.error) * longest)


def _parts(
    problem: Spectral, lift: Lift[Value], kernel: Value, w: Value, vectors: tuple[Value, Value, Value]
) -> dict[str, Part]:
    u, v, sigma = vectors
    x, structured = lift(problem.x), problem.structured
    size_w = np.abs(nearest(w))
    reached = _reached(problem, nearest(kernel), format_of(problem.dtype))
    parts = {
        "output": part(
            product(x, w),
            lambda r: ran_product(r, r.given(problem.x), _kernel(problem, r), structured).error,
            sizes(problem.x, size_w),
            reached,
            spoilt_rows(problem.x),
        )
    }
    if problem.upstream is None:
        return parts
    upstream, g = problem.upstream, lift(problem.upstream)
    d = product(transposed(g), transposed(x))
    size_d = sizes(upstream.T, problem.x.T)
    parts["gradient_input"] = part(
        product(g, transposed(w)),
        lambda r: ran_product(r, r.given(upstream), ran(_kernel(problem, r), np.transpose), structured).error,
        sizes(upstream, size_w.T),
        reached,
    )
    if problem.replaced:
        parts["gradient_kernel"] = part(d, lambda r: _direct(problem, r).error, size_d, reached)
        return parts
    t = (d * kernel).sum(axis=(0, 1), keepdims=True) / sigma
    size_t = (size_d * np.abs(problem.kernel)).sum() / np.abs(nearest(sigma))
    outer = np.abs(nearest(u)) @ np.abs(nearest(v)).T
    size = (size_d + size_t * outer) / np.abs(nearest(sigma))
    exact = (d - product(u, v) * t) / sigma
    parts["gradient_kernel"] = part(exact, lambda r: _through(problem, r, size), size, reached)
    return parts


def _reached(problem: Spectral, kernel: Floats, form: Format) -> bool:
    """Whether no square on the way is outside the domain."""
    s = float((kernel**2).sum())
    return not problem.divided or form.smallest_normal / form.u <= s <= form.largest / 4


def _direct(problem: Spectral, rounding: Rounding) -> Ran:
    """D with its error."""
    assert problem.upstream is not None
    g, x = (rounding.given(one.T) for one in (problem.upstream, problem.x))
    return ran_product(rounding, g, x, problem.structured)


def _through(problem: Spectral, rounding: Rounding, size: Floats) -> Floats:
    """The error of the gradient through sigma; 8u of the sizes of its terms leave their order open."""
    kernel, d = rounding.given(problem.kernel), _direct(problem, rounding)
    u, v = _vectors(problem, rounding)
    inverse = rounding.inverse(_sigma(problem, rounding))
    h = growth(problem.kernel.size, problem.structured)
    t = rounding.total(rounding.times(d, kernel), h, lambda values: values.sum(keepdims=True))
    outer = rounding.times(
        Ran(u.value, np.full_like(u.value, u.error)), Ran(v.value.T, np.full_like(v.value.T, v.error))
    )
    back = rounding.times(outer, rounding.times(t, inverse))
    total: Floats = rounding.times(inverse, rounding.plus(d, -back)).error + 8 * rounding.u * size
    return total


def _held(value: Exact, error: Error, shape: tuple[int, ...], form: Format) -> Held:
    """What is kept: rounded once at grade A; from A2 on as well between two products, and twice more."""

    def tolerance(grade: Grade) -> Floats:
        once = grade in ("A", "B1")
        rounding = Rounding(form.u_output if grade == "C" else form.u, form.smallest_normal)
        with np.errstate(all="ignore"):
            c = np.broadcast_to(error(rounding, 0.0 if once else form.u_output), value.shape)
            t: Floats = c + 0.5 * form.ulp(np.abs(value.nearest) + c)
        if not once:
            t = t + 2 * (2 * form.u_output * np.abs(value.nearest) + form.smallest_subnormal)
        return np.where(np.isnan(t), np.inf, t).reshape(shape)

    return Held(value.reshape(shape), tolerance, np.ones(shape, np.bool_))
