"""The two sides of a comparison: what each is asked, and what is found of what they answered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.interface import Observation, Raised
from normcheck.adapters.observe import observe
from normcheck.adapters.process.transport import Loss
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.cases.judgement.comparison import Side, compared, side_names
from normcheck.cases.judgement.finding import check_line
from normcheck.cases.judgement.transplant import carried
from normcheck.cases.requests.ask import request_for
from normcheck.cases.requests.expand import layer_cases
from normcheck.cases.requests.transforms import AFTER, BEFORE, SCALE, SHIFT
from normcheck.cases.suite import suite
from normcheck.tests.small_suite import at_step, case, seen

LAYER, GROUP, BATCH = ("layer_normalization", "group_normalization", "batch_normalization")
COMPARED = [
    one
    for one in suite().cases
    if one.other and one.other.on in (None, "process") and "keras" in (one.dialects or ("keras",))
]


def sides(name, dialect="keras"):
    """Both sides of a packaged comparison, as the reference answers them."""
    first = case(name)
    cases = (first, first.other.case)
    return [
        Side(one, dialect, called, seen(one)) for one, called in zip(cases, side_names(first, None, None), strict=True)
    ]


def inputs(name):
    first = case(name)
    return [decode(request_for(one, "keras").steps[0].input) for one in (first, first.other.case)]


def moved(side, by, index=0):
    """A side whose first output is off by `by`, an array or a number."""
    output = side.answer.steps[index].output
    values = decode(output) + np.asarray(by, decode(output).dtype)
    return replace(side, answer=at_step(side.answer, index, output=encode(values, output.dtype)))


@pytest.mark.parametrize("one", COMPARED, ids=lambda one: one.id)
def test_the_reference_agrees(one):
    found = compared(*sides(one.id))
    assert {finding.result for finding in found} == {"right"}
    assert {finding.aspect for finding in found} == set(one.aspects)


def test_a_layer_that_is_not_offered_is_not_charged_with_what_the_other_layer_does():
    first, second = sides("filter_response_normalization/one-channel-is-root-mean-square")
    raised = Raised(("ValueError",), "no such axes", "call", 0, "")
    nothing = replace(first, answer=Observation(first.case.id, unsupported={"layer": "it has none"}))
    fails = replace(second, answer=replace(second.answer, steps=(), raised=raised))
    assert {one.result for one in compared(nothing, fails)} == {"unsupported"}
    assert {one.result for one in compared(first, fails)} == {"error"}


def test_an_input_is_changed_exactly():
    first, second = inputs(f"{LAYER}/shifted")
    assert np.array_equal(second, first + SHIFT)
    first, second = inputs(f"{LAYER}/scaled")
    assert np.array_equal(second, first * SCALE)
    first, second = inputs(f"{LAYER}/layer-is-rms-of-the-centred-input")
    assert np.array_equal(second, first - 3)


def test_elements_change_places():
    first, second = inputs(f"{LAYER}/examples-reversed")
    assert np.array_equal(second, first[::-1])
    first, second = inputs(f"{GROUP}/features-reversed")
    assert np.array_equal(second, first[:, ::-1])
    first, second = inputs(f"{GROUP}/positions-reversed")
    assert np.array_equal(second, first[:, :, ::-1])


def test_examples_come_and_go():
    first, second = inputs(f"{LAYER}/alone")
    assert np.array_equal(second, first[:1])
    first, second = inputs(f"{LAYER}/among-others")
    assert np.array_equal(second[BEFORE:-AFTER], first)
    assert len({row.tobytes() for row in second}) == len(second)


def test_the_weights_of_reversed_features_are_reversed_and_others_are_the_same():
    for name, turn in (("features-reversed", -1), ("positions-reversed", 1)):
        first = case(f"{GROUP}/{name}")
        mine, theirs = (request_for(one, "keras").weights for one in (first, first.other.case))
        assert all(np.array_equal(decode(theirs[role]), decode(mine[role])[::turn]) for role in ("gamma", "beta"))


def test_epsilon_is_scaled_as_the_variance_is():
    first = case(f"{BATCH}/scaled")
    assert first.other.case.arguments["epsilon"] == first.arguments["epsilon"] * SCALE**2


def test_a_change_that_would_be_rounded_is_refused():
    first = next(one for one in layer_cases(suite().specs.layers[LAYER]) if one.id == f"{LAYER}/shifted")
    plain = replace(first.other.case.origin.case, steps=(replace(first.steps[0], input="normal"),))
    rounded = replace(first.other.case, origin=replace(first.other.case.origin, case=plain))
    with pytest.raises(ValueError, match="the input shifted has no exact values in float32"):
        request_for(rounded, "keras")


def test_one_bit_is_found_where_bits_must_agree_and_both_sides_are_named():
    first, second = sides(f"{LAYER}/examples-reversed")
    output = decode(second.answer.steps[0].output)
    by = np.zeros_like(output)
    by[0, 1, 2] = np.spacing(output[0, 1, 2])
    (found,) = compared(first, moved(second, by))
    assert (found.result, found.symptom, found.worst.index) == ("wrong", "bits differ", [4, 1, 2])
    assert "the input as it is gives" in found.message
    assert "the input batch-reversed" in found.message
    assert "1 of 495 elements differ" in found.message
    line = check_line(found, first.case, "reference-cpu-eager")
    assert (line.outcome, line.level, line.failed) == ("fail", "should", ["IV-6"])


def test_one_bit_is_within_both_bounds_and_what_is_beyond_them_is_found():
    first, second = sides(f"{LAYER}/shifted")
    near = compared(first, moved(second, 1e-7))
    assert {one.result for one in near} == {"right"}
    assert 0 < near[0].headroom < 1
    (far,) = compared(first, moved(second, 1e-3))
    assert (far.result, far.symptom, far.grade) == ("wrong", "beyond both bounds", "F")
    assert far.headroom > 1
    assert "their bounds together are" in far.message


def test_not_a_number_is_never_near():
    first, second = sides(f"{LAYER}/shifted")
    assert [one.result for one in compared(first, moved(second, np.nan))] == ["wrong"]
    assert [one.result for one in compared(moved(first, np.nan), second)] == ["wrong"]


def test_another_shape_or_dtype_is_found():
    first, second = sides(f"{LAYER}/shifted")
    output = second.answer.steps[0].output
    for other in (encode(decode(output)[:1], "float32"), encode(decode(output), "float64")):
        wrong = replace(second, answer=at_step(second.answer, 0, output=other))
        assert [one.symptom for one in compared(first, wrong)] == ["shape or dtype differs"]


def test_two_processes_are_held_to_every_array():
    first, second = sides(f"{BATCH}/two-processes")
    weights = {**second.answer.steps[0].weights}
    weights["moving_mean"] = encode(decode(weights["moving_mean"]) + np.float32(1), "float32")
    wrong = [
        one.subject
        for one in compared(first, replace(second, answer=at_step(second.answer, 0, weights=weights)))
        if one.result == "wrong"
    ]
    assert wrong == ["moving_mean afterwards"]


def test_each_side_that_is_lost_is_told():
    first, second = sides(f"{LAYER}/alone")
    lost = [replace(side, answer=Loss("crash", side.case.id, "it crashed")) for side in (first, second)]
    assert [(one.subject, one.result) for one in compared(*lost)] == [
        ("the input as it is", "crash"),
        ("the input alone", "crash"),
    ]
    assert [one.subject for one in compared(first, lost[1])] == ["the input alone"]


def test_a_side_that_raises_or_offers_nothing_is_told():
    first, second = sides(f"{LAYER}/alone")
    raised = Raised(("ValueError", "Exception"), "no batch of one", "call", 0, "")
    (found,) = compared(first, replace(second, answer=replace(second.answer, steps=(), raised=raised)))
    assert (found.result, found.symptom, found.subject) == ("error", "raised ValueError", "the input alone")
    nothing = replace(first.answer, steps=(), unsupported={"layer": "there is none"})
    assert {one.result for one in compared(replace(first, answer=nothing), second)} == {"unsupported"}


def test_an_answer_without_outputs_is_no_agreement():
    first, second = sides(f"{LAYER}/alone")
    bare = [replace(side, answer=replace(side.answer, steps=())) for side in (first, second)]
    assert [one.result for one in compared(*bare)] == ["error"]


def test_weights_are_carried_by_role_and_bits_that_change_on_the_way_are_found():
    first = case(f"{BATCH}/carried-to-another-framework")
    there = first.other.case
    mine = observe(ReferenceAdapter(), request_for(first, "keras"))
    assert {weight.name for weight in mine.carried} == {"gamma", "beta", "moving_mean", "moving_variance"}
    sent = carried(first, "keras", mine, there, "torch")
    by_name = {weight.name: weight.value for weight in mine.carried}
    assert sent.weights["running_mean"] == by_name["moving_mean"]
    assert sent.weights["weight"] == by_name["gamma"]
    back = [replace(weight, value=encode(decode(weight.value) * 2, "float32")) for weight in mine.carried]
    both = [Side(one, "keras", name, mine) for one, name in ((first, "here"), (there, "there"))]
    wrong = compared(both[0], replace(both[1], answer=replace(mine, carried=tuple(back))))
    assert [one.subject for one in wrong if one.result == "wrong"] == ["weights"]
    assert {one.result for one in compared(*both)} == {"right"}
