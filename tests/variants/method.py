"""A method: one choice for every part of a normalization. The first of each kind is the default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from normcheck.adapters.reference.textbook import Values
from normcheck.cases.oracle.answered import Subject
from normcheck.cases.oracle.normalization import Problem

from . import gradients, moments, scaling, sums
from .rows import Rows, as_input, as_parameter, by_parameter, narrowed, rows_of


@dataclass(frozen=True, slots=True)
class Method:
    """How to sum, to find mean and variance, to scale, to differentiate and to move statistics.

    dot: sums of products, by default sums of rounded products. prepared: what becomes of every array first.
    each_moves: of several examples each moves the averages alone, and the mean is taken of what comes of it.
    """

    total: sums.Sum = sums.plain
    moments: moments.Moments = moments.two_pass
    reciprocal: scaling.Reciprocal = scaling.divided
    place: scaling.Place = scaling.multiplied
    backward: gradients.Backward = gradients.textbook
    update: scaling.Update = scaling.weighted
    fused_dot: moments.Dot | None = None
    prepared: Callable[[Values], Values] = np.asarray
    each_moves: bool = False

    def moved(self, old: Values, new: Values, alpha: float) -> Values:
        """Averages (c,) moved by statistics (c, k) of k examples."""
        if new.shape[1] == 1:
            return self.update(old, new[:, 0], alpha)
        k = new.dtype.type(new.shape[1])
        if self.each_moves:
            return (self.total(self.update(old[:, None], new, alpha)) / k)[:, 0]
        return self.update(old, (self.total(new) / k)[:, 0], alpha)

    def dot(self, a: Values, b: Values) -> Values:
        """Sums of products along rows."""
        return self.fused_dot(a, b) if self.fused_dot else self.total(a * b)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a method answers, in the dtype of the layer; mean and variance, of each group, in the one computed in."""

    arrays: dict[Subject, Values]
    mean: Values
    variance: Values


def answered(method: Method, problem: Problem) -> Found:
    """The output, and the gradients that the problem has."""
    rows = _prepared(method, rows_of(problem))
    mean, variance = rows.given or method.moments(rows.x, rows.centred, method.total, method.dot)
    kind = rows.x.dtype.type
    s = variance + kind(problem.epsilon)
    if problem.floor is not None:
        s = np.maximum(variance, kind(problem.floor) * kind(problem.floor))
    seen = gradients.Seen(mean, s, method.reciprocal(s), rows.x)
    if problem.invert:
        seen = replace(seen, r=np.sqrt(s))
        output = rows.x * seen.r + mean
    else:
        output, z = method.place(rows, mean, s, seen.r)
        seen = replace(seen, z=z)
    arrays = {"output": as_input(problem.layout, output), **_gradients(method, rows, seen)}
    return Found(
        {subject: narrowed(values, _stored(problem, subject)) for subject, values in arrays.items()},
        np.asarray(mean).ravel(),
        np.asarray(variance).ravel(),
    )


def _stored(problem: Problem, subject: Subject) -> str:
    """The dtype that an array is returned in."""
    return problem.dtype if subject in ("output", "gradient_input") else problem.parameter_dtype or problem.dtype


def _prepared(method: Method, rows: Rows) -> Rows:
    def ready(values: Values | None) -> Values | None:
        return None if values is None else method.prepared(values)

    given = None if rows.given is None else tuple(method.prepared(part) for part in rows.given)
    return Rows(rows.problem, ready(rows.x), ready(rows.gamma), ready(rows.beta), ready(rows.g), given)


def _gradients(method: Method, rows: Rows, seen: gradients.Seen) -> dict[Subject, Values]:
    problem, layout = rows.problem, rows.problem.layout
    backward = gradients.textbook if problem.invert else method.backward
    inward, shares = backward(rows, seen, method.total, method.dot)
    found: dict[Subject, Values] = {"gradient_input": as_input(layout, inward)}
    if problem.gamma is not None:
        parts = (method.dot(by_parameter(layout, g), by_parameter(layout, z)) for g, z in shares)
        found["gradient_gamma"] = as_parameter(layout, sum(parts))
    if problem.beta is not None:
        found["gradient_beta"] = as_parameter(layout, method.total(by_parameter(layout, rows.g)))
    return found
