"""Weight normalization of a dense layer: the exact answer, and its bounds by running errors.

With v the direction, m the magnitude, sums over the elements of v that share a magnitude, and D = g^T x:

    s = sum v^2,  c = m / sqrt s,  W = c v,  y = x W^T,  dx = g W
    dm = sum(D v) / sqrt s,  dv = c (D - v sum(D v) / s)                        Salimans and Kingma 2016

In the domain: N/u <= s <= max / 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from normcheck.adapters.arrays import floating

from ..arithmetic.exact import Floats, Lift, Value, as_exact, nearest, plain, sqrt
from ..arithmetic.formats import format_of
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


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """One call. v: (units, n); m: the same, or 1 where it is shared; axes: over which it is shared."""

    x: Floats
    dtype: str
    v: Floats
    m: Floats
    axes: tuple[int, ...]
    upstream: Floats | None
    structured: bool

    @property
    def h(self) -> int:
        """By how many roundings a sum over what shares a magnitude is off."""
        return growth(math.prod(self.v.shape[axis] for axis in self.axes), self.structured)


def answered(call: Call) -> tuple[Answered, Mapping[str, Held]]:
    """The answer of a call of a case; no weight changes."""
    case, turned = call.meant.case, call.meant.dialect in ("keras", "flax")
    v, dim = call.weights["direction"].value.nearest, call.meant.arguments["dim"]
    v = v.T if turned else v
    kept = None if dim is None else (1 - dim % 2 if turned else dim % 2)
    m = call.weights["magnitude"].value.nearest
    problem = Weighted(
        x=rows(call.x),
        dtype=floating(case.dtype),
        v=v,
        m=m.reshape(tuple(size if axis == kept else 1 for axis, size in enumerate(v.shape))),
        axes=tuple(axis for axis in (0, 1) if axis != kept),
        upstream=None if call.upstream is None else rows(call.upstream),
        structured=call.structured,
    )
    with np.errstate(all="ignore"):
        parts = solved(problem, as_exact) if lifted(call, problem.dtype) else solved(problem, plain)
    if problem.upstream is not None:
        parts["gradient_magnitude"] = laid(parts["gradient_magnitude"], m.shape)
        parts["gradient_direction"] = laid(parts["gradient_direction"], v.T.shape if turned else v.shape, turned)
    parts = with_axes(parts, call.x.shape[:-1])
    return Worked(problem.dtype, parts, lambda subject: _suspects(problem, parts[subject], subject)), {}


def _suspects(problem: Weighted, part: Part, subject: str) -> Iterator[Suspect]:
    """What each mistake would have given."""
    yield "every element is zero", np.zeros(part.exact.shape)
    if subject == "output":
        length = np.sqrt(np.square(problem.v).sum(axis=problem.axes, keepdims=True))
        shape = part.exact.shape
        yield "the direction is taken as the kernel", (problem.x @ problem.v.T).reshape(shape)
        yield "the direction is not divided by its length", (problem.x @ (problem.m * problem.v).T).reshape(shape)
        yield "the magnitude is ignored", (problem.x @ (problem.v / length).T).reshape(shape)


def solved(problem: Weighted, lift: Lift[Value]) -> dict[str, Part]:
    """The parts of the answer, in the layout above."""
    x, v, m, axes = lift(problem.x), lift(problem.v), lift(problem.m), problem.axes
    s = (v * v).sum(axis=axes, keepdims=True)
    length = sqrt(s)
    c = m / length
    w = c * v
    form = format_of(problem.dtype)
    reached = bool(((nearest(s) <= form.largest / 4) & (nearest(s) >= form.smallest_normal / form.u)).all())
    size_w = np.abs(nearest(w))
    parts = {
        "output": part(
            product(x, w),
            lambda rounding: (
                ran_product(
                    rounding, rounding.given(problem.x), _kernel(problem, rounding)[0], problem.structured
                ).error
            ),
            sizes(problem.x, size_w),
            reached,
            spoilt_rows(problem.x),
        )
    }
    if problem.upstream is None:
        return parts
    g = lift(problem.upstream)
    d = product(transposed(g), transposed(x))
    t = (d * v).sum(axis=axes, keepdims=True)
    size_d = sizes(problem.upstream.T, problem.x.T)
    size_t = (size_d * np.abs(problem.v)).sum(axis=axes, keepdims=True)
    size_c = np.abs(nearest(c))
    turned = transposed(w)
    parts["gradient_input"] = part(
        product(g, turned), lambda rounding: _inward(problem, rounding), sizes(problem.upstream, size_w.T), reached
    )
    parts["gradient_magnitude"] = part(
        t / length, lambda rounding: _backward(problem, rounding)[0], size_t / nearest(length), reached
    )
    parts["gradient_direction"] = part(
        c * (d - v * (t / s)),
        lambda rounding: _backward(problem, rounding)[1],
        size_c * (size_d + np.abs(problem.v) * size_t / nearest(s)),
        reached,
    )
    return parts


def _kernel(problem: Weighted, rounding: Rounding) -> tuple[Ran, Ran, Ran]:
    """W, c and 1 / sqrt s."""
    v = rounding.given(problem.v)
    s = rounding.total(rounding.power(_sized(v), 2.0), problem.h, _over(problem))
    inverse = rounding.inverse(rounding.power(s, 0.5))
    c = rounding.times(rounding.given(problem.m), inverse)
    return rounding.times(c, v), c, inverse


def _sized(v: Ran) -> Ran:
    """The magnitudes of the elements."""
    return Ran(np.abs(v.value), v.error)


def _over(problem: Weighted) -> Callable[[Floats], Floats]:
    return lambda values: values.sum(axis=problem.axes, keepdims=True)


def _inward(problem: Weighted, rounding: Rounding) -> Floats:
    assert problem.upstream is not None
    w = ran(_kernel(problem, rounding)[0], np.transpose)
    return ran_product(rounding, rounding.given(problem.upstream), w, problem.structured).error


def _backward(problem: Weighted, rounding: Rounding) -> tuple[Floats, Floats]:
    """The errors of dm and of dv; 4u of the sizes of its terms leave their order open."""
    assert problem.upstream is not None
    _, c, inverse = _kernel(problem, rounding)
    v = rounding.given(problem.v)
    g, x = (rounding.given(one.T) for one in (problem.upstream, problem.x))
    d = ran_product(rounding, g, x, problem.structured)
    t = rounding.total(rounding.times(d, v), problem.h, _over(problem))
    along = rounding.times(t, rounding.times(inverse, inverse))
    dv = rounding.times(c, rounding.plus(d, -rounding.times(v, along)))
    size_d = sizes(problem.upstream.T, problem.x.T)
    size_t = _over(problem)(size_d * np.abs(problem.v)) * np.abs(inverse.value)
    slack = 4 * rounding.u * np.abs(c.value) * (size_d + np.abs(problem.v) * size_t * np.abs(inverse.value))
    return rounding.times(t, inverse).error + 4 * rounding.u * size_t, dv.error + slack
