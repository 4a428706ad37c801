"""Ways to sum the rows of a matrix, each in the dtype of its elements: (m, k) to (m, 1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from normcheck.adapters.reference.textbook import Values

Sum = Callable[[Values], Values]


def plain(rows: Values) -> Values:
    """NumPy's own: pairwise, in blocks of 128 with eight partial sums."""
    return np.add.reduce(rows, axis=1, keepdims=True)


def serial(rows: Values) -> Values:
    """One addition after the other, from first to last."""
    return np.add.accumulate(rows, axis=1)[:, -1:]


def backwards(rows: Values) -> Values:
    """One addition after the other, from last to first."""
    return serial(rows[:, ::-1])


def shuffled(rows: Values) -> Values:
    """One addition after the other, in an order that depends on the length alone."""
    count = rows.shape[1]
    keys = np.frombuffer(hashlib.shake_256(str(count).encode()).digest(8 * count), np.uint64)
    return serial(rows[:, np.argsort(keys)])


def ascending(rows: Values) -> Values:
    """One addition after the other, the smallest magnitudes first."""
    return serial(np.take_along_axis(rows, np.argsort(np.abs(rows), axis=1), axis=1))


def tree(rows: Values) -> Values:
    """Neighbours are added, then neighbouring sums, down to single elements."""
    while (count := rows.shape[1]) > 1:
        pairs = rows[:, : count - 1 : 2] + rows[:, 1::2]
        rows = np.concatenate((pairs, rows[:, -1:]), axis=1) if count % 2 else pairs
    return rows


def kahan(rows: Values) -> Values:
    """Each addition's rounding error is taken into the next (Kahan 1965)."""
    total, lost = np.zeros_like(rows[:, :1]), np.zeros_like(rows[:, :1])
    for place in range(rows.shape[1]):
        term = rows[:, place : place + 1] - lost
        following = total + term
        total, lost = following, (following - total) - term
    return total


def lanes(width: int) -> Sum:
    """As vector code does: `width` partial sums side by side, added by a tree, then the tail one by one."""

    def total(rows: Values) -> Values:
        count = rows.shape[1] // width * width
        if not count:
            return serial(rows)
        partial = np.add.accumulate(rows[:, :count].reshape(-1, count // width, width), axis=1)[:, -1, :]
        return serial(np.concatenate((tree(partial), rows[:, count:]), axis=1))

    return total


def wide(rows: Values) -> Values:
    """In float64, rounded once."""
    return np.add.reduce(rows, axis=1, keepdims=True, dtype=np.float64).astype(rows.dtype)
