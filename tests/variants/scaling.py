"""Ways from mean and variance to the output, and ways to bring a moving statistic up to date."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from normcheck.adapters.reference.textbook import Values

from .fused import fused
from .rows import Rows

Reciprocal = Callable[[Values], Values]
Place = Callable[[Rows, Values, Values, Values], tuple[Values, Values]]
Update = Callable[[Values, Values, float], Values]


def divided(s: Values) -> Values:
    """1 / sqrt(s)."""
    return s.dtype.type(1) / np.sqrt(s)


def refined(s: Values) -> Values:
    """An estimate of twelve bits, as vector units give it, and Newton's steps r (3 - s r^2) / 2 up to the dtype's."""
    half, three_halves = s.dtype.type(0.5), s.dtype.type(1.5)
    fraction, exponent = np.frexp(1 / np.sqrt(np.asarray(s)))
    r = np.ldexp(np.rint(fraction * 4096) / 4096, exponent).astype(s.dtype)
    for _ in range(2 if s.dtype == np.float32 else 3):
        r = r * (three_halves - (half * s * r) * r)
    return r


def multiplied(rows: Rows, mean: Values, s: Values, r: Values) -> tuple[Values, Values]:
    """y = gamma ((x - mean) r) + beta; y and z."""
    return _affine(rows, z := (rows.x - mean) * r), z


def by_deviation(rows: Rows, mean: Values, s: Values, r: Values) -> tuple[Values, Values]:
    """y = gamma ((x - mean) / sqrt(s)) + beta."""
    return _affine(rows, z := (rows.x - mean) / np.sqrt(s)), z


def folded(rows: Rows, mean: Values, s: Values, r: Values) -> tuple[Values, Values]:
    """y = x scale + shift, with scale = gamma r and shift = beta - mean scale."""
    scale = r if rows.gamma is None else rows.gamma * r
    shift = -mean * scale if rows.beta is None else rows.beta - mean * scale
    return rows.x * scale + shift, (rows.x - mean) * r


def fused_folded(rows: Rows, mean: Values, s: Values, r: Values) -> tuple[Values, Values]:
    """z = x r - mean r and y = gamma z + beta, each sum fused with its product."""
    z = fused(rows.x, r, -mean * r)
    if rows.beta is None:
        return _affine(rows, z), z
    return fused(np.ones_like(z) if rows.gamma is None else rows.gamma, z, rows.beta), z


def _affine(rows: Rows, z: Values) -> Values:
    y = z if rows.gamma is None else rows.gamma * z
    return y if rows.beta is None else y + rows.beta


def weighted(old: Values, new: Values, alpha: float) -> Values:
    """(1 - alpha) old + alpha new."""
    kind = old.dtype.type
    return kind(1 - alpha) * old + kind(alpha) * new


def by_difference(old: Values, new: Values, alpha: float) -> Values:
    """old - alpha (old - new)."""
    return old - old.dtype.type(alpha) * (old - new)


def fused_weighted(old: Values, new: Values, alpha: float) -> Values:
    """(1 - alpha) old + alpha new, the sum fused with the second product."""
    kind = old.dtype.type
    return fused(kind(alpha), new, kind(1 - alpha) * old)
