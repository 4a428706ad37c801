"""Pairwise covering: few rows of a product in which every two values of two names meet.

Most faults show with one value or with two together, so a quick list of such rows finds nearly what the product does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache

Row = tuple[int, ...]


@lru_cache(maxsize=256)
def covering(sizes: tuple[int, ...]) -> frozenset[Row]:
    """Rows of indices, one index below each of `sizes`, that hold every pair of indices of two places.

    Of one place every index, and of two places the product. The greedy choice, and of equals the first in the order of
    the product, so that the same sizes give the same rows everywhere.
    """
    rows = list(itertools.product(*map(range, sizes)))
    if len(sizes) < 3:
        return frozenset(rows)
    bits: dict[tuple[tuple[int, int], ...], int] = {}
    met = [sum(1 << bits.setdefault(pair, len(bits)) for pair in _pairs(row)) for row in rows]
    lacking = (1 << len(bits)) - 1
    chosen = set()
    while lacking:
        best = max(range(len(rows)), key=lambda index: (met[index] & lacking).bit_count())
        chosen.add(rows[best])
        lacking &= ~met[best]
    return frozenset(chosen)


def diagonal(sizes: tuple[int, ...]) -> frozenset[Row]:
    """Rows of indices, as many as the largest size, that hold every index of every place at least once."""
    return frozenset(tuple(index % size for size in sizes) for index in range(max(sizes, default=1)))


def _pairs(row: Sequence[int]) -> Iterator[tuple[tuple[int, int], ...]]:
    return itertools.combinations(enumerate(row), 2)
