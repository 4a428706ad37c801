import mpmath
import numpy as np
import pytest

from normcheck.cases.arithmetic.exact import Exact, as_exact, maximum, sqrt
from normcheck.tests.numerics import number

RANDOM = np.random.Generator(np.random.PCG64(7))


def sample(scale=1.0):
    hi = RANDOM.uniform(0.5, 2, 200) * RANDOM.choice([-1, 1], 200) * scale
    return Exact(hi, hi * 2.0**-54 * RANDOM.uniform(-1, 1, 200))


def worst(got, wanted):
    with mpmath.workdps(80):
        return max(float(abs(number(got, i) - wanted(i)) / abs(wanted(i))) for i in np.ndindex(got.shape) if wanted(i))


@pytest.mark.parametrize(
    "operation",
    [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b],
    ids=["add", "sub", "mul", "div"],
)
@pytest.mark.parametrize("scale", [1.0, 1e-100, 2.0**500])
def test_arithmetic_is_right_to_a_hundred_bits(operation, scale):
    a, b = sample(scale), sample(scale)
    size = worst(operation(a, b), lambda i: operation(number(a, i), number(b, i)))
    assert size < 2.0**-99


def test_square_roots_are_right_to_a_hundred_bits():
    a = sample()
    a = a * a
    assert worst(sqrt(a), lambda i: mpmath.sqrt(number(a, i))) < 2.0**-99


def test_factors_too_large_for_veltkamps_splitting_are_multiplied():
    product = as_exact(np.array([2.0**1000 * (1 + 2.0**-50)])) * as_exact(np.array([1 + 2.0**-50]))
    assert number(product, (0,)) == mpmath.mpf(2) ** 1000 * (1 + mpmath.mpf(2) ** -50) ** 2


def test_a_sum_keeps_what_float64_loses():
    values = np.array([[1e16, 1.0, -1e16, 2.0**-60, 5.0]])
    total = as_exact(values).sum(axis=(1,))
    assert total.nearest[0] == 6.0
    assert total.lo[0] == 2.0**-60


def test_sums_reduce_the_axes_that_numpy_reduces():
    values = RANDOM.integers(-9, 9, (2, 3, 4, 5)).astype(np.float64)
    for axes in ((0,), (1, 3), (3, 0), (0, 1, 2, 3), ()):
        for keepdims in (False, True):
            expected = values.sum(axis=axes, keepdims=keepdims)
            np.testing.assert_array_equal(as_exact(values).sum(axis=axes, keepdims=keepdims).nearest, expected)


def test_a_sum_of_nothing_is_zero():
    np.testing.assert_array_equal(as_exact(np.zeros((0, 3))).sum(axis=(0,)).nearest, np.zeros(3))


def test_arrays_on_the_left_leave_the_arithmetic_to_the_pair():
    third = 1.0 / as_exact(np.array([3.0, 7.0]))
    assert isinstance(np.array([1.0, 1.0]) - third, Exact)
    assert isinstance(np.float64(2) * third, Exact)
    assert isinstance(2.0 + third, Exact)


def test_what_is_not_finite_stays_in_the_upper_half():
    a = as_exact(np.array([np.inf, -np.inf, np.nan, 1.0, 0.0]))
    with np.errstate(all="ignore"):
        results = [a + 1.0, a * 2.0, a - a, 1.0 / a, sqrt(a), a.sum(axis=(0,)), maximum(a, 0.5)]
    for result in results:
        assert np.isfinite(result.lo).all()
    np.testing.assert_array_equal(results[0].hi, [np.inf, -np.inf, np.nan, 2.0, 1.0])
    np.testing.assert_array_equal(results[3].hi, [0.0, 0.0, np.nan, 1.0, np.inf])
    np.testing.assert_array_equal(results[4].hi, [np.inf, np.nan, np.nan, 1.0, 0.0])


def test_distances_below_the_last_bit_are_seen():
    third = 1.0 / as_exact(np.array([3.0]))
    distance = third.distance(np.array([1 / 3]))
    assert 0 < distance[0] < 2.0**-54
