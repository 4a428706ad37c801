"""What the tests of the numeric core share: random problems, and the same formulas in arbitrary precision."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from normcheck.adapters.arrays import decode
from normcheck.cases.arithmetic.exact import Exact
from normcheck.cases.bounds.domain import masks
from normcheck.cases.bounds.grades import Measure, measure
from normcheck.cases.bounds.normalization import Bounds, exact_of
from normcheck.cases.oracle.answered import Subject
from normcheck.cases.oracle.normalization import Answer, Layout, Problem
from normcheck.cases.requests.inputs import drawn, generate, structured

SUBJECTS: tuple[Subject, ...] = ("output", "gradient_input", "gradient_gamma", "gradient_beta")


def problem(layout: Layout, family: str = "normal", dtype: str = "float32", seed: str = "s", **fields: Any) -> Problem:
    """A problem with an input of a family and drawn parameters and upstream gradient."""
    epsilon = fields.pop("epsilon", 1e-3)
    fields.setdefault("structured", structured(family))
    return Problem(
        decode(generate(family, layout.shape, dtype, seed, epsilon)).astype(np.float64),
        dtype,
        layout,
        epsilon,
        gamma=fields.pop("gamma", values("gamma", layout.parameter_shape, seed)),
        beta=fields.pop("beta", values("beta", layout.parameter_shape, seed)),
        upstream=fields.pop("upstream", values("upstream", layout.shape, seed)),
        **fields,
    )


def values(role: str, shape: tuple[int, ...], seed: str = "s") -> NDArray[np.float64]:
    """Drawn values as float64."""
    return decode(drawn(role, shape, "float32", seed)).astype(np.float64)


def rows(*shape: int) -> Layout:
    """Layer normalization over the last axis."""
    last = len(shape) - 1
    return Layout(shape, None, (last,), (last,))


def graded(answer: Answer, got: NDArray[Any], subject: Subject = "output") -> Measure:
    """The measure of `got`."""
    bounds = Bounds(answer)
    return measure(
        got,
        exact_of(answer, subject),
        lambda grade: bounds.tolerance(subject, grade),
        masks(bounds, subject),
        answer.problem.dtype,
    )


def number(value: Exact, index: tuple[int, ...]) -> mpmath.mpf:
    """One element of a double-double array, exactly."""
    return mpmath.mpf(float(value.hi[index])) + mpmath.mpf(float(value.lo[index]))


def precise(asked: Problem, moved: NDArray[Any] | None = None) -> dict[str, NDArray[Any]]:
    """Output and gradients as object arrays of mpmath numbers: loops over elements, nothing shared with the oracle.

    moved: what is added to the input first, mpmath numbers in the split shape.
    """
    layout = asked.layout
    shape = layout.split_shape
    x = numbers(asked.x, shape) if moved is None else numbers(asked.x, shape) + moved
    gamma = parameters(asked.gamma, layout, 1)
    beta = parameters(asked.beta, layout, 0)
    groups = {}
    for index in itertools.product(*map(range, shape)):
        groups.setdefault(tuple(index[k] for k in range(len(shape)) if k not in layout.reduce_axes), []).append(index)
    out = {name: np.full(shape, mpmath.mpf(0), object) for name in ("output", "gradient_input", "z")}
    moments = {}
    g = numbers(asked.upstream, shape)
    for place, (group, members) in enumerate(groups.items()):
        mean, variance, scale, subtract = group_moments(asked, x, members, place)
        moments[group] = (mean, variance)
        z = {i: (x[i] - subtract) * scale for i in members}
        a = {i: g[i] * gamma[i] for i in members}
        c1 = mpmath.fsum(a.values()) / len(members) if asked.centred else mpmath.mpf(0)
        c2 = mpmath.fsum(a[i] * z[i] for i in members) / len(members)
        for i in members:
            out["z"][i] = z[i]
            out["output"][i] = gamma[i] * z[i] + beta[i] + (mean if asked.invert else 0)
            computed = asked.statistics is None
            out["gradient_input"][i] = scale * (a[i] - c1 - z[i] * c2) if computed else scale * a[i]
    out["gradient_gamma"] = summed(layout, g * out.pop("z"))
    out["gradient_beta"] = summed(layout, g)
    out["output"] = out["output"].reshape(layout.shape)
    out["gradient_input"] = out["gradient_input"].reshape(layout.shape)
    out["mean"] = np.array([mean for mean, _ in moments.values()], object)
    out["variance"] = np.array([variance for _, variance in moments.values()], object)
    return out


def group_moments(asked: Problem, x: NDArray[Any], members: list[Any], place: int) -> tuple[Any, ...]:
    """Mean, variance, the factor that scales and what is subtracted, of one group."""
    if asked.statistics is not None:
        mean, variance = (
            mpmath.mpf(float(np.ravel(part)[place])) for part in (asked.statistics.mean, asked.statistics.variance)
        )
    else:
        mean = mpmath.fsum(x[i] for i in members) / len(members) if asked.centred else mpmath.mpf(0)
        variance = mpmath.fsum((x[i] - mean) ** 2 for i in members) / len(members)
    if asked.floor is None:
        deviation = mpmath.sqrt(variance + mpmath.mpf(asked.epsilon))
    else:
        deviation = max(mpmath.sqrt(variance), mpmath.mpf(asked.floor))
    if asked.invert:
        return mean, variance, deviation, mpmath.mpf(0)
    return mean, variance, 1 / deviation, mean if asked.centred else mpmath.mpf(0)


def numbers(array: NDArray[np.float64] | None, shape: tuple[int, ...]) -> NDArray[Any]:
    """An object array of mpmath numbers."""
    assert array is not None
    flat = [mpmath.mpf(float(value)) for value in array.ravel()]
    out = np.empty(math.prod(shape), object)
    out[:] = flat
    return out.reshape(shape)


def parameters(parameter: NDArray[np.float64] | None, layout: Layout, default: int) -> dict[Any, Any]:
    """The parameter that belongs to each element, by plain indexing."""
    sizes = [layout.split_shape[axis] for axis in layout.parameter_axes]
    laid = None if parameter is None else parameter.reshape(sizes)
    return {
        index: mpmath.mpf(default if laid is None else float(laid[tuple(index[k] for k in layout.parameter_axes)]))
        for index in itertools.product(*map(range, layout.split_shape))
    }


def summed(layout: Layout, terms: NDArray[Any]) -> NDArray[Any]:
    """Sums of `terms` for each parameter, by plain indexing."""
    sizes = tuple(layout.split_shape[axis] for axis in layout.parameter_axes)
    sums = np.full(sizes, mpmath.mpf(0), object)
    for index in itertools.product(*map(range, terms.shape)):
        sums[tuple(index[k] for k in layout.parameter_axes)] += terms[index]
    return sums.reshape(layout.parameter_shape)


def worst_ratio(answer, truth):
    """The largest |oracle - truth| / T of everything that is judged."""
    worst = 0.0
    for subject in answer.subjects:
        exact, bound, judged = answer.exact(subject), answer.tolerance(subject, "A"), answer.masks(subject).judged
        for index in np.ndindex(exact.shape):
            if judged[index]:
                error = abs(number(exact, index) - truth[subject][index])
                worst = max(worst, float(error / mpmath.mpf(float(bound[index]))) if error else 0.0)
    return worst


def headroom(answer, subject, got):
    """How much of the bound that the spec asks is used."""
    narrow = answer.dtype in ("float16", "bfloat16") and subject != "output"
    bound = answer.tolerance(subject, "A2" if narrow else "A")
    return measure(got, answer.exact(subject), lambda _: bound, answer.masks(subject), answer.dtype).headroom


def assert_right_ways_stay_inside(trials, ways, draw, solve, answered):
    """No right way to work out a formula is outside of the bounds on drawn problems, and they are not idly wide."""
    used = []
    with np.errstate(all="ignore"):
        for trial, (name, way) in itertools.product(trials, ways.items()):
            problem = draw(trial)
            answer = solve(problem)
            for subject, got in answered(way, problem).items():
                used.append(headroom(answer, subject, got))
                assert used[-1] <= 1, (trial, name, subject, problem.dtype, used[-1])
    assert max(used) > 0.3
