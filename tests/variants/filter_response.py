"""Right implementations of filter response normalization that differ in method.

Values come in the dtype that is computed in, and go out in it; a problem is (examples, height, width, channels).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from normcheck.adapters.reference.textbook import Values
from normcheck.cases.oracle.filter_response import Filtered

from . import sums
from .flushing import flushed
from .rows import narrowed, working


@dataclass(frozen=True, slots=True)
class Way:
    """How to sum, and to put the formula together.

    folded: x is multiplied by gamma r. learned_first: the two epsilons are added one after the other. share: the mean
    is a product with 1 / n. composed: the gradients are put together from those of single operations.
    """

    total: sums.Sum = sums.plain
    folded: bool = False
    learned_first: bool = False
    share: bool = False
    composed: bool = False
    prepared: Callable[[Values], Values] = np.asarray


WAYS: Mapping[str, Way] = {
    "plain": Way(),
    "serial": Way(total=sums.serial, share=True),
    "shuffled": Way(total=sums.shuffled, composed=True),
    "kahan": Way(total=sums.kahan, folded=True),
    "lanes": Way(total=sums.lanes(8), learned_first=True, share=True),
    "composed": Way(composed=True, learned_first=True),
    "wide": Way(total=sums.wide, folded=True, composed=True),
    "flushed": Way(total=sums.tree, prepared=flushed),
}


def answered(way: Way, problem: Filtered) -> dict[str, Values]:
    """Output and gradients."""
    kind = np.dtype(working(problem.dtype)).type

    def read(values: Values) -> Values:
        return way.prepared(values.astype(kind))

    x, gamma, beta, g = (read(one) for one in (problem.x, problem.gamma, problem.beta, problem.upstream))
    learned = None if problem.learned is None else read(problem.learned)
    tau = None if problem.tau is None else read(problem.tau)
    n = kind(problem.count)
    r = _reciprocal(way, problem, _mean(way, x * x, n), learned, kind)
    z = x * r
    t = x * (gamma * r) + beta if way.folded else z * gamma + beta
    above = np.ones(x.shape, np.bool_) if tau is None else t > tau
    y = t if tau is None else np.maximum(t, tau)
    h = np.where(above, g, kind(0))
    a = h * gamma
    found = {"output": y, "gradient_gamma": _every(way, h * z), "gradient_beta": _every(way, h)}
    if way.composed:
        inner = _positions(way, a * x) * (kind(-0.5) * (r * r * r))
        found["gradient_input"] = a * r + (inner / n) * (kind(2) * x)
        slope = inner
    else:
        along = _positions(way, a * z)
        found["gradient_input"] = r * (a - z * (along / n))
        slope = along * (r * r) * kind(-0.5)
    if learned is not None:
        found["gradient_learned_epsilon"] = way.total(slope.reshape(1, -1)).reshape(1) * np.sign(learned)
    if tau is not None:
        found["gradient_tau"] = _every(way, np.where(above, kind(0), g))
    return {subject: narrowed(np.asarray(values), problem.dtype) for subject, values in found.items()}


def _reciprocal(way: Way, problem: Filtered, mean: Values, learned: Values | None, kind: type) -> Values:
    epsilon = kind(abs(problem.epsilon))
    if learned is None:
        s = mean + epsilon
    else:
        s = mean + np.abs(learned) + epsilon if way.learned_first else mean + (epsilon + np.abs(learned))
    return kind(1) / np.sqrt(s)


def _mean(way: Way, values: Values, n: Values) -> Values:
    total = _positions(way, values)
    return total * (n.dtype.type(1) / n) if way.share else total / n


def _positions(way: Way, values: Values) -> Values:
    """The sum over height and width, kept."""
    examples, height, width, channels = values.shape
    rows = np.moveaxis(values, -1, 1).reshape(examples * channels, height * width)
    return way.prepared(way.total(way.prepared(rows)).reshape(examples, 1, 1, channels))


def _every(way: Way, values: Values) -> Values:
    """The sum over all but the channels, kept."""
    rows = np.ascontiguousarray(values.reshape(-1, values.shape[-1]).T)
    return way.prepared(way.total(way.prepared(rows)).reshape(1, 1, 1, -1))
