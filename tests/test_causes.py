import numpy as np
import pytest

from normcheck.cases.bounds.normalization import Bounds
from normcheck.cases.judgement.causes import likely_cause
from normcheck.cases.oracle.normalization import Layout, Statistics, solve
from normcheck.tests.numerics import problem, rows

EPSILON = 1e-3
BATCH = Layout((6, 5), None, (0,), (1,))


def cause(asked, got, subject="output", dtype=np.float32):
    return likely_cause(Bounds(solve(asked)), subject, np.asarray(got).astype(dtype))


def parts(asked):
    axes = asked.layout.reduce_axes
    mean, variance = asked.x.mean(axis=axes, keepdims=True), asked.x.var(axis=axes, keepdims=True)
    return asked.x, mean, variance, asked.gamma, asked.beta


OUTPUTS = {
    "unbiased variance": lambda x, m, v, g, b: g * (x - m) / np.sqrt(v * 12 / 11 + EPSILON) + b,
    "epsilon stands outside": lambda x, m, v, g, b: g * (x - m) / (np.sqrt(v) + EPSILON) + b,
    "epsilon is ignored": lambda x, m, v, g, b: g * (x - m) / np.sqrt(v) + b,
    "epsilon of 1e-05 is used": lambda x, m, v, g, b: g * (x - m) / np.sqrt(v + 1e-5) + b,
    "epsilon of 1e-06 is used": lambda x, m, v, g, b: g * (x - m) / np.sqrt(v + 1e-6) + b,
    "1 is added to gamma": lambda x, m, v, g, b: (g + 1) * (x - m) / np.sqrt(v + EPSILON) + b,
    "beta is not added": lambda x, m, v, g, b: g * (x - m) / np.sqrt(v + EPSILON),
    "gamma is not applied": lambda x, m, v, g, b: (x - m) / np.sqrt(v + EPSILON) + b,
    "neither gamma nor beta": lambda x, m, v, g, b: (x - m) / np.sqrt(v + EPSILON),
    "gamma and beta are swapped": lambda x, m, v, g, b: b * (x - m) / np.sqrt(v + EPSILON) + g,
    "the mean is not subtracted": lambda x, m, v, g, b: g * x / np.sqrt(v + EPSILON) + b,
    "root mean square": lambda x, m, v, g, b: g * x / np.sqrt(v + m**2 + EPSILON) + b,
    "not its square root": lambda x, m, v, g, b: g * (x - m) / (v + EPSILON) + b,
    "every element is zero": lambda x, m, v, g, b: 0 * x,
    "came back unchanged": lambda x, m, v, g, b: x,
    "sign is reversed": lambda x, m, v, g, b: g * (m - x) / np.sqrt(v + EPSILON) + b,
    "every element is NaN": lambda x, m, v, g, b: x * np.nan,
}


@pytest.mark.parametrize("named", OUTPUTS)
def test_a_mistake_in_the_output_is_named(named):
    asked = problem(rows(4, 12), "scaled-to-epsilon")
    assert named in cause(asked, OUTPUTS[named](*parts(asked)))


@pytest.mark.parametrize("family", ["normal", "large-mean", "outlier", "scaled-to-epsilon", "huge-mean"])
def test_a_right_answer_has_no_cause(family):
    answer = solve(problem(rows(4, 12), family))
    for subject in ("output", "gradient_input", "gradient_gamma", "gradient_beta"):
        got = getattr(answer, subject).nearest.astype(np.float32)
        assert likely_cause(Bounds(answer), subject, got) == ""


def test_noise_has_no_cause():
    asked = problem(rows(4, 12))
    noise = np.random.Generator(np.random.PCG64(1)).normal(size=(4, 12))
    assert cause(asked, noise) == ""


def test_a_permuted_output_is_named():
    asked = problem(rows(6, 6))
    assert "wrong order" in cause(asked, solve(asked).output.nearest.T)


def test_unbiased_variance_is_seen_through_bfloat16():
    asked = problem(rows(4, 3), "normal", "bfloat16")
    x, mean, variance, gamma, beta = parts(asked)
    assert "unbiased" in cause(asked, gamma * (x - mean) / np.sqrt(variance * 3 / 2 + EPSILON) + beta)


def test_statistics_of_the_batch_in_place_of_the_given_ones_are_named():
    given = Statistics(np.linspace(-1, 1, 5), np.linspace(0.5, 2, 5))
    asked = problem(BATCH, statistics=given)
    x, mean, variance, gamma, beta = parts(asked)
    got = gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta
    assert "the input's own statistics" in cause(asked, got)


def test_a_mean_subtracted_from_rms_is_named():
    asked = problem(rows(4, 12), "large-mean", centred=False)
    x, mean, variance, gamma, beta = parts(asked)
    got = gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta
    assert "only the root mean square" in cause(asked, got)


def gradient(asked, c_1=1.0, c_2=1.0, gamma=None):
    x, mean, variance, _, _ = parts(asked)
    r = 1 / np.sqrt(variance + EPSILON)
    z = (x - mean) * r
    a = asked.upstream * (asked.gamma if gamma is None else gamma)
    inner = a - c_1 * a.mean(axis=-1, keepdims=True) - c_2 * z * (a * z).mean(axis=-1, keepdims=True)
    return r * inner


GRADIENTS = {
    "taken as constants": {"c_1": 0.0, "c_2": 0.0},
    "through the mean is missing": {"c_1": 0.0},
    "through the variance is missing": {"c_2": 0.0},
    "sums over the group": {"c_1": 12.0, "c_2": 12.0},
    "divides by n - 1": {"c_2": 12 / 11},
    "gamma is missing": {"gamma": 1.0},
}


@pytest.mark.parametrize("named", GRADIENTS)
def test_a_mistake_in_the_gradient_of_the_input_is_named(named):
    asked = problem(rows(4, 12))
    assert named in cause(asked, gradient(asked, **GRADIENTS[named]), "gradient_input")


def test_mistakes_in_the_gradients_of_the_parameters_are_named():
    asked = problem(rows(4, 12))
    answer = solve(asked)
    of_gamma, of_beta = answer.gradient_gamma.nearest, answer.gradient_beta.nearest
    assert "mean over 4" in cause(asked, of_gamma / 4, "gradient_gamma")
    assert "mean over 4" in cause(asked, of_beta / 4, "gradient_beta")
    assert "swapped" in cause(asked, of_beta, "gradient_gamma")
    assert "swapped" in cause(asked, of_gamma, "gradient_beta")
    x, mean, _, _, _ = parts(asked)
    raw = (asked.upstream * (x - mean)).sum(axis=0)
    assert "not normalized" in cause(asked, raw, "gradient_gamma")
