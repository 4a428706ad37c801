"""The formulas of normalization and of its derivatives, as a textbook writes them.

Statistics in two passes (first the mean, then the squared distances from it); everything in the dtype of the
arrays that come in, which is float32 or float64. `axes` are the reduced axes, kept with length one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]
Axes = tuple[int, ...]


def moments(x: Values, axes: Axes) -> tuple[Values, Values]:
    """Mean and population variance (Ba, Kiros and Hinton 2016, equation 3)."""
    mean = x.mean(axis=axes, keepdims=True)
    return mean, np.square(x - mean).mean(axis=axes, keepdims=True)


def mean_square(x: Values, axes: Axes) -> Values:
    """The mean of the squares (Zhang and Sennrich 2019, equation 4)."""
    squares: Values = np.square(x).mean(axis=axes, keepdims=True)
    return squares


def masked_moments(x: Values, axes: Axes, mask: Values) -> tuple[Values, Values]:
    """Mean and population variance of the elements where `mask` is true; 0 where it is true of none."""
    n = np.maximum(mask.sum(axis=axes, keepdims=True), 1).astype(x.dtype)
    mean = np.where(mask, x, 0).sum(axis=axes, keepdims=True) / n
    return mean, np.square(np.where(mask, x - mean, 0)).sum(axis=axes, keepdims=True) / n


def gradient_under_mask(a: Values, z: Values, r: Values, axes: Axes, mask: Values) -> Values:
    """As `normalized_gradient`, where mean and variance are those of the elements that the mask lets count."""
    n = np.maximum(mask.sum(axis=axes, keepdims=True), 1).astype(z.dtype)
    through = (a.sum(axis=axes, keepdims=True) + z * (a * z).sum(axis=axes, keepdims=True)) / n
    gradient: Values = r * (a - np.where(mask, through, 0))
    return gradient


def reciprocal_deviation(variance: Values, epsilon: float) -> Values:
    """1 / sqrt(variance + epsilon)."""
    one, small = variance.dtype.type(1), variance.dtype.type(epsilon)
    reciprocal: Values = one / np.sqrt(variance + small)
    return reciprocal


def standardized(x: Values, mean: Values, r: Values) -> Values:
    """(x - mean) r."""
    centred: Values = (x - mean) * r
    return centred


def normalized_gradient(a: Values, z: Values, r: Values, axes: Axes, centred: bool) -> Values:
    """The gradient of x, where z = (x - mean) r and `a` is the gradient of z.

    r (a - mean(a) - z mean(a z)), after Ioffe and Szegedy 2015, section 3; without mean(a) where no mean is
    subtracted.
    """
    along: Values = (a * z).mean(axis=axes, keepdims=True)
    mean: Values = a.mean(axis=axes, keepdims=True) if centred else np.zeros_like(along)
    gradient: Values = r * (a - mean - z * along)
    return gradient


def penalty(kind: str, factor: float, w: Values) -> float:
    """The loss of an l1 or l2 regularizer: factor sum |w|, factor sum w²."""
    return factor * float(np.abs(w).sum() if kind == "l1" else np.square(w).sum())


def penalty_gradient(kind: str, factor: float, w: Values) -> Values:
    """The derivative of `penalty`; zero at zero for l1."""
    slope: Values = np.sign(w) if kind == "l1" else 2 * w
    gradient: Values = slope * w.dtype.type(factor)
    return gradient


def constrained(kind: str, options: dict[str, float], w: Values) -> Values:
    """`w` after a constraint: negatives cut off, or its norm over axis 0 brought within limits."""
    if kind == "non_neg":
        return np.maximum(w, 0)
    norm = np.sqrt(np.square(w).sum(axis=0, keepdims=True))
    wanted = {
        "unit_norm": np.ones_like(norm),
        "max_norm": np.minimum(norm, options.get("max_value", 2.0)),
    }[kind]
    tiny = w.dtype.type(1e-7)
    return np.asarray(w * (wanted / (norm + tiny)), w.dtype)
