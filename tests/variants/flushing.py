"""Arithmetic that takes and gives zero for every subnormal number, as fast modes of processors do."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcheck.adapters.reference.textbook import Values


class Flushed(np.ndarray):
    """An array whose universal functions flush subnormal arguments and results to zero."""

    def __array_ufunc__(self, function: np.ufunc, method: str, *given: Any, **options: Any) -> Any:
        """The function of flushed arguments, flushed."""
        return flushed(getattr(function, method)(*map(_normal, given), **options))


def flushed(values: Values) -> Values:
    """`values`, subnormals replaced by zero, as an array that goes on flushing."""
    return np.asarray(_normal(values)).view(Flushed)


def _normal(values: Any) -> Any:
    plain = np.asarray(values)
    if plain.dtype.kind != "f":
        return plain
    return np.where(np.abs(plain) < np.finfo(plain.dtype).smallest_normal, plain.dtype.type(0), plain)
