import mpmath
import numpy as np
import pytest

from normcheck.adapters.arrays import decode
from normcheck.cases.arithmetic.formats import format_of
from normcheck.cases.bounds.derivatives import DerivativeBounds
from normcheck.cases.bounds.normalization import Bounds
from normcheck.cases.oracle.derivatives import derivatives
from normcheck.cases.oracle.normalization import Problem, solve
from normcheck.cases.requests.inputs import drawn
from normcheck.tests.derivative_alarms import checks
from normcheck.tests.numerics import number, numbers, precise, problem, rows
from normcheck.tests.test_oracle import LAYOUTS, variants

STEP = mpmath.mpf(2) ** -60
NOISE = 1e-60  # more than 120 digits leave of a second difference
WHICH = ("output", "output_twice", "gradient_input", "gradient_gamma", "gradient_beta")


def tangent_of(asked, seed):
    return decode(drawn("tangent", asked.layout.shape, "float32", seed)).astype(np.float64)


def by_differences(asked, tangent):
    """The derivatives as differences quotients of the definition, in arithmetic of 120 digits."""
    t = numbers(tangent, asked.layout.split_shape)
    with mpmath.workdps(120):
        before, here, after = (precise(asked, sign * STEP * t) for sign in (-1, 0, 1))
        found = {"output": (after["output"] - before["output"]) / (2 * STEP)}
        found["output_twice"] = (after["output"] - 2 * here["output"] + before["output"]) / STEP**2
        for name in WHICH[2:]:
            found[name] = (after[name] - before[name]) / (2 * STEP)
    return found


def cases(dtype):
    for name, layout in LAYOUTS.items():
        for family in ("normal", "large-mean", "outlier"):
            for index, fields in enumerate(variants(layout, "1")):
                yield f"{name}/{family}/{index}", problem(layout, family, dtype, f"{name}/{family}/{index}", **fields)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_derivatives_are_those_of_the_definition_by_differences(dtype):
    worst = 0.0
    for name, asked in cases(dtype):
        tangent = tangent_of(asked, name)
        bounds = DerivativeBounds(Bounds(solve(asked)), derivatives(solve(asked), tangent))
        truth = by_differences(asked, tangent)
        for which in WHICH:
            judged, tolerance = bounds.masks(which).judged, bounds.tolerance(which, "A")
            exact = bounds.found.exact(which)
            for index in np.ndindex(exact.shape):
                with mpmath.workdps(60):
                    error = abs(number(exact, index) - truth[which][index])
                if judged[index]:
                    worst = max(worst, float(error) / max(tolerance[index], NOISE))
    assert worst < 1e-6


def test_a_hessian_worked_out_by_hand():
    x, t, g = np.array([[1.0, -1.0]]), np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    found = derivatives(solve(Problem(x, "float64", rows(1, 2), 3.0, upstream=g)), t)
    # z = d / sqrt(d^2 + 3) of d = (x1 - x2) / 2 = 1: z' = 3 / 8 and z'' = -9 / 32 by d, and d' = 1 / 2.
    np.testing.assert_allclose(found.output.nearest, [[3 / 16, -3 / 16]], rtol=1e-14)
    np.testing.assert_allclose(found.output_twice.nearest, [[-9 / 128, 9 / 128]], rtol=1e-14)
    np.testing.assert_allclose(found.gradient_input.nearest, [[9 / 128, -9 / 128]], rtol=1e-14)


def test_where_statistics_are_given_second_derivatives_are_zero_and_must_be():
    layout = LAYOUTS["channels"]
    asked = problem(layout, "normal", "float32", "given", **variants(layout, "1")[2])
    bounds = DerivativeBounds(Bounds(solve(asked)), derivatives(solve(asked), tangent_of(asked, "given")))
    for which in ("output_twice", "gradient_input", "gradient_beta"):
        assert not bounds.found.exact(which).nearest.any()
        assert (bounds.tolerance(which, "A") <= 2.0**-125).all()


def test_what_was_not_asked_for_is_refused():
    found = derivatives(solve(Problem(np.ones((2, 3)), "float32", rows(2, 3), 0.5)), np.ones((2, 3)))
    with pytest.raises(ValueError, match="give it an upstream gradient"):
        found.exact("gradient_input")


def test_the_bound_of_forward_mode_is_the_formula():
    x, t = np.array([[1.0, 2.0, 6.0]]), np.array([[1.0, -0.5, 2.0]])
    gamma = np.array([2.0, -1.0, 0.5])
    bounds = Bounds(solve(Problem(x, "float32", rows(1, 3), 2.0**-10, gamma=gamma)))
    f, terms, n, u = bounds.forward("A"), bounds.answer.terms, 3, 2.0**-24
    r, z, size, e_z, rho = float(terms.r[0, 0]), terms.z[0], f.size[0], f.e_z[0], float(f.rho[0, 0])
    m, mean = float((t[0] * z).mean()), np.abs(t[0]).mean()
    e_m = (n + 3) * u * r * (np.abs(t[0]) * size).mean() + (np.abs(t[0]) * e_z).mean()
    whole = np.abs(t[0]) + mean
    rest = (n + 1) * u * mean + np.abs(z) * e_m + e_z * (abs(m) + e_m) + 6 * u * (whole + r * size * abs(m))
    moved = (1 + rho) ** 3 * r * rest + rho * r * (np.abs(t[0] - t[0].mean()) + 3 * np.abs(z * m))
    c = np.abs(gamma) * (moved + 2 * u * r * (whole + np.abs(z * m))) + 2.0**-126
    found = DerivativeBounds(bounds, derivatives(bounds.answer, t))
    exact = np.abs(found.found.output.nearest[0])
    wanted = c + 0.5 * format_of("float32").ulp(exact + c)
    np.testing.assert_allclose(found.tolerance("output", "A")[0], wanted, rtol=1e-9)


def test_wider_grades_have_wider_bounds():
    asked = problem(rows(3, 7), "large-mean", "float32", "grades")
    bounds = DerivativeBounds(Bounds(solve(asked)), derivatives(solve(asked), tangent_of(asked, "grades")))
    for which in ("output", "output_twice", "gradient_input", "gradient_gamma"):
        a, a2, b = (bounds.tolerance(which, grade) for grade in ("A", "A2", "B1"))
        assert (a < a2).all()
        assert (a < b).all()


def test_a_nan_must_show_in_every_derivative_of_its_group_and_nowhere_else():
    asked = problem(rows(3, 7), "nan-row", "float32", "nan")
    bounds = DerivativeBounds(Bounds(solve(asked)), derivatives(solve(asked), tangent_of(asked, "nan")))
    groups = np.isnan(asked.x).any(axis=1)
    for which in ("output", "output_twice", "gradient_input"):
        required = bounds.masks(which).required_nan
        assert (required == np.broadcast_to(groups[:, None], (3, 7))).all()
        assert bounds.masks(which).judged[~groups].all()
    assert not bounds.masks("gradient_beta").required_nan.any()


def test_no_right_way_to_a_derivative_is_outside_its_bound():
    found = [check for number in range(60) for check in checks(number)]
    assert {check.kind for check in found} == {"layer", "rms", "batch", "group", "instance", "feature"}
    assert [check for check in found if check.alarm] == []
