"""A covering holds every two values of two names, in few rows, and always the same ones."""

from __future__ import annotations

import itertools
import math

import pytest

from normcheck.cases.requests.pairs import covering, diagonal

SIZES = [
    (3,),
    (9, 3),
    (2, 2, 2),
    (9, 3, 2),
    (4, 4, 4, 4),
    (8, 5, 4, 3, 2),
    (2,) * 10,
    (3,) * 6,
    (1, 4, 1, 3),
    (1, 1, 1),
]


@pytest.mark.parametrize("sizes", SIZES)
def test_every_two_values_of_two_names_meet(sizes):
    rows = covering(sizes)
    for first, second in itertools.combinations(range(len(sizes)), 2):
        met = {(row[first], row[second]) for row in rows}
        assert met == set(itertools.product(range(sizes[first]), range(sizes[second])))


@pytest.mark.parametrize("sizes", SIZES)
def test_there_are_hardly_more_rows_than_the_two_longest_lists_need(sizes):
    assert len(covering(sizes)) <= math.prod(sorted(sizes)[-2:]) + 2 * len(sizes)


@pytest.mark.parametrize("sizes", [(), (5,), (4, 3)])
def test_of_up_to_two_names_nothing_is_left_out(sizes):
    assert covering(sizes) == frozenset(itertools.product(*map(range, sizes)))


@pytest.mark.parametrize("sizes", SIZES)
def test_a_diagonal_holds_every_value_in_as_many_rows_as_the_longest_list_has(sizes):
    rows = diagonal(sizes)
    assert [len({row[place] for row in rows}) for place in range(len(sizes))] == list(sizes)
    assert len(rows) == max(sizes)


def test_the_rows_are_these_on_every_machine():
    assert sorted(covering((2, 2, 2))) == [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
    assert sorted(covering((3, 2, 2))) == [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0), (2, 0, 0), (2, 1, 1)]
