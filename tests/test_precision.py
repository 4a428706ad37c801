"""Mixed precision, automatic casts, a layer's own dtype: what is asked, and in which dtype what is judged."""

from dataclasses import replace

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.observe import observe
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.cases.bounds.normalization import Bounds
from normcheck.cases.judgement.finding import check_line
from normcheck.cases.judgement.judge import judge
from normcheck.cases.oracle.normalization import solve
from normcheck.cases.requests.ask import request_for
from normcheck.cases.requests.conventions import convention
from normcheck.cases.suite import suite
from normcheck.tests.numerics import problem, rows

DTYPES = {
    "batch_normalization/mixed/dtype=bfloat16": ("bfloat16", "float32", "bfloat16"),
    "layer_normalization/autocast/dtype=bfloat16": ("float32", "float32", "float32"),
    "layer_normalization/converted/dtype=bfloat16": ("float32", "bfloat16", "bfloat16"),
    "layer_normalization/three-rows": ("float32", "float32", "float32"),
}


@pytest.mark.parametrize("name", DTYPES)
def test_a_precision_says_the_dtype_of_input_weights_and_output(name):
    case = suite().by_id[name]
    request = request_for(case, "keras")
    assert (case.input_dtype, case.weight_dtype, case.output_dtype) == DTYPES[name]
    assert request.steps[0].input.dtype == case.input_dtype
    assert {one.dtype for one in request.weights.values()} <= {case.weight_dtype}
    assert {one.dtype for one in convention(case, "keras").weights} == {case.weight_dtype}
    assert {step.upstream.dtype for step in request.steps if step.upstream} <= {case.output_dtype}


def test_a_converted_input_holds_numbers_of_the_layers_dtype():
    x = request_for(suite().by_id["layer_normalization/converted/dtype=bfloat16"], "keras").steps[0].input
    assert np.array_equal(decode(encode(decode(x), "bfloat16")), decode(x))


def test_mixed_weights_use_bits_that_no_narrow_dtype_holds():
    for weight in request_for(suite().by_id["layer_normalization/mixed/dtype=float16"], "keras").weights.values():
        values = decode(weight)
        assert (decode(encode(values, "float16")) != values).all()
        assert (decode(encode(values, "bfloat16")) != values).all()


def test_gradients_of_float32_weights_are_held_to_float32():
    narrow = problem(rows(40, 8), "normal", "bfloat16")
    plain, mixed = (Bounds(solve(replace(narrow, parameter_dtype=dtype))) for dtype in (None, "float32"))
    for subject in ("gradient_gamma", "gradient_beta"):
        assert mixed.tolerance(subject, "A").sum() < plain.tolerance(subject, "A").sum() / 30
        assert (mixed.tolerance(subject, "A2") > 2.0**-10).any()
    for subject in ("output", "gradient_input"):
        assert np.array_equal(mixed.tolerance(subject, "A"), plain.tolerance(subject, "A"))


def failed(case, seen):
    return {name for one in judge(case, "keras", seen) for name in check_line(one, case, "reference").failed}


def test_a_weights_gradient_in_or_through_16_bits_is_found():
    case = suite().by_id["layer_normalization/mixed/dtype=bfloat16"]
    seen = observe(ReferenceAdapter(), request_for(case, "keras"))
    gamma = seen.steps[0].gradients["gamma"]
    narrow = encode(decode(gamma), "bfloat16")
    for wrong, requirement in ((narrow, "PR-3"), (encode(decode(narrow)), "LN-4")):
        gradients = {**seen.steps[0].gradients, "gamma": wrong}
        assert requirement in failed(case, replace(seen, steps=(replace(seen.steps[0], gradients=gradients),)))
    assert failed(case, seen) == set()
