"""The exact answer of a normalization: output, gradients and statistics.

One text of the formulas serves two arithmetics: float64, which is far more than enough for float32 and
narrower (two passes, the mean corrected), and double-double for float64. Formulas: Ioffe and Szegedy 2015
(batch normalization), Ba, Kiros and Hinton 2016 (layer normalization), Zhang and Sennrich 2019 (RMS), Wu and
He 2018 (groups).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from ..arithmetic.exact import Exact, Floats, Lift, Value, as_exact, maximum, nearest, plain, sqrt


@dataclass(frozen=True, slots=True)
class Layout:
    """Which elements share statistics, and which share a parameter.

    split: (axis, groups) first reshapes that axis to (groups, size / groups); None leaves the shape.
    reduce_axes, parameter_axes: counted from the front, after the split. Parameters are laid out in the order
    of `parameter_axes`. Group normalization of (N, H, W, C): split (3, G), reduce (1, 2, 4), parameters
    (3, 4).
    """

    shape: tuple[int, ...]
    split: tuple[int, int] | None
    reduce_axes: tuple[int, ...]
    parameter_axes: tuple[int, ...]

    @property
    def split_shape(self) -> tuple[int, ...]:
        """The shape after the split. Raises ValueError if the groups do not divide the axis."""
        if self.split is None:
            return self.shape
        axis, groups = self.split
        if groups < 1 or self.shape[axis] % groups:
            raise ValueError(f"{groups} groups do not divide axis {axis} of the shape {self.shape}")
        return (*self.shape[:axis], groups, self.shape[axis] // groups, *self.shape[axis + 1 :])

    @property
    def group_size(self) -> int:
        """n: how many elements share statistics."""
        return math.prod(self.split_shape[axis] for axis in self.reduce_axes)

    @property
    def statistics_shape(self) -> tuple[int, ...]:
        """The shape of mean and variance, reduced axes kept as 1."""
        return tuple(1 if axis in self.reduce_axes else size for axis, size in enumerate(self.split_shape))

    @property
    def shared_axes(self) -> tuple[int, ...]:
        """The axes along which a parameter is shared."""
        return tuple(axis for axis in range(len(self.split_shape)) if axis not in self.parameter_axes)

    @property
    def pooled_axes(self) -> tuple[int, ...]:
        """The axes along which statistics differ and a parameter does not: the examples of instance normalization."""
        return tuple(axis for axis in self.shared_axes if axis not in self.reduce_axes)

    @property
    def pooled(self) -> int:
        """How many groups share a parameter."""
        return math.prod(self.split_shape[axis] for axis in self.pooled_axes)

    @property
    def per_parameter(self) -> Layout:
        """The same, with one pair of statistics for each parameter, as kept ones are."""
        return replace(self, reduce_axes=self.shared_axes)

    @property
    def shared(self) -> int:
        """R: how many elements share a parameter."""
        return math.prod(self.split_shape[axis] for axis in self.shared_axes)

    @property
    def parameter_shape(self) -> tuple[int, ...]:
        """The shape of a parameter: sizes in the order of `parameter_axes`, the halves of a split joined."""
        axes = self.parameter_axes
        sizes = [self.split_shape[axis] for axis in axes]
        first = self.split[0] if self.split else -1
        if first in axes and first + 1 in axes and axes.index(first + 1) == axes.index(first) + 1:
            place = axes.index(first)
            sizes[place : place + 2] = [sizes[place] * sizes[place + 1]]
        return tuple(sizes)

    def spread(self, parameter: Floats) -> Floats:
        """A parameter in a shape that broadcasts against the split shape."""
        axes = self.parameter_axes
        laid = parameter.reshape(tuple(self.split_shape[axis] for axis in axes))
        ascending = laid.transpose(tuple(int(place) for place in np.argsort(axes)))
        return ascending.reshape(tuple(size if axis in axes else 1 for axis, size in enumerate(self.split_shape)))

    def gathered(self, sums: Value) -> Value:
        """Sums over `shared_axes` (not kept) in the layout of a parameter: the inverse of `spread`."""
        ascending = sorted(self.parameter_axes)
        order = tuple(ascending.index(axis) for axis in self.parameter_axes)
        return sums.transpose(order).reshape(self.parameter_shape)


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Mean and variance that are given, not computed, one per group in ascending order of the kept axes.

    mean_error, variance_error: bounds on the errors with which the implementation had to start.
    """

    mean: Exact | Floats
    variance: Exact | Floats
    mean_error: Floats | float = 0.0
    variance_error: Floats | float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One normalization. Arrays are float64 and hold exact values; dtype is the one computed and answered in.

    mask: true where an element counts for mean and variance, in the shape of x; None where all do. Every element is
    normalized.
    parameter_dtype: of gamma and beta, and so of their gradients; None for the same.

    y = (x - mean) / sqrt(variance + epsilon) * gamma + beta; without `centred` the mean is 0 and the
    variance is the mean square. floor: with given statistics, y = (x - mean) / max(sqrt(variance),
    floor). invert: with given statistics, y = x max(sqrt(variance), floor) + mean.
    structured: x is constant, a ramp or the like, whose rounding errors do not average out.
    """

    x: Floats
    dtype: str
    layout: Layout
    epsilon: float
    gamma: Floats | None = None
    beta: Floats | None = None
    upstream: Floats | None = None
    centred: bool = True
    statistics: Statistics | None = None
    floor: float | None = None
    invert: bool = False
    structured: bool = False
    parameter_dtype: str | None = None
    mask: NDArray[np.bool_] | None = None

    @property
    def weights(self) -> Floats:
        """1 where an element counts and 0 where it does not, broadcasting against the split shape."""
        return np.ones(()) if self.mask is None else self.mask.reshape(self.layout.split_shape).astype(np.float64)

    @property
    def count(self) -> Floats:
        """n: how many elements count, for every group."""
        if self.mask is None:
            return np.asarray(float(self.layout.group_size))
        total: Floats = self.weights.sum(axis=self.layout.reduce_axes, keepdims=True)
        return total

    def counted(self, values: Floats) -> Floats:
        """`values` in the split shape, 0 where they do not count, whatever they are."""
        return values if self.mask is None else np.where(self.weights > 0, values, 0.0)

    def __post_init__(self) -> None:
        """Raise ValueError for a floor or an inversion without given statistics."""
        if self.statistics is None and (self.floor is not None or self.invert):
            raise ValueError("a floor or an inversion needs given statistics")


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What the answer was made of, rounded to float64, in shapes that broadcast against the split shape.

    mu: what was subtracted from x (0 for RMS and inversion). s = v + epsilon, or max(v, floor^2): the
    square of the scale. r: the factor. z = (x - mu) r. shift: what was added to gamma z. Without an
    upstream gradient g, a, c1 and c2 are 0.
    """

    x: Floats
    mu: Floats
    v: Floats
    s: Floats
    r: Floats
    z: Floats
    gamma: Floats
    shift: Floats
    g: Floats
    a: Floats
    c1: Floats
    c2: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Normalized(Generic[Value]):
    """The forward part in the oracle's arithmetic, in shapes that broadcast against the split shape; as in `Terms`."""

    x: Value
    mean: Value
    variance: Value
    mu: Value
    shift: Value
    gamma: Value
    s: Value
    r: Value
    z: Value


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The exact answer. Gradients are of sum(upstream * output), None where there is none to give.

    mean, variance: in the split shape, reduced axes kept as 1.
    """

    problem: Problem
    output: Exact
    gradient_input: Exact | None
    gradient_gamma: Exact | None
    gradient_beta: Exact | None
    mean: Exact
    variance: Exact
    terms: Terms

    @property
    def moments(self) -> tuple[Exact, Exact]:
        """Mean and variance as vectors, one entry per group: per channel for batch normalization."""
        return self.mean.reshape((self.mean.size,)), self.variance.reshape((self.variance.size,))


def solve(problem: Problem) -> Answer:
    """The exact answer to `problem`. Raises ValueError where shapes do not fit the layout."""
    with np.errstate(all="ignore"):
        if problem.dtype == "float64":
            return _solve(problem, as_exact)
        return _solve(problem, plain)


def solve_finely(problem: Problem) -> Answer:
    """As `solve`, in double-double whatever the dtype: the same bits on every machine, several times slower."""
    with np.errstate(all="ignore"):
        return _solve(problem, as_exact)


def normalized(problem: Problem, lift: Lift[Value]) -> Normalized[Value]:
    """The forward part of `problem` in the arithmetic that `lift` leads to."""
    layout = problem.layout
    x = lift(problem.x.reshape(layout.split_shape))
    mean, variance = _moments(problem, x, lift)
    mu, shift = _placed(problem, mean, lift)
    gamma = lift(np.ones(()) if problem.gamma is None else layout.spread(problem.gamma))
    s, r = _scale(problem, variance)
    return Normalized(x, mean, variance, mu, shift, gamma, s, r, (x - mu) * r)


def _solve(problem: Problem, lift: Lift[Value]) -> Answer:
    layout, seen = problem.layout, normalized(problem, lift)
    output = seen.gamma * seen.z + seen.shift
    inward, of_gamma, of_beta, parts = _gradients(problem, seen.z, seen.r, seen.gamma, lift)
    return Answer(
        problem=problem,
        output=as_exact(output.reshape(layout.shape)),
        gradient_input=_settled(inward),
        gradient_gamma=_settled(of_gamma),
        gradient_beta=_settled(of_beta),
        mean=as_exact(seen.mean),
        variance=as_exact(seen.variance),
        terms=Terms(
            *(nearest(seen.x), nearest(seen.mu), nearest(seen.variance), nearest(seen.s), nearest(seen.r)),
            *(nearest(seen.z), nearest(seen.gamma), nearest(seen.shift)),
            *parts,
        ),
    )


def _settled(gradient: Exact | Floats | None) -> Exact | None:
    return None if gradient is None else as_exact(gradient)


def _moments(problem: Problem, x: Value, lift: Lift[Value]) -> tuple[Value, Value]:
    """Mean and variance of every group, given or computed."""
    layout, given = problem.layout, problem.statistics
    if given is not None:
        shape = layout.statistics_shape
        return lift(as_exact(given.mean).reshape(shape)), lift(as_exact(given.variance).reshape(shape))
    axes, n, weights = layout.reduce_axes, problem.count, problem.weights
    x = x if problem.mask is None else lift(problem.counted(problem.x.reshape(layout.split_shape)))
    if not problem.centred:
        return lift(np.zeros(layout.statistics_shape)), (x * x).sum(axis=axes, keepdims=True) / n
    rough = x.sum(axis=axes, keepdims=True) / n
    mean = rough + ((x - rough) * weights).sum(axis=axes, keepdims=True) / n
    deviation = (x - mean) * weights
    return mean, (deviation * deviation).sum(axis=axes, keepdims=True) / n


def _placed(problem: Problem, mean: Value, lift: Lift[Value]) -> tuple[Value, Value]:
    """What is subtracted from x, and what is added at the end."""
    beta = lift(np.zeros(()) if problem.beta is None else problem.layout.spread(problem.beta))
    if problem.invert:
        return lift(np.zeros(())), mean + beta
    return (mean if problem.centred else lift(np.zeros(()))), beta


def _scale(problem: Problem, variance: Value) -> tuple[Value, Value]:
    """The square of the scale, and the factor that applies it."""
    if problem.floor is None:
        s = variance + problem.epsilon
        deviation = sqrt(s)
    else:
        deviation = maximum(sqrt(variance), problem.floor)
        s = deviation * deviation
    return s, (deviation if problem.invert else 1.0 / deviation)


def _gradients(
    problem: Problem, z: Value, r: Value, gamma: Value, lift: Lift[Value]
) -> tuple[Value | None, Value | None, Value | None, tuple[Floats, Floats, Floats, Floats]]:
    """Gradients of input, gamma and beta; and, as float64, g, a = g gamma, c1 = mean a, c2 = mean(a z)."""
    layout, zero = problem.layout, np.zeros(())
    if problem.upstream is None:
        return None, None, None, (zero, zero, zero, zero)
    g = lift(problem.upstream.reshape(layout.split_shape))
    a = g * gamma
    axes, n, shared = layout.reduce_axes, problem.count, layout.shared_axes
    c1 = c2 = lift(zero)
    if problem.statistics is None:
        c1 = a.sum(axis=axes, keepdims=True) / n if problem.centred else c1
        c2 = (a * z).sum(axis=axes, keepdims=True) / n
    weights = problem.weights
    inward = (a - c1 * weights - z * c2 * weights) * r if problem.statistics is None else a * r
    of_gamma = None if problem.gamma is None else layout.gathered((g * z).sum(axis=shared))
    of_beta = None if problem.beta is None else layout.gathered(g.sum(axis=shared))
    parts = (nearest(g), nearest(a), nearest(c1), nearest(c2))
    return inward.reshape(layout.shape), of_gamma, of_beta, parts
