"""The judgement: a right observation passes, and each fault shows on its own aspect and on no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from normcheck.adapters.arrays import Array, decode, encode
from normcheck.adapters.interface import Observation, Raised, Weight
from normcheck.adapters.process.transport import Loss
from normcheck.cases.judgement.finding import Finding, check_line
from normcheck.cases.judgement.judge import JUDGES, judge
from normcheck.cases.judgement.structure import expected_model_weights
from normcheck.cases.oracle.expected import expected_steps
from normcheck.cases.requests.ask import request_for
from normcheck.cases.suite import suite
from normcheck.specs.grammar import Expectation, Requirement
from normcheck.specs.lint import RELATED
from normcheck.tests.small_suite import at_step, case, seen, with_case

PLAIN = "layer_normalization/initial-weights/dtype=float32"
STATED_SHAPES = "layer_normalization/documentation-shapes"
AGREEMENT = "layer_normalization/same-in-training/dtype=float32"
REPEATED = "layer_normalization/repeatable/dtype=float32"
LARGE_MEAN = "layer_normalization/families/input=large-mean,dtype=float32"
STATE = "batch_normalization/default-momentum/dtype=float32"
ADAPTED = "feature_normalization/adapted-twice/dtype=float32"
PENALTY = "layer_normalization/penalties-on-both"
CONSTRAINT = "layer_normalization/constraint-bounded-beta"
INTEGERS = with_case(input=[[1, 2], [5, 9]], dtype="int32")
NEGATIVE = "layer_normalization/errors/epsilon-negative"
MODEL = "models/batch-normalization-9"
OTHER_UPDATES = [
    "layer_normalization/penalty-l1-on-beta",
    "layer_normalization/constraint-non-negative-gamma",
    "layer_normalization/constraint-unit-gamma",
]
SAVED = "layer_normalization/saved/dtype=float32"
DERIVED = "layer_normalization/derivatives"
MASKED, CALLED_AGAIN = "layer_normalization/mask-passes", "layer_normalization/three-calls"
RIGHT = [PLAIN, AGREEMENT, REPEATED, CALLED_AGAIN, MASKED, SAVED, STATE, PENALTY, CONSTRAINT, NEGATIVE, DERIVED]
RIGHT += OTHER_UPDATES


def findings(asked, observation, dialect="keras"):
    return judge(asked, dialect, observation)


def faulty(asked, observation, dialect="keras"):
    """The findings that are not right."""
    return [one for one in findings(asked, observation, dialect) if one.result != "right"]


def shown(asked, observation, dialect="keras"):
    """Aspect, subject, result and symptom of what is not right."""
    return [(one.aspect, one.subject, one.result, one.symptom) for one in faulty(asked, observation, dialect)]


def changed(array, change):
    """`array` with `change` applied to its values."""
    return encode(change(decode(array).copy()), array.dtype)


def first_plus(amount):
    def change(values):
        values.flat[0] += amount
        return values

    return change


def with_weight(observation, index, **changes):
    weights = list(observation.weights)
    weights[index] = replace(weights[index], **changes)
    return replace(observation, weights=tuple(weights))


def checks(asked, observation, dialect="keras"):
    return [check_line(one, asked, "t-cpu-eager") for one in findings(asked, observation, dialect)]


@pytest.mark.parametrize("name", RIGHT)
def test_what_the_reference_does_is_right_in_every_aspect(name):
    asked = case(name)
    found = findings(asked, seen(asked))
    in_updates = {"gradient"} if all(step.do == "update" for step in asked.steps) else set()
    assert {one.aspect for one in found} == set(asked.aspects) - in_updates
    assert {one.result for one in found} == {"right"}
    assert {line.outcome for line in checks(asked, seen(asked))} == {"pass"}


def test_every_aspect_but_errors_has_a_judge_and_a_right_case_above():
    looked_at = {aspect for name in RIGHT for aspect in case(name).aspects}
    assert looked_at == {*JUDGES, "error"} - set(RELATED)  # a comparison's sides are judged together


def test_a_wrong_output():
    asked, good = case(PLAIN), seen(case(PLAIN))
    bad = at_step(good, 0, output=changed(good.steps[0].output, first_plus(0.5)))
    (found,) = faulty(asked, bad)
    assert (found.aspect, found.result, found.grade) == ("output", "wrong", "F")
    assert set(found.worst.index) == {0}
    assert found.symptom.startswith("grade F")
    assert found.headroom > 1000


def test_an_output_of_another_shape():
    asked, good = case(PLAIN), seen(case(PLAIN))
    output = good.steps[0].output
    bad = at_step(good, 0, output=Array(output.dtype, (output.size,), output.data))
    assert shown(asked, bad) == [("output", "", "wrong", f"shape [{output.size}]")]


def test_a_nan_where_a_number_belongs():
    asked, good = case(PLAIN), seen(case(PLAIN))
    bad = at_step(good, 0, output=changed(good.steps[0].output, first_plus(np.nan)))
    assert [(one.aspect, one.grade) for one in faulty(asked, bad)] == [("output", "F")]


def test_no_output_at_all_is_an_error():
    asked, good = case(PLAIN), seen(case(PLAIN))
    assert ("output", "", "error", "no output") in shown(asked, at_step(good, 0, output=None))


def test_an_output_inside_the_widest_bound_fails_what_should_be_accurate_alone():
    asked, good = case(LARGE_MEAN), seen(case(LARGE_MEAN))
    bounds = expected_steps(asked, "keras")[0].bounds
    least, most = (bounds.tolerance("output", grade).flat[0] for grade in ("A", "B1"))
    assert most > 2 * least
    lines = checks(asked, at_step(good, 0, output=changed(good.steps[0].output, first_plus(0.75 * most))))
    (line,) = [line for line in lines if line.outcome != "pass"]
    assert (line.aspect, line.outcome, line.level) == ("output", "fail", "should")
    assert line.grade == "B1"
    assert [asked.spec.requirements[name].level for name in line.failed] == ["should"]
    assert line.symptom == "grade B1"


@pytest.mark.parametrize(
    ("dtype", "grade", "outcome"),
    [("float32", "A", "pass"), ("float32", "A2", "fail"), ("bfloat16", "A2", "pass"), ("bfloat16", "B", "fail")],
)
def test_a_requirement_asks_another_grade_of_wide_and_of_narrow_dtypes(dtype, grade, outcome):
    asked = with_case(shape=[2, 3], dtype=dtype)
    accurate = {"wide": "A", "narrow": "A2"}
    should = Requirement(should="It is accurate.", aspect="output", source="here", since="1.0", accuracy=accurate)
    spec = asked.spec.model_copy(update={"requirements": asked.spec.requirements | {"LN-2": should}})
    line = check_line(Finding("output", "right", grade=grade), replace(asked, spec=spec), "t")
    assert (line.outcome, line.failed) == (outcome, ["LN-2"] if outcome == "fail" else [])


@pytest.mark.parametrize("name", ["input", "gamma", "beta"])
def test_a_wrong_gradient(name):
    asked, good = case(PLAIN), seen(case(PLAIN))
    gradients = dict(good.steps[0].gradients)
    gradients[name] = changed(gradients[name], first_plus(1.0))
    ((aspect, subject, result, symptom),) = shown(asked, at_step(good, 0, gradients=gradients))
    assert (aspect, subject, result) == ("gradient", name, "wrong")
    assert symptom.startswith("grade F")


def test_a_missing_gradient():
    asked, good = case(PLAIN), seen(case(PLAIN))
    gradients = {name: value for name, value in good.steps[0].gradients.items() if name != "gamma"}
    assert shown(asked, at_step(good, 0, gradients=gradients)) == [("gradient", "gamma", "wrong", "no gradient")]


def test_weights_in_another_order():
    asked, good = case(PLAIN), seen(case(PLAIN))
    bad = replace(good, weights=good.weights[::-1])
    assert shown(asked, bad) == [("weights", "names", "wrong", "names ['beta', 'gamma']")]


def test_a_weight_of_another_shape():
    asked, good = case(PLAIN), seen(case(PLAIN))
    value = good.weights[0].value
    bad = with_weight(good, 0, value=Array(value.dtype, (1, *value.shape), value.data))
    shape = [1, *value.shape]
    assert shown(asked, bad) == [("weights", "gamma shape", "wrong", f"gamma shape {shape}")]


def test_a_weight_of_another_dtype():
    asked, good = case(PLAIN), seen(case(PLAIN))
    bad = with_weight(good, 1, value=encode(decode(good.weights[1].value), "float64"))
    assert shown(asked, bad) == [("weights", "beta dtype", "wrong", "beta dtype float64")]


def test_a_weight_that_is_not_trainable():
    asked, good = case(PLAIN), seen(case(PLAIN))
    bad = with_weight(good, 0, trainable=False)
    assert shown(asked, bad) == [("weights", "gamma trainable", "wrong", "gamma trainable False")]


@pytest.mark.parametrize(("index", "name", "value"), [(0, "gamma", 0.5), (1, "beta", 2.0**-30)])
def test_a_weight_with_another_first_value(index, name, value):
    asked, good = case(PLAIN), seen(case(PLAIN))
    first = encode(np.full(good.weights[index].value.shape, value), "float32")
    ((aspect, subject, result, _),) = shown(asked, with_weight(good, index, value=first))
    assert (aspect, subject, result) == ("weights", f"{name} initial value", "wrong")


def test_other_parameter_counts():
    asked, good = case(PLAIN), seen(case(PLAIN))
    trainable, rest = good.parameters
    (found,) = faulty(asked, replace(good, parameters=(trainable + 1, rest)))
    assert (found.aspect, found.result) == ("parameters", "wrong")
    assert f"expected [{trainable}, {rest}], got [{trainable + 1}, {rest}]" in found.message


def test_no_parameter_counts_is_unsupported():
    asked, good = case(PLAIN), seen(case(PLAIN))
    (found,) = faulty(asked, replace(good, parameters=None))
    assert (found.aspect, found.result) == ("parameters", "unsupported")


def test_a_statement_about_what_the_target_does_not_offer_is_unsupported():
    asked, good = case(STATED_SHAPES), seen(case(STATED_SHAPES))
    silent = replace(good, parameters=None)
    assert shown(asked, good) == []
    assert [(one.aspect, one.result) for one in faulty(asked, silent)] == [("parameters", "unsupported")]
    stated = replace(asked, exact=False, requirements={"parameters": ()})
    assert [(one.aspect, one.result) for one in findings(stated, silent)] == [("parameters", "unsupported")]


def test_an_output_of_another_dtype():
    asked, good = case(PLAIN), seen(case(PLAIN))
    wide = encode(decode(good.steps[0].output), "float64")
    assert [one.aspect for one in faulty(asked, at_step(good, 0, output=wide))] == ["dtype"]


def test_an_integer_input_gives_a_floating_output():
    asked = replace(INTEGERS, requirements={"dtype": ()})
    good = seen(asked)
    assert shown(asked, good) == []
    back = encode(decode(good.steps[0].output).astype(np.int32))
    assert shown(asked, at_step(good, 0, output=back)) == [("dtype", "", "wrong", "dtype int32")]


def test_an_input_that_was_overwritten():
    asked, good = case(PLAIN), seen(case(PLAIN))
    bad = at_step(good, 0, input_kept=False)
    assert shown(asked, bad) == [("input_kept", "", "wrong", "input overwritten")]


def test_training_that_differs_in_one_bit():
    asked, good = case(AGREEMENT), seen(case(AGREEMENT))
    last = len(good.steps) - 1
    output = good.steps[last].output
    bits = bytes([output.data[0] ^ 1]) + output.data[1:]
    bad = at_step(good, last, output=Array(output.dtype, output.shape, bits))
    assert ("training_agreement", "", "wrong", "training differs from inference") in shown(asked, bad)


def test_training_that_gave_no_output_is_an_error():
    asked, good = case(AGREEMENT), seen(case(AGREEMENT))
    cut = replace(good, steps=good.steps[:1])
    assert ("training_agreement", "", "error", "no output") in shown(asked, cut)


def test_other_bits_when_repeated():
    asked, good = case(REPEATED), seen(case(REPEATED))
    bad = replace(good, repeats=False)
    assert shown(asked, bad) == [("determinism", "", "wrong", "bits differ when repeated")]


def test_a_moving_statistic_that_was_not_moved():
    asked, good = case(STATE), seen(case(STATE))
    weights = dict(good.steps[0].weights) | {"moving_mean": request_for(asked, "keras").weights["moving_mean"]}
    found = faulty(asked, at_step(good, 0, weights=weights))
    assert [(one.aspect, one.result) for one in found] == [("state", "wrong")]
    assert "moving_mean" in found[0].subject


def test_a_moving_statistic_that_is_gone():
    asked, good = case(STATE), seen(case(STATE))
    ((aspect, subject, result, symptom), *_) = shown(asked, at_step(good, 0, weights={}))
    assert (aspect, result, symptom) == ("state", "wrong", "no such weight")
    assert "moving_mean" in subject


@pytest.mark.parametrize("count", [0, 7, 12])
def test_what_the_count_is_after_adapting_is_left_to_the_layer(count):
    asked = case(ADAPTED)
    right = seen(asked)
    for index, step in enumerate(right.steps):
        right = at_step(right, index, weights={**step.weights, "count": encode(np.asarray(count), "int64")})
    assert not faulty(asked, right)
    moved = dict(right.steps[1].weights) | {"mean": changed(right.steps[1].weights["mean"], first_plus(1))}
    assert [(one.aspect, one.subject) for one in faulty(asked, at_step(right, 1, weights=moved))] == [
        ("state", "step 2 mean")
    ]


def test_another_penalty():
    asked, good = case(PENALTY), seen(case(PENALTY))
    bad = at_step(good, 0, loss=good.steps[0].loss * 1.01)
    assert shown(asked, bad) == [("regularization", "loss", "wrong", "loss differs")]
    assert shown(asked, at_step(good, 0, loss=None)) == [("regularization", "loss", "wrong", "loss differs")]


def test_a_penalty_that_is_not_in_the_step():
    asked, good = case(PENALTY), seen(case(PENALTY))
    weights = dict(good.steps[0].weights)
    weights["gamma"] = changed(weights["gamma"], first_plus(0.01))
    found = faulty(asked, at_step(good, 0, weights=weights))
    assert ("regularization", "wrong") in {(one.aspect, one.result) for one in found}
    assert {one.aspect for one in found} <= {"regularization", "constraint"}


def test_a_constraint_that_was_left_out():
    asked, good = case(CONSTRAINT), seen(case(CONSTRAINT))
    weights = dict(good.steps[0].weights)
    weights["beta"] = changed(weights["beta"], lambda values: values * 3)
    found = faulty(asked, at_step(good, 0, weights=weights))
    assert {one.aspect for one in found} == {"constraint"}
    assert all("beta" in one.subject for one in found)


def raised(kind="ValueError", phase="construct", message="epsilon must not be negative"):
    return Raised((kind, "Exception", "BaseException"), message, phase, None, "layer.py:3 in f: raise it")


@pytest.mark.parametrize(
    ("what", "symptom"),
    [
        (None, "accepted"),
        (raised("KeyError"), "raised KeyError"),
        (raised(phase="assign"), "raised in phase assign"),
        (raised(message="that will not do"), "message does not name eps"),
    ],
)
def test_a_bad_argument_that_is_not_refused_as_asked(what, symptom):
    asked = case(NEGATIVE)
    assert shown(asked, Observation(asked.id, raised=what)) == [("error", "", "wrong", symptom)]


@pytest.mark.parametrize("what", [raised(), raised(phase="call"), raised("MyValueError")])
def test_a_bad_argument_that_is_refused_in_a_way_that_will_do(what):
    asked = case(NEGATIVE)
    kind = replace(what, types=(what.types[0], "ValueError", "Exception"))
    assert shown(asked, Observation(asked.id, raised=kind)) == []


@pytest.mark.parametrize("kind", ["crash", "timeout"])
def test_a_lost_case_has_no_verdict_on_any_aspect(kind):
    asked = case(PLAIN)
    lost = Loss(kind, asked.id, "t · cpu · eager was lost")
    assert [(one.aspect, one.result) for one in findings(asked, lost)] == [(aspect, kind) for aspect in asked.aspects]
    assert {line.outcome for line in checks(asked, lost)} == {kind}


def test_a_layer_that_is_not_offered_is_unsupported_in_every_aspect():
    asked = case(PLAIN)
    refused = Observation(asked.id, unsupported={"layer": "there is none"})
    assert [(one.aspect, one.result) for one in findings(asked, refused)] == [
        (aspect, "unsupported") for aspect in asked.aspects
    ]
    assert all(line.outcome == "unsupported" and not line.failed for line in checks(asked, refused))


def test_a_bad_argument_to_a_layer_that_is_not_offered_is_unsupported_too():
    asked = case(NEGATIVE)
    refused = Observation(asked.id, unsupported={"layer": "there is none"})
    assert [one.result for one in findings(asked, refused)] == ["unsupported"]


def test_gradients_that_are_not_offered_leave_the_other_aspects_judged():
    asked, good = case(PLAIN), seen(case(PLAIN))
    bad = replace(good, unsupported={"gradient": "there are no gradients"})
    assert [(one.aspect, one.result) for one in faulty(asked, bad)] == [("gradient", "unsupported")]


def test_weights_that_cannot_be_set_leave_nothing_to_judge_but_the_weights_themselves():
    asked = with_case(shape=[2, 3])
    bad = replace(seen(asked), steps=(), unsupported={"weights": "weights cannot be set"})
    assert {(one.aspect, one.result) for one in findings(asked, bad)} == {("output", "unsupported")}


def test_state_that_cannot_be_read_is_unsupported_and_not_wrong():
    asked = replace(case(STATE), weights="initial")
    good = seen(asked)
    assert shown(asked, good) == []
    bad = replace(good, weights=(), steps=tuple(replace(one, weights={}) for one in good.steps))
    bad = replace(bad, unsupported={"weights": "weights are not listed"})
    assert ("state", "unsupported") in {(one.aspect, one.result) for one in faulty(asked, bad)}
    assert all(one.result == "unsupported" for one in faulty(asked, bad))


def test_an_exception_is_an_error_in_every_aspect_not_seen_before_it():
    asked, good = case(PLAIN), seen(case(PLAIN))
    bad = replace(good, steps=(), raised=replace(raised("RuntimeError", "call", "no kernel"), step=0))
    found = faulty(asked, bad)
    assert {one.aspect for one in found} == set(asked.aspects) - {"weights", "parameters"}
    assert {(one.result, one.symptom) for one in found} == {("error", "raised RuntimeError")}
    assert "in phase call (step 1): no kernel" in found[0].message


def test_an_exception_in_the_constructor_is_an_error_in_every_aspect():
    asked = case(PLAIN)
    bad = Observation(asked.id, raised=raised("RuntimeError"))
    assert {(one.aspect, one.result) for one in faulty(asked, bad)} == {(aspect, "error") for aspect in asked.aspects}


def test_a_bound_that_would_let_a_wrong_answer_pass_is_an_error_and_never_a_pass():
    mean = 2.0**40
    rows = [[mean, mean + 2.0**17], [mean, mean + 2.0**18]]
    asked = with_case(input=rows, dtype="float32", arguments={"epsilon": 1e-3})
    (line,) = [line for line in checks(asked, seen(asked)) if line.aspect == "output"]
    assert (line.outcome, line.symptom) == ("error", "proves nothing")


def model_seen(spec, dialect):
    expected, trainable, rest = expected_model_weights(spec, dialect)
    weights = [
        Weight(one.name, one.trainable, encode(np.ones(one.shape), None if one.dtype == "float64" else one.dtype))
        for one in expected
    ]
    return Observation(MODEL, weights=tuple(weights), parameters=(trainable, rest))


@pytest.mark.parametrize("dialect", ["keras", "torch"])
def test_a_models_weights_and_counts_are_judged_in_each_dialect(dialect):
    asked = case(MODEL)
    good = model_seen(asked.spec, dialect)
    assert shown(asked, good, dialect) == []
    swapped = replace(good, weights=(good.weights[1], good.weights[0], *good.weights[2:]))
    assert [found[:3] for found in shown(asked, swapped, dialect)] == [("weights", "names", "wrong")]
    counted = replace(good, parameters=(18, 9))
    assert [found[0] for found in shown(asked, counted, dialect)] == ["parameters"]


STATED = {
    "output": ({"output": [[9.0, 1.0]], "decimals": 3}, "output"),
    "weight_names": ({"weight_names": ["beta"]}, "weights"),
    "weight_count": ({"weight_count": 1}, "weights"),
    "weights": ({"weights": {"gamma": [3]}}, "weights"),
    "absent weight": ({"weights": {"delta": [2]}}, "weights"),
    "parameters": ({"parameters": [2, 0]}, "parameters"),
    "agreement": ({"agreement": False}, "training_agreement"),
    "completes": ({"completes": False}, "output"),
}


@pytest.mark.parametrize("name", STATED)
def test_a_documents_expectation_that_is_not_met(name):
    expect, aspect = STATED[name]
    asked = with_case(input=[[1.0, 2.0]], weights="initial", expect=expect)
    found = faulty(replace(asked, exact=False), seen(asked))
    assert [(one.aspect, one.result) for one in found] == [(aspect, "wrong")]


def test_a_documents_expectations_that_are_met():
    met = Expectation(
        output=[[-1, 1]],
        decimals=1,
        weight_names=["gamma", "beta"],
        weight_count=2,
        weights={"gamma": [2]},
        parameters=[4, 0],
        agreement=True,
        completes=True,
        fixed_state=0,
    )
    asked = replace(with_case(input=[[1.0, 2.0]], weights="initial"), expect=met, exact=False)
    found = findings(asked, seen(asked))
    assert len(found) == 8
    assert {one.result for one in found} == {"right"}


def test_a_check_carries_what_failed_and_a_pass_carries_no_message():
    asked, good = case(PLAIN), seen(case(PLAIN))
    bad = at_step(good, 0, output=changed(good.steps[0].output, first_plus(0.5)))
    lines = {line.aspect: line for line in reversed(checks(asked, bad))}
    assert set(lines["output"].failed) == set(asked.requirements["output"])
    assert (lines["output"].level, lines["output"].target) == ("must", "t-cpu-eager")
    assert (lines["dtype"].failed, lines["dtype"].message, lines["dtype"].symptom) == ([], "", "")


def test_the_plain_call_and_the_differentiated_one_are_both_judged():
    asked, good = case(PLAIN), seen(case(PLAIN))
    bad = at_step(good, 0, differentiated=changed(good.steps[0].output, first_plus(0.5)))
    wrong = [one for one in findings(asked, bad) if one.result == "wrong"]
    assert [(one.aspect, one.subject) for one in wrong] == [("output", "when differentiated")]


def test_a_gradient_of_another_dtype_fails():
    asked, good = case(PLAIN), seen(case(PLAIN))
    gradients = good.steps[0].gradients
    wide = {name: encode(decode(array).astype("float64")) for name, array in gradients.items()}
    wrong = [one for one in findings(asked, at_step(good, 0, gradients=wide)) if one.result == "wrong"]
    assert {(one.aspect, one.symptom) for one in wrong} == {("gradient", "dtype float64")}
    assert len(wrong) == len(gradients)


def test_an_array_of_which_nothing_can_be_judged_is_no_pass():
    asked = suite().by_id["layer_normalization/largest-numbers/shape=2x127,input=near-overflow,dtype=float32"]
    assert not [one for one in findings(asked, seen(asked)) if one.aspect == "gradient" and one.subject == "input"]
