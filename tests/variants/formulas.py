"""Right implementations of unit and local response normalization that differ in method.

A unit normalization is over the last of two axes, a local response normalization over the second of three; values come
in the dtype that is computed in, and go out in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from normcheck.adapters.reference.textbook import Values
from normcheck.cases.oracle.response import Response
from normcheck.cases.oracle.unit import Unit

from . import sums
from .flushing import flushed
from .rows import narrowed, working

Power = Callable[[Values, float], Values]


def library(values: Values, exponent: float) -> Values:
    """NumPy's power; a square and a root where it is one."""
    if exponent in (1, 2, 0.5):
        return {1: values, 2: values * values, 0.5: np.sqrt(values)}[exponent]
    return np.asarray(values ** values.dtype.type(exponent), values.dtype)


def by_logarithm(values: Values, exponent: float) -> Values:
    """The exponential of a multiple of the logarithm; squares and roots are what they are in the library."""
    if exponent in (1, 2, 0.5):
        return library(values, exponent)
    return np.asarray(np.exp(values.dtype.type(exponent) * np.log(values)), values.dtype)


@dataclass(frozen=True, slots=True)
class Way:
    """How to sum, to take powers and to divide. scaled: by the largest |x| before the powers.

    composed: the gradient is put together from those of single operations.
    """

    total: sums.Sum = sums.plain
    power: Power = library
    reciprocal: bool = False
    scaled: bool = False
    composed: bool = False
    prepared: Callable[[Values], Values] = np.asarray


WAYS: Mapping[str, Way] = {
    "plain": Way(),
    "serial": Way(total=sums.serial, reciprocal=True),
    "shuffled": Way(total=sums.shuffled, composed=True),
    "kahan": Way(total=sums.kahan, scaled=True),
    "lanes": Way(total=sums.lanes(8), power=by_logarithm, reciprocal=True),
    "composed": Way(reciprocal=True, composed=True),
    "wide": Way(total=sums.wide, power=by_logarithm, composed=True),
    "flushed": Way(total=sums.tree, prepared=flushed, scaled=True),
}


def unit(way: Way, problem: Unit) -> dict[str, Values]:
    """Output and gradient of a unit normalization."""
    kind = np.dtype(working(problem.dtype)).type
    x, g = (way.prepared(values.astype(kind)) for values in (problem.x, problem.upstream))
    p, epsilon = problem.order, kind(problem.epsilon)
    norm = _norm(way, x, p)
    d = np.maximum(norm, epsilon)
    y = x * (kind(1) / d) if way.reciprocal else x / d
    above = norm > epsilon
    if math.isinf(p):
        steep = np.sign(x) * (np.abs(x) == norm)
    else:
        steep = np.sign(x) * (np.ones_like(x) if p == 1 else _steep(way, np.abs(x), d, p - 1))
    if way.composed:
        inner = way.total(-g * x / (d * d)) * above
        gradient = g / d + steep * inner
    else:
        gradient = (g - way.total(g * y) * steep * above) / d
    return _stored({"output": y, "gradient_input": gradient}, problem.dtype)


def _norm(way: Way, x: Values, p: float) -> Values:
    size = np.abs(x)
    if math.isinf(p):
        return size.max(axis=1, keepdims=True)
    if not way.scaled or p == 1:
        return way.power(way.total(way.power(size, p)), 1 / p)
    largest = size.max(axis=1, keepdims=True)
    safe = np.where(largest > 0, largest, x.dtype.type(1))
    return largest * way.power(way.total(way.power(size / safe, p)), 1 / p)


def _steep(way: Way, size: Values, d: Values, exponent: float) -> Values:
    if way.composed and exponent == 1:
        return size * (d.dtype.type(1) / d)
    return way.power(size / d, exponent)


def response(way: Way, problem: Response) -> dict[str, Values]:
    """Output and gradient of a local response normalization."""
    kind = np.dtype(working(problem.dtype)).type
    x, g = (way.prepared(values.astype(kind)) for values in (problem.x, problem.upstream))
    size, alpha, beta = kind(problem.size), kind(problem.alpha), kind(problem.beta)
    s = _windows(way, x * x, problem.window)
    s = s / size * alpha + kind(problem.k) if way.composed else kind(problem.alpha / problem.size) * s + kind(problem.k)
    f = way.power(s, -problem.beta) if way.reciprocal else kind(1) / way.power(s, problem.beta)
    y = x * f if way.reciprocal else x / way.power(s, problem.beta)
    if way.composed:
        inner = -g * x * beta * f / s * alpha / size
        gradient = g * f + _windows(way, inner, problem.mirrored) * (kind(2) * x)
    else:
        gradient = g * f - kind(2 * problem.alpha * problem.beta / problem.size) * x * _windows(
            way, g * y / s, problem.mirrored
        )
    return _stored({"output": y, "gradient_input": gradient}, problem.dtype)


def _windows(way: Way, values: Values, window: range) -> Values:
    """The sum over the neighbours of each channel, missing ones as zeros."""
    count = values.shape[1]
    padded = np.zeros((values.shape[0], count + 2 * len(window), values.shape[2]), values.dtype)
    padded[:, len(window) : len(window) + count] = values
    parts = [padded[:, len(window) + step : len(window) + step + count].reshape(-1) for step in window]
    return way.prepared(way.total(way.prepared(np.stack(parts, axis=1))).reshape(values.shape))


def _stored(arrays: dict[str, Values], dtype: str) -> dict[str, Values]:
    return {subject: narrowed(np.asarray(values), dtype) for subject, values in arrays.items()}
