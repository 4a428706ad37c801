"""Moving statistics: what batch normalization remembers, exactly, with the errors that add up over the steps.

    T_m = alpha (H+1) u M1 + 3u (max(alpha, 1-alpha) |m_old| + |alpha mu|) + half an ulp
    T_V = alpha f E_v + 4u (max(alpha, 1-alpha) |V_old| + alpha f v) + half an ulp

and (1-alpha) times the bound of the step before. (1-alpha) old + alpha new rounds each weight, product and sum; old -
alpha (old - new) rounds alpha, difference, product and sum, so its error is in proportion to alpha old.

Instance normalization keeps one pair for a channel and has one for every example of it: what enters is the mean over
the k examples, of the mean and of the variance. Then M1, E_v, |mu| and v are their means over the examples, and where k
is more than 1

    P = (H(k)+1) u (max(alpha, 1-alpha) |old| + alpha mean|new|)

is added: k terms are summed and divided by k. They may be the new values, or, as PyTorch does it, the averages that
each of them alone would make, whose size is that of old and new together. No example moves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Exact, Floats, as_exact
from ..arithmetic.formats import Format, format_of
from ..bounds.normalization import growth, statistics_errors
from .answered import Flags
from .normalization import Answer, Layout, Statistics


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Exact moving statistics, vectors with one entry per channel.

    mean_tolerance, variance_tolerance: T of a grade. judged: where a number can be judged.
    """

    mean: Exact
    variance: Exact
    mean_tolerance: Callable[[Grade], Floats]
    variance_tolerance: Callable[[Grade], Floats]
    judged: Flags

    def statistics(self, grade: Grade = "A") -> Statistics:
        """What a layer in inference normalizes with, the bounds of `grade` as inherited errors.

        They are infinite where the statistics cannot be judged: the dtype may have held no such number.
        """
        errors = (
            np.where(self.judged, tolerance(grade), np.inf)
            for tolerance in (self.mean_tolerance, self.variance_tolerance)
        )
        return Statistics(self.mean, self.variance, *errors)


def first_state(mean: Floats, variance: Floats) -> State:
    """The state that was assigned: exact."""
    zero = np.zeros(mean.size)
    values = as_exact(mean.reshape(-1)), as_exact(variance.reshape(-1))
    return State(*values, lambda _: zero, lambda _: zero, np.ones(mean.size, np.bool_))


def moving(answer: Answer, old: State, alpha: float, factor: float, dtype: str) -> State:
    """The state after one training step.

    alpha: the weight of the new value. factor: n / (n - 1) where the dialect means the unbiased variance,
    else 1.
    dtype: of the moving statistics themselves.
    """
    layout = answer.problem.layout
    if not layout.pooled:
        return old
    mean, variance = (_pooled(layout, moment) for moment in (answer.mean, answer.variance))
    keep = 1.0 - as_exact(alpha)
    form = format_of(dtype)
    with np.errstate(all="ignore"):
        new_mean = keep * old.mean + alpha * mean
        new_variance = keep * old.variance + (as_exact(alpha) * factor) * variance
        judged = old.judged & _in_domain(answer) & np.isfinite(new_mean.hi) & np.isfinite(new_variance.hi)
    return State(
        new_mean,
        new_variance,
        lambda grade: _bound(answer, old, (alpha, 1.0), new_mean, form, grade, 0),
        lambda grade: _bound(answer, old, (alpha, factor), new_variance, form, grade, 1),
        judged & (np.abs(new_mean.hi) <= form.maximum) & (np.abs(new_variance.hi) <= form.maximum),
    )


def _pooled(layout: Layout, moment: Exact) -> Exact:
    """The mean of one moment over the groups that share a parameter, one entry per channel."""
    if layout.pooled_axes:
        moment = moment.sum(axis=layout.pooled_axes) / float(layout.pooled)
    return moment.reshape((moment.size,))


def _plainly_pooled(layout: Layout, values: Floats) -> Floats:
    """As `_pooled`, of errors and sizes."""
    whole = np.broadcast_to(values, layout.statistics_shape)
    mean: Floats = whole.sum(axis=layout.pooled_axes) / float(layout.pooled)
    return mean.reshape(-1)


def _in_domain(answer: Answer) -> Flags:
    """The variance need not be resolved here: nothing is divided by it."""
    squares = (answer.problem.counted(answer.terms.x) ** 2).sum(axis=answer.problem.layout.shared_axes).reshape(-1)
    flags: Flags = squares <= format_of(answer.problem.dtype).largest / 4
    return flags


def _bound(
    answer: Answer,
    old: State,
    weights: tuple[float, float],
    exact: Exact,
    form: Format,
    grade: Grade,
    moment: int,
) -> Floats:
    """T of the mean (moment 0) or the variance (moment 1)."""
    alpha, factor = weights
    inner = format_of(answer.problem.dtype)
    u = inner.u_output if grade == "C" else inner.u
    before = (old.mean, old.variance)[moment].nearest
    layout = answer.problem.layout
    with np.errstate(all="ignore"):
        value = _plainly_pooled(layout, np.abs((answer.mean, answer.variance)[moment].nearest))
        error = _plainly_pooled(layout, statistics_errors(answer, u, one_pass=grade in ("B1", "B"))[moment])
        size = np.abs(max(alpha, 1 - alpha) * before) + np.abs(alpha * factor * value)
        more = growth(layout.pooled, answer.problem.structured) + 1 if layout.pooled > 1 else 0
        c = alpha * factor * error + (3 + moment + more) * u * size
        c = c + (1 - alpha) * (old.mean_tolerance, old.variance_tolerance)[moment](grade)
        t = c + 0.5 * form.ulp(np.abs(exact.nearest) + c)
    if grade in ("A", "B1"):
        return t
    return t + 2 * (2 * form.u_output * size + form.smallest_subnormal)
