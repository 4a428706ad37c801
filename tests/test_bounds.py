import numpy as np
import pytest

from normcheck.cases.arithmetic.formats import format_of
from normcheck.cases.bounds.domain import masks, proves_nothing
from normcheck.cases.bounds.normalization import GRADES, Bounds, growth, statistics_errors
from normcheck.cases.oracle.moving import first_state, moving
from normcheck.cases.oracle.normalization import Layout, Problem, Statistics, solve
from normcheck.tests.numerics import SUBJECTS, problem, rows, values

U, N = 2.0**-24, 2.0**-126


def one_group(x, epsilon=2.0**-10, dtype="float32", **fields):
    """Bounds of one row, for formulas worked out by hand."""
    x = np.asarray([x], np.float64)
    return Bounds(solve(Problem(x, dtype, rows(*x.shape), epsilon, **fields)))


def test_growth_is_that_of_random_sums_and_linear_for_structured_data():
    assert [growth(n, False) for n in (1, 64, 65, 1026, 2**16)] == [1, 64, 65, 257, 2048]
    assert growth(1026, True) == 1026


@pytest.mark.parametrize(
    ("dtype", "magnitude", "step"),
    [
        ("float32", 1.0, 2.0**-23),
        ("float32", 0.75, 2.0**-24),
        ("float32", 0.0, 2.0**-149),
        ("float64", 3.0, 2.0**-51),
        ("float64", 0.0, 5e-324),
        ("float16", 65504.0, 32.0),
        ("float16", 2.0**-20, 2.0**-24),
        ("bfloat16", 100.0, 0.5),
        ("bfloat16", 2.0**-130, 2.0**-133),
    ],
)
def test_ulps_are_those_of_the_dtype(dtype, magnitude, step):
    assert format_of(dtype).ulp(np.asarray(magnitude)) == step


def test_the_bound_of_the_output_is_the_formula():
    bounds = one_group([1.0, 2.0, 6.0], gamma=np.array([2.0, -1.0, 0.5]), beta=np.array([1.0, 0.0, -2.0]))
    mu, v, n = 3.0, 14 / 3, 3
    s = v + 2.0**-10
    r = s**-0.5
    d_mu = (n + 1) * U * mu
    e_v = (n + 4) * U * v + n * U * np.sqrt(v * (v + mu**2)) + d_mu**2
    rho = max(np.sqrt(s / (v - e_v + 2.0**-10)) - 1, 1 - np.sqrt(s / (s + e_v))) + 5 * U
    x, gamma, beta = np.array([1.0, 2.0, 6.0]), np.array([2.0, 1.0, 0.5]), np.array([1.0, 0.0, 2.0])
    z = (x - mu) * r
    e_z = (1 + rho) * r * (d_mu + 2 * U * (x + mu) + 2 * N) + rho * np.abs(z)
    c = gamma * e_z + 2 * U * (gamma * np.abs(z) + beta) + 2 * gamma * r * N + N
    y = np.array([2.0, -1.0, 0.5]) * z + np.array([1.0, 0.0, -2.0])
    t = c + 0.5 * format_of("float32").ulp(np.abs(y) + c)
    np.testing.assert_allclose(bounds.tolerance("output", "A")[0], t, rtol=1e-7)
    weight = 2 * (2 * U * (gamma * np.abs(z) + beta) + 2.0**-149)
    np.testing.assert_allclose(bounds.tolerance("output", "A2")[0], t + weight, rtol=1e-7)


def test_the_bounds_of_the_gradients_are_the_formulas():
    g = np.array([[1.0, -2.0, 0.5]])
    bounds = one_group([1.0, 2.0, 6.0], gamma=np.array([2.0, -1.0, 0.5]), beta=np.zeros(3), upstream=g)
    f, t, n = bounds.forward("A"), bounds.answer.terms, 3
    a, z, size = np.abs(t.a[0]), np.abs(t.z[0]), f.size[0]
    r, rho, e_z, c2 = float(t.r[0, 0]), float(f.rho[0, 0]), f.e_z[0], abs(float(t.c2[0, 0]))
    e_1 = (n + 1) * U * a.mean()
    e_2 = (n + 3) * U * r * (a * size).mean() + (a * e_z).mean()
    c = (1 + rho) ** 3 * r * (e_1 + z * e_2 + e_z * (c2 + e_2) + 4 * U * (a + a.mean() + r * size * c2)) + rho * r * (
        np.abs(t.a[0] - t.c1[0, 0]) + 3 * z * c2
    )
    exact = np.abs(bounds.answer.gradient_input.nearest[0])
    ulp = format_of("float32").ulp
    wanted = c + N + 0.5 * ulp(exact + c)
    np.testing.assert_allclose(bounds.tolerance("gradient_input", "A")[0], wanted, rtol=1e-12)
    c = np.abs(g[0]) * e_z + (1 + 3) * U * np.abs(g[0]) * r * size + N
    exact = np.abs(bounds.answer.gradient_gamma.nearest)
    np.testing.assert_allclose(bounds.tolerance("gradient_gamma", "A"), c + 0.5 * ulp(exact + c), rtol=1e-12)
    c = (1 + 1) * U * np.abs(g[0]) + N
    wanted = c + 0.5 * ulp(np.abs(g[0]) + c)
    np.testing.assert_allclose(bounds.tolerance("gradient_beta", "A"), wanted, rtol=1e-12)


def test_the_scale_error_is_computed_without_cancellation_in_float64():
    bounds = one_group([1.0, 2.0, 6.0], dtype="float64")
    forward, terms = bounds.forward("A"), bounds.answer.terms
    half = forward.e_v / (2 * terms.s)
    np.testing.assert_allclose(forward.rho, half + 5 * 2.0**-53, rtol=1e-12)


def test_one_pass_adds_its_term_to_the_variance_and_coarse_sums_take_the_narrow_roundoff():
    bounds = one_group([1.0, 2.0, 6.0], dtype="float16")
    two, one, coarse = (bounds.forward(grade).e_v for grade in ("A", "B", "C"))
    np.testing.assert_allclose(one - two, 3 * 5 * U * (14 / 3 + 9), rtol=1e-7)
    assert (coarse > 1000 * two).all()


def test_rms_has_no_error_of_the_mean_and_given_statistics_have_what_they_inherit():
    answer = solve(problem(rows(2, 6), "large-mean", centred=False))
    d_mu, e_v = statistics_errors(answer, U)
    assert not d_mu.any()
    np.testing.assert_allclose(e_v, 8 * U * answer.terms.v)
    given = Statistics(np.zeros(2), np.ones(2), np.array([1e-3, 0.0]), np.array([0.0, 1e-2]))
    bounds = Bounds(solve(problem(rows(2, 6), statistics=given)))
    clean = Bounds(solve(problem(rows(2, 6), statistics=Statistics(np.zeros(2), np.ones(2)))))
    assert (bounds.tolerance("output", "A") > 100 * clean.tolerance("output", "A")).all()


def test_given_statistics_leave_the_gradient_three_roundings_and_the_scale_error():
    given = Statistics(np.zeros(2), np.ones(2))
    bounds = Bounds(solve(problem(rows(2, 6), statistics=given)))
    terms = bounds.answer.terms
    c = terms.r * np.abs(terms.a) * 8 * U
    wanted = c + 0.5 * format_of("float32").ulp(terms.r * np.abs(terms.a) + c)
    np.testing.assert_allclose(bounds.tolerance("gradient_input", "A"), wanted, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("subject", SUBJECTS)
def test_grades_are_ordered(dtype, subject):
    bounds = Bounds(solve(problem(rows(3, 12), "large-mean", dtype)))
    t = {grade: bounds.tolerance(subject, grade) for grade in GRADES}
    assert (t["A"] < t["A2"]).all()
    assert (t["A"] <= t["B1"]).all()
    assert (t["B1"] < t["B"]).all()
    assert (t["A2"] <= t["C"]).all()


def test_a_group_with_a_nan_must_answer_nan_and_one_with_an_infinity_nothing_finite():
    for family, required in (("nan-row", True), ("inf-row", False)):
        bounds = Bounds(solve(problem(rows(3, 12), family)))
        output, gamma, beta = (masks(bounds, subject) for subject in ("output", "gradient_gamma", "gradient_beta"))
        np.testing.assert_array_equal(output.judged.all(axis=1), [True, False, True])
        np.testing.assert_array_equal(output.required_nan.all(axis=1), [False, required, False])
        assert not masks(bounds, "gradient_input").judged[1].any()
        assert not gamma.judged.any()
        assert output.required_not_finite[1].all() != required
        assert beta.judged.all()


def test_with_given_statistics_only_the_element_itself_must_be_nan():
    given = Statistics(np.zeros(3), np.ones(3))
    bounds = Bounds(solve(problem(rows(3, 12), "nan-row", statistics=given)))
    found = masks(bounds, "output")
    assert found.required_nan.sum() == 1
    assert found.judged.sum() == 35


@pytest.mark.parametrize(
    ("x", "epsilon", "forward", "backward"),
    [
        ([1.0, 2.0], 1e-3, True, True),
        ([1e19, -1e19], 1e-3, False, False),
        ([1e15, -1e15], 1e-3, True, False),
        ([1e-18, -1e-18], 0.0, False, False),
        ([3.0, 3.0], 0.0, False, False),
        ([3.0, 3.0], 1e-3, True, True),
        ([1e-13, -1e-13], 0.0, True, False),
    ],
)
def test_the_domain_ends_where_sums_of_squares_overflow_or_the_scale_underflows(x, epsilon, forward, backward):
    bounds = one_group(x, epsilon, upstream=np.array([[1.0, -1.0]]))
    assert masks(bounds, "output").judged.all() == forward
    assert masks(bounds, "gradient_input").judged.all() == backward


def test_what_the_output_dtype_cannot_hold_is_information():
    bounds = one_group([1.0, 2.0, 6.0], dtype="float16", gamma=np.array([1.0, 1e6, 1.0]))
    np.testing.assert_array_equal(masks(bounds, "output").judged, [[True, False, True]])


def test_a_case_whose_bound_drowns_the_answer_proves_nothing():
    assert not proves_nothing(one_group([100.0, 101.0, 103.0], 1e-5))
    assert proves_nothing(one_group([1e7, 1e7 + 1, 1e7 + 3], 1e-5))


def test_a_large_answer_from_given_statistics_proves_what_it_proves():
    given = Statistics(np.zeros(2), np.ones(2))
    for dtype in ("float32", "bfloat16"):
        assert not proves_nothing(Bounds(solve(problem(rows(2, 6), "large-mean", dtype, statistics=given))))
    vague = Statistics(np.zeros(2), np.ones(2), mean_error=5.0)
    assert proves_nothing(Bounds(solve(problem(rows(2, 6), "large-mean", statistics=vague))))


def test_the_bound_does_not_overflow_before_the_sum_of_squares_does():
    bounds = Bounds(solve(problem(rows(2, 6), "near-overflow", "float64")))
    assert masks(bounds, "output").judged.all()


def test_moving_statistics_have_the_formulas_bounds_and_hand_their_errors_on():
    layout = Layout((4, 2), None, (0,), (1,))
    asked = problem(layout, "large-mean")
    answer = solve(asked)
    old_mean, old_variance = values("moving_mean", (2,)), values("moving_variance", (2,))
    once = moving(answer, first_state(old_mean, old_variance), 0.25, 4 / 3, "float32")
    mu, v = (moment.nearest for moment in answer.moments)
    m_1 = np.abs(asked.x).mean(axis=0)
    ulp = format_of("float32").ulp
    c = 0.25 * 5 * U * m_1 + 3 * U * (np.abs(0.75 * old_mean) + np.abs(0.25 * mu))
    np.testing.assert_allclose(once.mean.nearest, 0.75 * old_mean + 0.25 * mu, rtol=1e-15)
    np.testing.assert_allclose(once.mean_tolerance("A"), c + 0.5 * ulp(np.abs(once.mean.nearest) + c), rtol=1e-12)
    e_v = 8 * U * v + 4 * U * np.sqrt(v * (v + mu**2)) + (5 * U * m_1) ** 2
    c = 0.25 * 4 / 3 * e_v + 4 * U * (0.75 * old_variance + 0.25 * 4 / 3 * v)
    wanted = c + 0.5 * ulp(once.variance.nearest + c)
    np.testing.assert_allclose(once.variance_tolerance("A"), wanted, rtol=1e-12)
    twice = moving(answer, once, 0.25, 4 / 3, "float32")
    fresh = moving(answer, first_state(once.mean.nearest, once.variance.nearest), 0.25, 4 / 3, "float32")
    inherited = twice.mean_tolerance("A") - fresh.mean_tolerance("A")
    np.testing.assert_allclose(inherited, 0.75 * once.mean_tolerance("A"), rtol=1e-6)


def test_moving_statistics_of_a_channel_with_a_nan_are_information_from_then_on():
    layout = Layout((4, 3), None, (0,), (1,))
    state = first_state(values("moving_mean", (3,)), values("moving_variance", (3,)))
    state = moving(solve(problem(layout, "nan-row")), state, 0.1, 1.0, "float32")
    state = moving(solve(problem(layout, "normal")), state, 0.1, 1.0, "float32")
    np.testing.assert_array_equal(state.judged, [True, False, True])


def test_a_gradient_that_was_not_asked_for_has_no_bound():
    with pytest.raises(ValueError, match="has no gradient_gamma"):
        one_group([1.0, 2.0]).tolerance("gradient_gamma", "A")


def test_a_sum_of_numbers_that_were_stored_is_off_by_a_subnormal_for_each():
    layout = Layout((4096, 1), None, (0,), (1,))
    bounds = Bounds(solve(problem(layout, dtype="float16", upstream=np.full(layout.shape, 2.0**-20))))
    for subject in ("gradient_gamma", "gradient_beta"):
        more = bounds.tolerance(subject, "A2") - bounds.tolerance(subject, "A")
        assert 2 * 4096 * 2.0**-24 < more < 2.1 * 4096 * 2.0**-24


def test_a_moving_average_by_difference_owes_to_the_old_value_what_it_subtracts():
    answer = solve(problem(Layout((4, 2), None, (0,), (1,)), "tiny-variance"))
    state = first_state(np.full(2, 1024.0), np.full(2, 1024.0))
    moved = moving(answer, state, 1.0, 1.0, "float32")
    np.testing.assert_allclose(moved.mean_tolerance("A"), 3 * U * 1024, rtol=1e-3)
    np.testing.assert_allclose(moved.variance_tolerance("A"), 4 * U * 1024, rtol=1e-3)


def test_what_may_be_rounded_to_infinity_within_its_bound_is_information():
    for epsilon, told in ((2.0**-10, True), (2.0**-40, False)):
        bounds = one_group([12.34375], epsilon, "float16", upstream=np.array([[1.0]]))
        assert bounds.answer.gradient_input.nearest == 0
        assert masks(bounds, "gradient_input").judged == told
