"""An observation becomes the facts of a record's line: the same for the same, and small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from normcheck.adapters.arrays import encode
from normcheck.adapters.interface import Observation, Raised, Request, Step, StepSeen, Weight
from normcheck.adapters.process.transport import Loss
from normcheck.adapters.signatures import parameters
from normcheck.cases.judgement.seen import digest, seen
from normcheck.cases.requests.ask import request_for
from normcheck.reports.record import LINE
from normcheck.reports.writing import encoded
from normcheck.tests.small_suite import case
from normcheck.tests.small_suite import seen as answered

CASE = case("layer_normalization/documentation-example")
DRAWN = case("layer_normalization/ranks/shape=3x7")
FAILS = case("layer_normalization/errors/axis-is-text")
HELD = (([0.5, np.nan], "float16"), ([0.5, np.nan], "float32"), ([0.25, np.nan], "float32"))
X = encode(np.ones(2), "float32")


def line(answer, asked=CASE, request=None):
    return seen(asked, "keras", request or request_for(asked, "keras"), "toy-cpu-eager", answer)


def told(values, dtype="float32", **more):
    """The array of a target's output."""
    return line(Observation("", steps=(StepSeen(output=encode(np.asarray(values), dtype)),), **more)).arrays[0]


def test_what_the_reference_does_is_a_line_that_is_read_as_it_was_written():
    for asked in (CASE, DRAWN, FAILS):
        found = line(answered(asked), asked)
        assert LINE.validate_json(encoded(found)) == found


@pytest.mark.parametrize(
    ("values", "dtype", "texts"),
    [
        ([0.1, 1.0, -0.0], "float32", ["0.1", "1", "-0"]),
        ([1 / 3, 1e300], "float64", ["0.3333333333333333", "1e+300"]),
        ([1 / 3], "float16", ["0.3333"]),
        ([np.nan, np.inf, -np.inf], "bfloat16", ["nan", "inf", "-inf"]),
        ([3, -4], "int64", ["3", "-4"]),
        ([True, False], "bool", ["1", "0"]),
    ],
)
def test_a_number_is_the_shortest_text_that_names_it(values, dtype, texts):
    assert told(values, dtype).values == texts


def test_of_many_numbers_some_are_shown_with_the_largest_and_their_places():
    values = np.zeros((10, 10))
    values[3, 7], values[0, 1] = -5.5, np.inf
    shown = told(values)
    assert (shown.places[0], shown.places[-1], shown.largest) == (0, 99, 5.5)
    assert dict(zip(shown.places, shown.values, strict=True))[37] == "-5.5"
    assert len(shown.values) == len(shown.places) == 17
    assert told([]).values == []
    assert told([np.nan]).largest is None


def test_bits_have_a_fingerprint_and_the_same_ones_have_their_numbers_once():
    zero, other = encode(np.float32([0.0])), encode(np.float32([-0.0]))
    steps = (StepSeen(output=zero, differentiated=zero), StepSeen(output=zero, differentiated=other))
    first, second, third = line(Observation("", steps=steps)).arrays
    assert (first.subject, second.subject, third.subject) == ("output", "output", "differentiated output")
    assert (first.step, second.step) == (0, 1)
    assert first.fingerprint == second.fingerprint != third.fingerprint
    assert (first.values, second.values, third.values) == (["0"], [], ["-0"])


def test_a_weight_is_shown_after_the_step_that_changed_it():
    one, two = encode(np.float32([1, 1])), encode(np.float32([2, 3]))
    answer = Observation(
        "",
        weights=(Weight("gamma", True, one), Weight("moving_mean", False, one)),
        steps=(
            StepSeen(weights={"gamma": two, "moving_mean": one}),
            StepSeen(weights={"gamma": two, "moving_mean": two}),
        ),
    )
    request = Request("", "", {}, (2,), "float32", weights={"gamma": two})
    found = line(answer, CASE, request)
    assert [(one.subject, one.step, one.values) for one in found.arrays] == [("weight moving_mean", 1, ["2", "3"])]
    assert [(one.name, one.values) for one in found.weights] == [("gamma", ["1"]), ("moving_mean", ["1"])]


def test_a_weight_that_is_held_in_another_dtype_is_not_changed_by_that():
    given, held, moved = (encode(np.asarray(values), dtype) for values, dtype in HELD)
    answer = Observation("", steps=(StepSeen(weights={"mean": held}), StepSeen(weights={"mean": moved})))
    found = line(answer, CASE, Request("", "", {}, (2,), "float16", weights={"mean": given}))
    assert [(one.subject, one.step) for one in found.arrays] == [("weight mean", 1)]


def test_everything_that_a_step_gave_is_there():
    raised = Raised(("ValueError", "Exception"), "no", "gradient", 0, "")
    step = StepSeen(
        output=X,
        mask=encode(np.ones(2, np.bool_)),
        gradients={"input": X},
        derived={"forward": X},
        loss=0.5,
        failed={"vectorized": raised},
    )
    found = line(
        Observation("", steps=(step,), raised=raised, refused={"file": raised}, unsupported={"adapt": "no adapt"})
    )
    assert [one.subject for one in found.arrays] == ["output", "mask", "gradient input", "derived forward", "loss"]
    assert [one.subject for one in found.errors] == ["", "persistence file", "vectorized"]
    assert found.errors[0].types == ["ValueError", "Exception"]
    assert found.unsupported == {"adapt": "no adapt"}


def test_a_target_that_was_lost_leaves_what_it_was_asked():
    found = line(Loss("timeout", CASE.id, "gave no answer"))
    assert (found.lost, found.arrays) == ("timeout", [])
    assert found.request == line(answered(CASE)).request


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("in /home/me/env/lib/keras/layer.py, line 12", "in layer.py, line …"),
        (r"in 'C:\Users\my name\env\layer.py:7'", "in 'layer.py:…'"),
        ("\x1b[1mloud\x1b[0m", "loud"),
        ("at layer_norm.cpp:346", "at layer_norm.cpp:…"),
        ("<function f at 0x7f00aB>", "<function f at 0x…>"),
        ("layer_normalization_12/gamma and __inference_call_34", "layer_normalization/gamma and __inference_call"),
        ("/tmp/__autograph_generated_fileab12cd.py", "__autograph_generated_file.py"),
        ("/tmp/normcheck-123-abc_1/layer.keras, /tmp/tmpab12cd34", "layer.keras, tmp…"),
        ("shapes 2x4 and/or (3, 4), see https://keras.io/api/layers", None),
        ("axis_1 of conv2d in float32, 1.5/3", "axis of conv2d in float32, 1.5/3"),
    ],
)
def test_texts_lose_what_differs_between_processes_and_nothing_else(text, kept):
    found = line(Observation("", warnings=(f"UserWarning: {text}",), unsupported={"adapt": text}))
    assert found.warnings == [f"UserWarning: {text if kept is None else kept}"]
    assert found.unsupported == {"adapt": text if kept is None else kept}


def test_warnings_that_become_alike_are_told_once():
    found = line(Observation("", warnings=("UserWarning: at 0x1a", "UserWarning: at 0x2b")))
    assert found.warnings == ["UserWarning: at 0x…"]


def test_the_digest_is_of_all_that_is_asked_in_whatever_dialect():
    keras, torch = (request_for(DRAWN, dialect) for dialect in ("keras", "torch"))
    assert keras.weights.keys() != torch.weights.keys()
    assert digest(DRAWN, "keras", keras) == digest(DRAWN, "torch", torch)
    assert digest(DRAWN, "keras", replace(keras, describe=True, case="other")) == digest(DRAWN, "keras", keras)


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": {"epsilon": 0.5}},
        {"dtype": "float16"},
        {"weights": {}},
        {"repeat": True},
        {"precision": "mixed"},
        {"steps": (Step("call", X),)},
        {"steps": (Step("call", X, True),)},
        {"steps": (Step("call", X, upstream=X),)},
        {"steps": (Step("call", X, mask=X),)},
    ],
)
def test_another_question_has_another_digest(change):
    request = replace(request_for(DRAWN, "keras"), steps=(Step("adapt", X),))
    assert digest(DRAWN, "keras", replace(request, **change)) != digest(DRAWN, "keras", request)


def test_a_signature_that_python_does_not_know_is_empty():
    assert parameters(dict) == ()
