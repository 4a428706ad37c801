"""Moving statistics: what batch normalization remembers, exactly, with the errors that add up over the steps.

    T_m = alpha (H+1) u M1 + 3u (max(alpha, 1-alpha) |m_old| + |alpha mu|) + half an ulp
    T_V = alpha f E_v + 4u (max(alpha, 1-alpha) |V_old| + alpha f v) + half an ulp

and (1-alpha) times the bound of the step before. (1-alpha) old + alpha new rounds each weight, product and sum; old -
alpha (old - new) rounds alpha, difference, product and sum, so its error is in proportion to alpha old.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from normcheck.specs.vocabulary import Grade

from .answered import Flags
from .bounds import statistics_errors
from .exact import Exact, Floats, as_exact
from .formats import Format, format_of
from .oracle import Answer, Statistics


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
    mean, variance = answer.moments
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


def _in_domain(answer: Answer) -> Flags:
    """The variance need not be resolved here: nothing is divided by it."""
    squares = (answer.terms.x**2).sum(axis=answer.problem.layout.reduce_axes).reshape(-1)
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
    value = answer.moments[moment].nearest
    with np.errstate(all="ignore"):
        error = statistics_errors(answer, u, one_pass=grade in ("B1", "B"))[moment].reshape(-1)
        size = np.abs(max(alpha, 1 - alpha) * before) + np.abs(alpha * factor * value)
        c = alpha * factor * error + (3 + moment) * u * size
        c = c + (1 - alpha) * (old.mean_tolerance, old.variance_tolerance)[moment](grade)
        t = c + 0.5 * form.ulp(np.abs(exact.nearest) + c)
    if grade in ("A", "B1"):
        return t
    return t + 2 * (2 * form.u_output * size + form.smallest_subnormal)
