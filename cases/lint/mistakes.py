"""What a layer would answer that mistook one argument: the wrong answers that the numeric lint compares with the right.

Every function takes one call of a case and gives wrong outputs, each with what was mistaken. A mistake that the shapes
give away (channels along an axis of another length) is left out, and so is one that no input of that shape can show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arithmetic.exact import Exact, as_exact
from ..bounds.normalization import Bounds
from ..oracle.normalization import Layout, Problem, Statistics, solve
from ..oracle.problems import layout_of
from ..requests.conventions import Convention, layer_spec, machine_epsilon

Wrong = tuple[str, Exact]
Mistakes = Callable[[Convention, Bounds], Iterator[Wrong]]
DIALECTS = ("keras", "torch")
CHANNELS = ("batch_normalization", "group_normalization")


def epsilons(meant: Convention, bounds: Bounds) -> Iterator[Wrong]:
    """Twice the epsilon; another dialect's default where none is given, the own one where it is 0."""
    problem, given = bounds.answer.problem, meant.case.arguments.get("epsilon")
    others = [("twice the epsilon", 2 * problem.epsilon)]
    others += [("another default epsilon", value) for value in _default_epsilons(meant)] if not given else []
    for what, epsilon in others:
        if epsilon != problem.epsilon:
            yield what, solve(replace(problem, epsilon=epsilon)).output


def _default_epsilons(meant: Convention) -> list[float]:
    default: Any = layer_spec(meant.case).arguments["epsilon"].default
    values = [default.get(dialect) for dialect in DIALECTS] if isinstance(default, dict) else [default]
    return [machine_epsilon(meant.case.dtype) if value is None else float(value) for value in values]


def axes(meant: Convention, bounds: Bounds) -> Iterator[Wrong]:
    """Statistics over other axes or all; gamma and beta, or given statistics, along others of the same lengths."""
    problem = bounds.answer.problem
    layout = problem.layout
    bare = replace(problem, gamma=None, beta=None, upstream=None)
    dressed = problem.gamma is not None or problem.beta is not None
    for wrong in _other_layouts(meant, layout):
        fits = wrong.parameter_shape == layout.parameter_shape
        if problem.statistics is not None:
            fits = fits and math.prod(wrong.statistics_shape) == math.prod(layout.statistics_shape)
            if fits and not _same_groups(wrong, layout):
                yield "given statistics along another axis", solve(replace(problem, layout=wrong)).output
            continue
        if not _same_groups(wrong, layout):
            yield "statistics over other axes", _dressed(problem, layout, solve(replace(bare, layout=wrong)).output)
        if fits and dressed and wrong.parameter_axes != layout.parameter_axes:
            yield "gamma and beta along another axis", _dressed(problem, wrong, solve(bare).output)


def _other_layouts(meant: Convention, layout: Layout) -> Iterator[Layout]:
    """The layouts of every other axis, of one axis less, of the axes in reverse, and of all axes together."""
    named = meant.arguments["axis"]
    for other in _other_axes(named, len(layout.shape), meant.case.layer in CHANNELS):
        wrong = layout_of(replace(meant, arguments={**meant.arguments, "axis": other}), layout.shape)
        if wrong.split is None or layout.shape[wrong.split[0]] % wrong.split[1] == 0:
            yield wrong
    yield replace(layout, reduce_axes=tuple(range(len(layout.split_shape))))


def _other_axes(named: Any, rank: int, first: int) -> list[int | tuple[int, ...]]:
    if named is None:
        return []
    if isinstance(named, int):
        return [axis for axis in range(first, rank) if axis != named]
    fewer = [tuple(axis for axis in named if axis != left_out) for left_out in named if len(named) > 1]
    return [*fewer, tuple(reversed(named))]


def _same_groups(one: Layout, other: Layout) -> bool:
    """Whether the same elements share statistics."""
    first, second = _groups(one), _groups(other)
    pairs = first * (second.size + 1) + second
    return len(np.unique(pairs)) == len(np.unique(first)) == len(np.unique(second))


def _groups(layout: Layout) -> NDArray[np.int64]:
    """The number of the group that an element belongs to, for every element."""
    numbers = np.arange(math.prod(layout.statistics_shape)).reshape(layout.statistics_shape)
    return np.broadcast_to(numbers, layout.split_shape).reshape(-1)


def _dressed(problem: Problem, layout: Layout, z: Exact) -> Exact:
    """`z` with the gamma and beta of `problem`, laid along the parameter axes of `layout`."""
    y = z.reshape(layout.split_shape)
    if problem.gamma is not None:
        y = y * layout.spread(problem.gamma)
    if problem.beta is not None:
        y = y + layout.spread(problem.beta)
    return y.reshape(layout.shape)


def groups(meant: Convention, bounds: Bounds) -> Iterator[Wrong]:
    """Half as many groups, twice as many, and channels dealt out in turn."""
    problem = bounds.answer.problem
    layout = problem.layout
    assert layout.split is not None
    axis, number = layout.split
    channels = layout.shape[axis]
    in_turn = tuple(axis if other == axis + 1 else other for other in layout.reduce_axes)
    others = [
        *(
            replace(layout, split=(axis, other))
            for other in (number // 2, 2 * number)
            if other and channels % other == 0
        ),
        replace(layout, split=(axis, channels // number), reduce_axes=in_turn),
    ]
    for wrong in others:
        if not _same_groups(wrong, layout):
            yield "other groups", solve(replace(problem, layout=wrong)).output


def divisors(meant: Convention, bounds: Bounds) -> Iterator[Wrong]:
    """The sample variance, which divides by n - 1."""
    problem, terms = bounds.answer.problem, bounds.answer.terms
    n = problem.layout.group_size
    if problem.statistics is None:
        z = terms.z * np.sqrt(terms.s / (terms.v * (np.float64(n) / (n - 1)) + problem.epsilon))
        yield "division by n - 1", as_exact((terms.gamma * z + terms.shift).reshape(problem.layout.shape))


def gammas(meant: Convention, bounds: Bounds) -> Iterator[Wrong]:
    """No gamma."""
    if bounds.answer.problem.gamma is not None:
        yield "gamma taken as 1", solve(replace(bounds.answer.problem, gamma=None, upstream=None)).output


def betas(meant: Convention, bounds: Bounds) -> Iterator[Wrong]:
    """No beta."""
    if bounds.answer.problem.beta is not None:
        yield "beta taken as 0", solve(replace(bounds.answer.problem, beta=None, upstream=None)).output


def means(meant: Convention, bounds: Bounds) -> Iterator[Wrong]:
    """A given mean of 0."""
    yield from _given(bounds.answer.problem, "mean", 0.0)


def variances(meant: Convention, bounds: Bounds) -> Iterator[Wrong]:
    """A given variance of 1."""
    yield from _given(bounds.answer.problem, "variance", 1.0)


def _given(problem: Problem, name: str, value: float) -> Iterator[Wrong]:
    given = problem.statistics
    if given is not None:
        both = {"mean": given.mean, "variance": given.variance, name: np.full(given.mean.shape, value)}
        wrong = Statistics(both["mean"], both["variance"])
        yield f"{name} taken as {value:g}", solve(replace(problem, statistics=wrong)).output


def inversions(meant: Convention, bounds: Bounds) -> Iterator[Wrong]:
    """The normalization for its inverse, or the other way round."""
    problem = bounds.answer.problem
    yield "invert the other way round", solve(replace(problem, invert=not problem.invert)).output
