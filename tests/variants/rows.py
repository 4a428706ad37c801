"""A problem as a method meets it: one group in every row, in the dtype that is computed in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference.textbook import Values
from normcheck.cases.oracle.normalization import Layout, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """x, gamma, beta and the upstream gradient g are (groups, n), given mean and variance (groups, 1).

    Half types are computed in float32, float32 and float64 in themselves.
    """

    problem: Problem
    x: Values
    gamma: Values | None
    beta: Values | None
    g: Values
    given: tuple[Values, Values] | None

    @property
    def centred(self) -> bool:
        """Whether a mean is subtracted."""
        return self.problem.centred

    @property
    def n(self) -> Values:
        """How many elements a group has, as a number of the dtype computed in."""
        return self.x.dtype.type(self.x.shape[1])

    @property
    def a(self) -> Values:
        """The gradient of z."""
        return self.g if self.gamma is None else self.g * self.gamma

    def narrowed(self, values: Values) -> Values:
        """`values` rounded once to the dtype that is stored in."""
        return narrowed(values, self.problem.dtype)


def narrowed(values: Values, dtype: str) -> Values:
    """`values` rounded once to `dtype`; bfloat16 is held in float32."""
    return decode(encode(np.asarray(values), dtype))


def working(dtype: str) -> str:
    """The dtype that layers of `dtype` compute in."""
    return "float64" if dtype == "float64" else "float32"


def rows_of(problem: Problem) -> Rows:
    """The problem, rearranged and in the dtype that is computed in."""
    layout, kind, given = problem.layout, working(problem.dtype), problem.statistics

    def laid(values: Values) -> Values:
        whole = np.broadcast_to(values, layout.split_shape)
        return whole.transpose(_order(layout)).reshape(-1, layout.group_size).astype(kind)

    def parameter(values: Values | None) -> Values | None:
        return None if values is None else laid(layout.spread(values))

    return Rows(
        problem,
        laid(problem.x.reshape(layout.split_shape)),
        parameter(problem.gamma),
        parameter(problem.beta),
        laid(problem.upstream.reshape(layout.split_shape)),
        None if given is None else tuple(part.reshape(-1, 1).astype(kind) for part in (given.mean, given.variance)),
    )


def _order(layout: Layout) -> tuple[int, ...]:
    """The axes of the split shape, those that are reduced last."""
    kept = [axis for axis in range(len(layout.split_shape)) if axis not in layout.reduce_axes]
    return (*kept, *layout.reduce_axes)


def _unrowed(layout: Layout, rows: Values) -> Values:
    order = _order(layout)
    laid = rows.reshape(tuple(layout.split_shape[axis] for axis in order))
    return laid.transpose(tuple(int(place) for place in np.argsort(order)))


def as_input(layout: Layout, rows: Values) -> Values:
    """Rows in the shape of the input."""
    return _unrowed(layout, rows).reshape(layout.shape)


def by_parameter(layout: Layout, rows: Values) -> Values:
    """Rows rearranged to one row for each entry of a parameter, of the elements that share it."""
    order = (*sorted(layout.parameter_axes), *layout.shared_axes)
    return _unrowed(layout, rows).transpose(order).reshape(-1, layout.shared)


def as_parameter(layout: Layout, sums: Values) -> Values:
    """One number for each row of `by_parameter`, in the shape of the parameter."""
    return layout.gathered(sums.reshape(tuple(layout.split_shape[axis] for axis in sorted(layout.parameter_axes))))
