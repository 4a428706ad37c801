"""Weight and spectral normalization: the oracle against arbitrary precision, and the bounds against right methods."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.cases.arithmetic.exact import as_exact, plain
from normcheck.cases.oracle import magnitudes, spectral
from normcheck.cases.oracle.magnitudes import Weighted
from normcheck.cases.oracle.spectral import Spectral
from normcheck.cases.oracle.worked import Worked

mpmath.mp.dps = 60
DTYPES = ("float32", "float64", "float16", "bfloat16")
SHAPES = ((1, 1, 1), (2, 3, 4), (5, 12, 3), (3, 129, 17))


def rounded(values, dtype):
    return decode(encode(values, dtype)).astype(np.float64)


def weighted(n, dtype, number, axes=(1,)):
    rows, inputs, units = n
    random = np.random.default_rng(number)
    x, v, g = (rounded(random.normal(size=shape), dtype) for shape in ((rows, inputs), (units, inputs), (rows, units)))
    m = rounded(random.normal(size=tuple(1 if axis in axes else size for axis, size in enumerate(v.shape))), dtype)
    return Weighted(x, dtype, v, m, axes, g, structured=False)


def spectrally(n, dtype, number, **changes):
    rows, inputs, units = n
    random = np.random.default_rng(number)
    x, k, g = (rounded(random.normal(size=shape), dtype) for shape in ((rows, inputs), (units, inputs), (rows, units)))
    u, v = (rounded(random.normal(size=(size, 1)), dtype) for size in (units, inputs))
    errors = {"kernel": np.zeros(k.shape), "u": np.zeros(u.shape), "v": np.zeros(v.shape)}
    problem = Spectral(x, dtype, k, u, v, errors, 2, False, True, False, 1e-12, g, structured=False)
    return replace(problem, **changes)


def exact(matrix):
    return mpmath.matrix(matrix.tolist())


def worst(got, wanted):
    """The largest relative error of double-double values."""
    found = [
        abs(mpmath.mpf(float(got.hi[i, j])) + mpmath.mpf(float(got.lo[i, j])) - wanted[i, j]) / abs(wanted[i, j])
        for i in range(wanted.rows)
        for j in range(wanted.cols)
    ]
    return max(found)


def test_the_answer_of_weight_normalization_is_exact():
    problem = weighted((2, 5, 3), "float64", 1)
    parts = magnitudes.solved(problem, as_exact)
    v, m = exact(problem.v), problem.m
    w = mpmath.matrix(3, 5)
    for i in range(3):
        length = mpmath.sqrt(sum(v[i, j] ** 2 for j in range(5)))
        for j in range(5):
            w[i, j] = mpmath.mpf(float(m[i, 0])) * v[i, j] / length
    assert worst(parts["output"].exact, exact(problem.x) * w.T) < 1e-28
    assert worst(parts["gradient_input"].exact, exact(problem.upstream) * w) < 1e-28


def test_the_answer_of_spectral_normalization_is_exact():
    problem = spectrally((2, 5, 3), "float64", 2)
    k, u, v = exact(problem.kernel), exact(problem.u), exact(problem.v)
    for _ in range(2):
        u = k * v
        u = u / mpmath.norm(u)
        v = k.T * u
        v = v / mpmath.norm(v)
    sigma = (u.T * k * v)[0]
    parts, vectors, kernel = spectral.solved(problem, as_exact)
    assert worst(vectors[0], u) < 1e-28
    assert worst(vectors[1], v) < 1e-28
    assert worst(kernel, k / sigma) < 1e-28
    assert worst(parts["output"].exact, exact(problem.x) * (k / sigma).T) < 1e-28
    d = exact(problem.upstream).T * exact(problem.x)
    t = sum(d[i, j] * k[i, j] for i in range(3) for j in range(5)) / sigma
    assert worst(parts["gradient_kernel"].exact, (d - u * v.T * t) / sigma) < 1e-27


def headroom(worked, subject, got):
    off = np.abs(got.astype(np.float64) - worked.exact(subject).nearest)
    return float((off / worked.tolerance(subject, "A")).max())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("number", range(5))
def test_right_ways_to_normalize_by_magnitude_are_within_the_bounds(shape, dtype, number):
    problem = weighted(shape, dtype, number)
    lift = as_exact if dtype == "float64" else plain
    worked = Worked(dtype, magnitudes.solved(problem, lift), lambda subject: iter(()))
    working = np.float64 if dtype == "float64" else np.float32
    x, v, m, g = (one.astype(working) for one in (problem.x, problem.v, problem.m, problem.upstream))
    length = np.sqrt((v * v).sum(axis=1, keepdims=True))
    d = g.T @ x
    along = (d * v).sum(axis=1, keepdims=True)
    ways = {
        "output": [x @ (v * (m / length)).T, (x @ v.T) * (m / length).T, x @ ((v / length) * m).T],
        "gradient_input": [g @ (v * (m / length)), (g * (m / length).T) @ v],
        "gradient_magnitude": [along / length, (d * (v / length)).sum(axis=1, keepdims=True)],
        "gradient_direction": [(m / length) * (d - v * (along / (length * length)))],
    }
    for subject, found in ways.items():
        for got in found:
            assert headroom(worked, subject, rounded(got, dtype)) <= 1, subject


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("number", range(5))
def test_right_ways_to_normalize_by_the_singular_value_are_within_the_bounds(shape, dtype, number):
    problem = spectrally(shape, dtype, number)
    worked = Worked(
        dtype, spectral.solved(problem, as_exact if dtype == "float64" else plain)[0], lambda subject: iter(())
    )
    working = np.float64 if dtype == "float64" else np.float32
    x, k, u, v, g = (one.astype(working) for one in (problem.x, problem.kernel, problem.u, problem.v, problem.upstream))
    for _ in range(2):
        u = k @ v
        u = u / np.sqrt((u * u).sum())
        v = k.T @ u
        v = v * (1 / np.sqrt((v * v).sum()))
    sigma, other = (u.T @ (k @ v))[0, 0], ((u.T @ k) @ v)[0, 0]
    d = g.T @ x
    ways = {
        "output": [x @ (k / sigma).T, (x @ k.T) / other],
        "gradient_input": [g @ (k / sigma), (g @ k) / other],
        "gradient_kernel": [d / sigma - (u @ v.T) * ((d * k).sum() / (sigma * sigma))],
    }
    for subject, found in ways.items():
        for got in found:
            assert headroom(worked, subject, rounded(got, dtype)) <= 1, subject
