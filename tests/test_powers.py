import mpmath
import numpy as np
import pytest

from normcheck.cases.arithmetic.exact import Exact
from normcheck.cases.arithmetic.powers import exp, log, power
from normcheck.tests.numerics import number

RANDOM = np.random.Generator(np.random.PCG64(11))


def sample(hi):
    return Exact(hi, hi * 2.0**-54 * RANDOM.uniform(-1, 1, hi.shape))


def worst(got, wanted):
    return max(float(abs(number(got, i) / wanted(i) - 1)) for i in np.ndindex(got.shape))


@pytest.mark.parametrize("exponent", [0.75, -0.75, -1.75, 1 / 3, 1.5, 3.0, 0.5, 2.0, 1.0])
def test_powers_are_right_to_ninety_five_bits(exponent):
    a = sample(np.exp(RANDOM.uniform(-80, 80, 100)))
    with mpmath.workdps(60):
        assert worst(power(a, exponent), lambda i: number(a, i) ** mpmath.mpf(exponent)) < 2.0**-95


def test_exponentials_and_logarithms_are_right_to_ninety_five_bits():
    a = sample(RANDOM.uniform(-300, 300, 100))
    b = sample(np.exp(RANDOM.uniform(1, 300, 100)))
    with mpmath.workdps(60):
        assert worst(exp(a), lambda i: mpmath.exp(number(a, i))) < 2.0**-95
        assert worst(log(b), lambda i: mpmath.log(number(b, i))) < 2.0**-95


def test_a_root_may_be_given_in_double_double():
    third = Exact(np.ones(()), np.zeros(())) / 3.0
    a = sample(RANDOM.uniform(1, 9, 50))
    with mpmath.workdps(60):
        assert worst(power(a, third), lambda i: mpmath.cbrt(number(a, i))) < 2.0**-98


def test_zero_infinity_and_nan_have_the_powers_of_floating_point():
    a = Exact(np.array([0.0, np.inf, np.nan, 1.0]), np.zeros(4))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(power(a, 0.75).nearest, [0, np.inf, np.nan, 1])
        np.testing.assert_array_equal(power(a, -0.75).nearest, [np.inf, 0, np.nan, 1])
