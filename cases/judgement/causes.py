"""Likely causes: wrong formulas whose answer is the one that was seen.

Each suspect is a sentence and the array that the mistake it names would have given. The first one that
comes within the bound of grade A2 is named, else the closest of those that explain 999 parts in 1000 of the
deviation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arithmetic.exact import Floats
from ..oracle.answered import Answered, Subject
from ..oracle.normalization import Answer, Terms

if TYPE_CHECKING:
    from ..bounds.normalization import Bounds

EPSILONS = (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12)
Suspect = tuple[str, Floats]


def likely_cause(bounds: Bounds, subject: Subject, got: NDArray[Any]) -> str:
    """A sentence that names the mistake which explains `got`, or an empty one.

    got: in the shape of the exact array. Raises ValueError for a gradient that was not asked for.
    """
    return explained(bounds, subject, got, _suspects(bounds.answer, subject))


def explained(answered: Answered, subject: Subject, got: NDArray[Any], suspects: Iterable[Suspect]) -> str:
    """As `likely_cause`, for any formula. suspects: wrong answers, in the shape of the subject."""
    with np.errstate(all="ignore"):
        exact = answered.exact(subject).nearest
        judged = answered.masks(subject).judged
        seen, right = got.astype(np.float64)[judged], exact[judged]
        if not seen.size:
            return ""
        if not np.isfinite(seen).all():
            return _not_finite(seen)
        allowed = answered.tolerance(subject, "A2")[judged]
        found = [(_rank(seen, candidate[judged], right, allowed), sentence) for sentence, candidate in suspects]
        rank, sentence = min(found, key=lambda pair: pair[0])
        return sentence if rank < math.inf else _order(seen, right, allowed)


def _not_finite(seen: Floats) -> str:
    kind = "NaN" if np.isnan(seen).any() else "infinite"
    share = "every element is" if not np.isfinite(seen).any() else "some elements are"
    return f"{share} {kind} where the exact answer is finite"


def _rank(seen: Floats, candidate: Floats, right: Floats, allowed: Floats) -> float:
    """0 for a candidate within the bound of what was seen, else its distance, or infinity if it is far."""
    rest, deviation = np.abs(seen - candidate), np.abs(seen - right)
    if not (np.abs(candidate - right) > allowed).any():
        return math.inf
    if (rest <= allowed).all():
        return 0.0
    return float(rest.max()) if rest.max() <= 1e-3 * deviation.max() else math.inf


def _order(seen: Floats, right: Floats, allowed: Floats) -> str:
    near = 10 * float(allowed.max())
    same = bool((np.abs(np.sort(seen) - np.sort(right)) <= near).all())
    moved = bool((np.abs(seen - right) > near).any())
    return "the right values stand in the wrong order (an axis is permuted)" if same and moved else ""


def _suspects(answer: Answer, subject: Subject) -> Iterator[Suspect]:
    """What each mistake would have given, in the shape of the subject."""
    layout, terms = answer.problem.layout, answer.terms
    if subject in ("output", "gradient_input"):
        yield "every element is zero", np.zeros(layout.shape)
        wrong = _outputs(answer, terms) if subject == "output" else _inward(answer, terms)
        for sentence, values in wrong:
            yield sentence, np.broadcast_to(values, layout.split_shape).reshape(layout.shape)
        return
    yield "every element is zero", np.zeros(layout.parameter_shape)
    for sentence, values in _parameters(answer, terms, subject):
        yield sentence, layout.gathered(values)


def _outputs(answer: Answer, t: Terms) -> Iterator[Suspect]:
    yield "the input came back unchanged", t.x
    yield "nothing but beta is left, as where a variance overflows", t.shift
    yield "gamma is not applied", t.z + t.shift
    yield "beta is not added", t.gamma * t.z
    yield "neither gamma nor beta is applied", t.z
    yield "gamma and beta are swapped", t.shift * t.z + t.gamma
    yield "1 is added to gamma", (t.gamma + 1) * t.z + t.shift
    yield "beta is subtracted", t.gamma * t.z - t.shift
    yield "the mean is not subtracted", t.gamma * t.x * t.r + t.shift
    yield "the sign is reversed", -(t.gamma * t.z) + t.shift
    for sentence, scale in _scales(answer, t):
        yield sentence, t.gamma * (t.x - t.mu) / scale + t.shift
    if answer.problem.centred and answer.problem.statistics is None:
        root = np.sqrt(t.v + t.mu**2 + answer.problem.epsilon)
        yield "the root mean square stands in for mean and variance", t.gamma * t.x / root + t.shift
    if not answer.problem.centred or answer.problem.statistics is not None:
        mean, variance = _own_moments(answer, t)
        own = t.gamma * (t.x - mean) / np.sqrt(variance + answer.problem.epsilon) + t.shift
        yield _own_sentence(answer), own


def _own_sentence(answer: Answer) -> str:
    if answer.problem.statistics is None:
        return "the mean is subtracted where only the root mean square is meant"
    return "the input's own statistics are used in place of the given ones"


def _own_moments(answer: Answer, t: Terms) -> tuple[Floats, Floats]:
    layout = answer.problem.layout
    n = float(layout.group_size)
    mean: Floats = t.x.sum(axis=layout.reduce_axes, keepdims=True) / n
    variance: Floats = ((t.x - mean) ** 2).sum(axis=layout.reduce_axes, keepdims=True) / n
    return mean, variance


def _scales(answer: Answer, t: Terms) -> Iterator[Suspect]:
    """Wrong denominators. With a floor there is no epsilon to get wrong."""
    problem = answer.problem
    n, epsilon = problem.layout.group_size, problem.epsilon
    if problem.invert:
        yield "the statistics are applied instead of undone", 1 / t.r
        return
    yield "the variance divides, not its square root", t.s
    if problem.floor is not None:
        return
    if n > 1:
        factor = n / (n - 1)
        yield f"unbiased variance (divided by n - 1, n = {n})", np.sqrt(t.v * factor + epsilon)
        yield f"unbiased deviation, epsilon included (n = {n})", np.sqrt(t.s * factor)
    yield "epsilon stands outside the square root", np.sqrt(t.v) + epsilon
    yield "the variance is the larger of it and epsilon", np.sqrt(np.maximum(t.v, epsilon))
    yield "epsilon is ignored", np.sqrt(t.v)
    for other in EPSILONS:
        if not math.isclose(other, epsilon, rel_tol=1e-6):
            yield f"an epsilon of {other:g} is used, not {epsilon:g}", np.sqrt(t.v + other)
    yield "epsilon squared is added to the variance", np.sqrt(t.v + epsilon**2)


def _inward(answer: Answer, t: Terms) -> Iterator[Suspect]:
    """Gradients of the input, r (a - c1 - z c2), with a part missing or out of scale."""
    n = answer.problem.layout.group_size
    yield "the upstream gradient came back unchanged", t.g
    yield "gamma is missing from the gradient", _without_gamma(answer, t)
    if answer.problem.statistics is not None:
        return
    yield "mean and variance are taken as constants", t.r * t.a
    yield "the gradient through the mean is missing", t.r * (t.a - t.z * t.c2)
    yield "the gradient through the variance is missing", t.r * (t.a - t.c1)
    yield "sums over the group stand where means are meant", t.r * (t.a - n * t.c1 - n * t.z * t.c2)
    if n > 1:
        yield "the variance's gradient divides by n - 1", t.r * (t.a - t.c1 - t.z * t.c2 * (n / (n - 1)))


def _without_gamma(answer: Answer, t: Terms) -> Floats:
    problem, axes = answer.problem, answer.problem.layout.reduce_axes
    if problem.statistics is not None:
        return t.r * t.g
    n = float(problem.layout.group_size)
    c1 = t.g.sum(axis=axes, keepdims=True) / n if problem.centred else 0.0
    c2 = (t.g * t.z).sum(axis=axes, keepdims=True) / n
    gradient: Floats = (t.g - c1 - t.z * c2) * t.r
    return gradient


def _parameters(answer: Answer, t: Terms, subject: Subject) -> Iterator[Suspect]:
    axes, shared = answer.problem.layout.shared_axes, answer.problem.layout.shared
    of_beta: Floats = t.g.sum(axis=axes)
    of_gamma: Floats = (t.g * t.z).sum(axis=axes)
    own, other = (of_gamma, of_beta) if subject == "gradient_gamma" else (of_beta, of_gamma)
    yield "the gradients of gamma and beta are swapped", other
    yield f"the mean over {shared} elements stands where their sum is meant", own / float(shared)
    yield "the sign is reversed", -own
    if subject == "gradient_gamma":
        yield "the input is not normalized in gamma's gradient", (t.g * (t.x - t.mu)).sum(axis=axes)
        output = t.gamma * t.z + t.shift
        yield "the output stands in for the normalized input", (t.g * output).sum(axis=axes)
        yield "the mean is not subtracted in gamma's gradient", (t.g * t.x * t.r).sum(axis=axes)
