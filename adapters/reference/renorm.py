"""Batch renormalization in the reference: the corrections r and d, their limits, and the averages that move.

Formulas of Ioffe, "Batch Renormalization", 2017, algorithm 1, with the two pairs of averages that Keras keeps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import decode, encode
from .textbook import Values

if TYPE_CHECKING:
    from .layer import Layer, Pass

NO_LIMITS = {"rmin": 0.0, "rmax": math.inf, "dmax": math.inf}


def limits_of(clipping: Mapping[str, float] | None) -> dict[str, float]:
    """The limits of r and d. Raises ValueError for one of another name, and for limits that leave nothing between."""
    limits = dict(clipping or {})
    if not set(limits) <= set(NO_LIMITS):
        raise ValueError(f"renorm_clipping has rmin, rmax and dmax, not {sorted(limits)}")
    if limits.get("rmin", 0) > limits.get("rmax", math.inf):
        raise ValueError(f"renorm_clipping has rmin above rmax: {limits}")
    if limits.get("dmax", 0) < 0:
        raise ValueError(f"renorm_clipping has a negative dmax: {limits}")
    return limits


def corrections(layer: Layer, mean: Values, variance: Values) -> tuple[Values, Values]:
    """R and d in the shape of the statistics, within their limits."""
    assert layer.limits is not None
    small = variance.dtype.type(layer.epsilon)
    average, deviation = (
        decode(layer.weights[name]).astype(mean.dtype).reshape(mean.shape) for name in ("renorm_mean", "renorm_stddev")
    )
    far = np.maximum(deviation, np.sqrt(small))
    r, d = np.sqrt(variance + small) / far, (mean - average) / far
    least, most, room = (layer.limits.get(name, other) for name, other in NO_LIMITS.items())
    return np.clip(r, r.dtype.type(least), r.dtype.type(most)), np.clip(d, d.dtype.type(-room), d.dtype.type(room))


def move_renormed(layer: Layer, seen: Pass) -> None:
    """Move both pairs of averages, of mean and deviation; the moving variance follows from the moving deviation."""
    mean, variance = (one.reshape(-1) for one in seen.moments)
    small = variance.dtype.type(layer.epsilon)
    deviation = np.sqrt(variance + small)
    for name, new, momentum in (
        ("renorm_mean", mean, layer.renorm_momentum),
        ("renorm_stddev", deviation, layer.renorm_momentum),
        ("moving_mean", mean, layer.momentum),
        ("moving_stddev", deviation, layer.momentum),
    ):
        old = decode(layer.weights[name]).astype(layer.working)
        moved = old.dtype.type(momentum) * old + old.dtype.type(1 - momentum) * new
        layer.weights[name] = encode(moved, layer.stored)
    layer.weights["moving_variance"] = encode(np.maximum(moved * moved - small, 0), layer.stored)
