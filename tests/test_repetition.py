"""Repeated calls, slices that repeat, integers of every width, and topics' error cases: what is asked and judged."""

from dataclasses import replace

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.observe import observe
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.cases.judgement.judge import judge
from normcheck.cases.requests.ask import request_for
from normcheck.cases.requests.inputs import generate
from normcheck.cases.suite import suite

THREE = suite().by_id["layer_normalization/three-calls"]
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")


def repetition(seen):
    return [(one.result, one.symptom) for one in judge(THREE, "keras", seen) if one.aspect == "repetition"]


def test_three_calls_are_given_the_same():
    assert len({step.input for step in request_for(THREE, "keras").steps}) == 1


def test_a_call_that_gives_other_bits_is_found():
    seen = observe(ReferenceAdapter(), request_for(THREE, "keras"))
    first, *rest = seen.steps
    moved = encode(np.nextafter(decode(first.output), np.float32(9)))
    assert [result for result, _ in repetition(seen)] == ["right"]
    for place in range(2):
        steps = [first, *rest]
        steps[place + 1] = replace(rest[place], output=moved)
        assert repetition(replace(seen, steps=tuple(steps))) == [("wrong", "another call gives other bits")]
    assert repetition(replace(seen, steps=(first,)))[0][0] == "error"


def test_a_broadcast_input_and_its_gradient_repeat_their_first_slice():
    step = request_for(suite().by_id["batch_normalization/broadcast"], "keras").steps[0]
    for array in (step.input, step.upstream):
        values = decode(array)
        assert (values == values[:1]).all()
        assert np.unique(values[0]).size > values[0].size // 2


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_near_the_limits_are_such_that_sums_of_few_are_beyond_them(dtype):
    values = decode(generate("near-overflow", (40, 12), dtype, "seed", 1e-3))
    assert values.dtype == dtype
    exact = values.astype(np.float64)
    assert (exact.astype(np.float32) == exact).all()
    if dtype != "int64":  # whose squares float32 must hold
        assert (exact.sum(axis=1) > np.iinfo(dtype).max).all()
    if dtype.startswith("uint"):
        assert (values > np.iinfo(f"int{8 * values.itemsize}").max).any()


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("family", ["integers", "normal", "ramp"])
def test_a_family_rounded_to_integers_wraps_around_nowhere(family, dtype):
    right = np.rint(decode(generate(family, (4, 4), "float64", "seed", 1e-3)))
    expected = np.abs(right) if dtype.startswith("uint") else right
    held = expected <= np.iinfo(dtype).max
    assert (decode(generate(family, (4, 4), dtype, "seed", 1e-3)) == expected)[held].all()


def test_a_topics_error_case_is_made_for_each_of_its_layers_with_the_layers_arguments():
    case = suite().by_id["group_normalization/errors/bytes-refused"]
    assert (case.arguments, case.dtype, case.dialects) == ({"axis": 1, "groups": 3}, "uint8", ("torch",))
    assert "layer_normalization/errors/bytes-refused" in suite().by_id
    assert "feature_normalization/errors/bytes-refused" not in suite().by_id
