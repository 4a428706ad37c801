"""One step of gradient descent on a layer's weights: regularizers before it, constraints after it.

Formulas as Keras documents them: l1 adds factor * sum |w|, l2 adds factor * sum w^2; a norm runs over axis 0 and has
1e-7 added before anything is divided by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..arithmetic.exact import Exact, Floats, as_exact
from ..arithmetic.formats import format_of
from ..case import CaseStep
from ..requests.conventions import Convention
from .answered import Answered

NORM_FLOOR = 1e-7
DEFAULT_FACTOR = 0.01
REGULARIZERS: Mapping[str, tuple[Callable[[Floats], float], Callable[[Floats], Floats]]] = {
    "l1": (lambda w: float(np.abs(w).sum()), np.sign),
    "l2": (lambda w: float((w * w).sum()), lambda w: 2 * w),
}


def penalty(meant: Convention, weights: Mapping[str, Floats]) -> tuple[float, float]:
    """The sum of the layer's regularization losses, and the largest error it may have. weights: values by role."""
    parts = [
        factor * REGULARIZERS[kind][0](weights[role]) for role in weights for kind, factor in _regularizer(meant, role)
    ]
    elements = sum(weights[role].size for role in weights if _regularizer(meant, role))
    return sum(parts), (elements + 4) * format_of(meant.case.weight_dtype).u * sum(parts)


def updated(
    meant: Convention, bounds: Answered, weights: Mapping[str, Floats], step: CaseStep
) -> dict[str, tuple[Exact, Floats]]:
    """The trainable weights after one step, each with the error it may have: the gradient's, scaled, and roundings."""
    return {
        weight.role: _updated(meant, weight.role, bounds, weights[weight.role], step.learning_rate)
        for weight in meant.weights
        if weight.trainable
    }


def _updated(meant: Convention, role: str, bounds: Answered, w: Floats, rate: float) -> tuple[Exact, Floats]:
    u = format_of(meant.case.weight_dtype).u
    subject = bounds.gradient_of(role)
    slope = bounds.exact(subject).nearest
    for kind, factor in _regularizer(meant, role):
        slope = slope + factor * REGULARIZERS[kind][1](w)
    roundings = 4 * u * (np.abs(w) + rate * np.abs(slope))
    error = rate * bounds.tolerance(subject, "A") + roundings
    value, allowed = _constrained(meant.arguments.get(f"{role}_constraint"), w - rate * slope, error, u)
    return as_exact(value), allowed


def _regularizer(meant: Convention, role: str) -> list[tuple[str, float]]:
    asked = meant.arguments.get(f"{role}_regularizer")
    if asked is None:
        return []
    return [(asked, DEFAULT_FACTOR)] if isinstance(asked, str) else [(asked["kind"], asked["factor"])]


def _constrained(constraint: Any, w: Floats, error: Floats, u: float) -> tuple[Floats, Floats]:
    """`w` projected, and the error that is left: a norm passes on the errors of all it is taken over."""
    if constraint is None:
        return w, error
    options = {"kind": constraint} if isinstance(constraint, str) else constraint
    if options["kind"] == "non_neg":
        return np.maximum(w, 0.0), error
    norm = np.sqrt((w * w).sum(axis=0, keepdims=True))
    aim = np.minimum(norm, options.get("max_value", 2.0)) if options["kind"] == "max_norm" else np.ones_like(norm)
    value = w * aim / (NORM_FLOOR + norm)
    spread = np.sqrt((error * error).sum(axis=0, keepdims=True)) / norm
    return value, error * aim / norm + np.abs(value) * (spread + (w.shape[0] + 8) * u)
