"""Where a number can be judged at all: outside the domain it is information, never a verdict.

In the domain: sum x^2 <= max / 4 of the accumulation dtype where statistics are computed, s u >= N, |exact|
no larger than the output dtype holds, a bound within which nothing is rounded to infinity, and for gradients
N / u <= s^1.5 <= max / 4. What is computed from a NaN must be NaN, and an output that is computed from an
infinity must not be finite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arithmetic.exact import Floats
from ..arithmetic.formats import Format, format_of
from ..oracle.answered import Flags, Masks, Subject
from ..oracle.normalization import Answer

if TYPE_CHECKING:
    from .normalization import Bounds


def masks(bounds: Bounds, subject: Subject) -> Masks:
    """Where a verdict can be given. Raises ValueError for a gradient that was not asked for."""
    answer, form, held = bounds.answer, bounds.format, format_of(bounds.stored(subject))
    with np.errstate(all="ignore"):
        exact = np.abs(bounds.exact(subject).nearest)
        within = exact + bounds.tolerance(subject, "A") < held.maximum + held.ulp(np.asarray(held.maximum))
        meant = (exact <= held.maximum) & within
        judged = meant & _reached(answer, subject, form)
        required_nan = _required(answer, subject, np.isnan(answer.terms.x))
        return Masks(judged & ~required_nan, required_nan, _required_not_finite(answer, subject))


def masks_along(bounds: Bounds, exact: Floats, tolerance: Floats, subject: Subject, twice: bool) -> Masks:
    """Where a derivative in a direction can be judged that is laid out as `subject`, a gradient.

    As for gradients; second derivatives (`twice`) contain r^5, and need N / u <= s^2.5 <= max / 4. Where statistics are
    given, no derivative is computed from the input, and a NaN of it need not show.
    """
    answer, form = bounds.answer, bounds.format
    with np.errstate(all="ignore"):
        judged = (np.abs(exact) + tolerance < form.maximum) & _reached(answer, subject, form, 2.5 if twice else 1.5)
        given = answer.problem.statistics is not None
        missing = np.zeros_like(answer.terms.x, np.bool_) if given else np.isnan(answer.terms.x)
        required_nan = _required(answer, subject, missing)
        return Masks(judged & ~required_nan, required_nan, np.zeros_like(judged))


def proves_nothing(bounds: Bounds) -> bool:
    """Whether half the output's bounds or more exceed 1e-2 |gamma|: a wrong answer would pass too.

    z has variance 1 where statistics are computed. Where they are given it can be large, and counts as it is:
    half the bounds or more exceed 1e-2 |gamma| max(1, |z|).
    """
    problem, terms = bounds.answer.problem, bounds.answer.terms
    judged = masks(bounds, "output").judged
    with np.errstate(all="ignore"):
        size = np.abs(terms.gamma)
        if problem.statistics is not None:
            size = size * np.maximum(1.0, np.abs(terms.z))
        size = np.broadcast_to(size, problem.layout.split_shape).reshape(judged.shape)
    telling = judged & (size > 0)
    if not telling.any():
        return False
    return bool(np.median(bounds.tolerance("output", "A")[telling] / size[telling]) > 1e-2)


def _reached(answer: Answer, subject: Subject, form: Format, power: float = 1.5) -> Flags:
    """Which elements depend on nothing outside the domain."""
    layout = answer.problem.layout
    if subject == "gradient_beta":
        return np.ones(layout.parameter_shape, np.bool_)
    groups = _groups(answer, form)
    if subject != "output":
        groups = groups & _gradients_hold(answer, form, power)
    whole = np.broadcast_to(groups, layout.split_shape)
    if subject != "gradient_gamma":
        return whole.reshape(layout.shape)
    # A product that is stored before it is added must be a number of the dtype.
    finite = whole & np.isfinite(answer.terms.x) & (np.abs(answer.terms.g * answer.terms.z) <= form.maximum)
    held = layout.gathered(np.asarray(finite.all(axis=layout.shared_axes)).astype(np.float64))
    return held > 0


def _groups(answer: Answer, form: Format) -> Flags:
    problem, terms = answer.problem, answer.terms
    resolved = terms.s * form.u >= form.smallest_normal
    if problem.statistics is not None:
        return resolved
    squares = (problem.counted(terms.x) ** 2).sum(axis=problem.layout.reduce_axes, keepdims=True)
    flags: Flags = resolved & (squares <= form.largest / 4)
    return flags


def _gradients_hold(answer: Answer, form: Format, power: float) -> Flags:
    scale = answer.terms.s**power
    return (scale <= form.largest / 4) & (scale >= form.smallest_normal / form.u)


def _required(answer: Answer, subject: Subject, missing: Flags) -> Flags:
    """What must show that an element of the input is `missing`: all that is computed from the element.

    missing: in the split shape. The gradient of beta needs no input; that of the input needs none where the
    statistics are given.
    """
    problem, layout = answer.problem, answer.problem.layout
    if subject == "gradient_beta":
        return np.zeros(layout.parameter_shape, np.bool_)
    if problem.statistics is None:
        counts = missing & (problem.weights > 0)
        own = missing & (subject != "gradient_input")
        missing = np.asarray(counts.any(axis=layout.reduce_axes, keepdims=True)) | own
    elif subject == "gradient_input":
        return np.zeros(layout.shape, np.bool_)
    whole: Flags = np.broadcast_to(missing, layout.split_shape)
    if subject != "gradient_gamma":
        return whole.reshape(layout.shape)
    sums = np.asarray(whole.any(axis=layout.shared_axes)).astype(np.float64)
    return layout.gathered(sums) > 0


def _required_not_finite(answer: Answer, subject: Subject) -> Flags:
    """Where an infinity makes a finite output impossible; a root mean square divides finite numbers by it."""
    infinite = np.isinf(answer.terms.x)
    if subject != "output" or not (answer.problem.centred or answer.problem.statistics is not None):
        infinite = np.zeros_like(infinite)
    return _required(answer, subject, infinite)
