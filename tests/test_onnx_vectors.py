"""ONNX's node cases translated and judged twice. The nodes are made by hand: the package onnx is not needed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.interface import Observation, Raised, StepSeen
from normcheck.adapters.observe import observe
from normcheck.adapters.process.transport import LocalWorker, Loss
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.targets import Target
from normcheck.cases.judgement.judge import judge
from normcheck.cases.judgement.onnx_agreement import agreement, own_grades
from normcheck.cases.requests.ask import request_for
from normcheck.cases.requests.onnx_vectors import (
    MISSING,
    Node,
    NodeCases,
    OnnxMissing,
    read_node_cases,
    reason_not_asked,
    translated,
)
from normcheck.cases.runs.run import Asked, Run
from normcheck.cases.suite import suite
from normcheck.tests.suite_runs import CLONE, TESTS, environment, run

RANDOM = np.random.default_rng(8)
EPSILON = float(np.float32(1e-2))
MOMENTUM = float(np.float32(0.9))


def drawn(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def normalized(x, axes, epsilon=EPSILON):
    wide = x.astype(np.float64)
    return (wide - wide.mean(axes, keepdims=True)) / np.sqrt(wide.var(axes, keepdims=True) + epsilon)


def layer_node(shape=(2, 3, 4), axis=-1, **changes):
    x = drawn(*shape)
    axes = tuple(range(axis % len(shape), len(shape)))
    gamma, beta = (drawn(*[shape[one] for one in axes]) for _ in range(2))
    outputs = {
        "Y": (normalized(x, axes) * gamma + beta).astype(np.float32),
        "Mean": x.mean(axes, keepdims=True),
    }
    attributes = {"axis": axis, "epsilon": EPSILON, "stash_type": 1}
    return replace(Node("test_ln", "LayerNormalization", attributes, (x, gamma, beta), outputs), **changes)


def batch_node(training=1):
    x = drawn(4, 3, 5)
    gamma, beta, mean, variance = drawn(3), drawn(3), drawn(3), drawn(3) ** 2
    attributes = {"epsilon": EPSILON, "momentum": MOMENTUM, "training_mode": training}
    wide = x.astype(np.float64)
    moments = {"running_mean": (mean, wide.mean((0, 2))), "running_var": (variance, wide.var((0, 2)))}
    outputs = {"Y": (normalized(x, (0, 2)) * gamma[:, None] + beta[:, None]).astype(np.float32)}
    outputs |= {
        name: (old * MOMENTUM + new * (1 - MOMENTUM)).astype(np.float32) for name, (old, new) in moments.items()
    }
    return Node("test_bn", "BatchNormalization", attributes, (x, gamma, beta, mean, variance), outputs)


def grouped_node(operator="GroupNormalization", scale=6, **attributes):
    inputs = (drawn(2, 6, 5), drawn(scale), drawn(6))
    return Node("test_gn", operator, {"epsilon": EPSILON, **attributes}, inputs, {"Y": drawn(2, 6, 5)})


def vector(node, dialect="keras"):
    return translated(node, suite().specs.layers, dialect)


def answered(node):
    """What the reference does with a node case."""
    one = vector(node)
    return one, observe(ReferenceAdapter(), request_for(one.case, "keras"))


def results(findings):
    return [(one.subject, one.result) for one in findings]


@pytest.mark.parametrize(("axis", "axes"), [(0, [0, 1, 2]), (1, [1, 2]), (2, [2]), (-1, [2]), (-3, [0, 1, 2])])
def test_onnx_s_axis_is_the_first_of_those_normalized_over(axis, axes):
    case = vector(layer_node(axis=axis)).case
    assert case.layer == "layer_normalization"
    assert case.arguments == {"axis": axes, "epsilon": EPSILON}


def test_a_left_out_b_means_no_beta():
    whole = layer_node()
    for inputs in (whole.inputs[:2], (*whole.inputs[:2], None)):
        case = vector(replace(whole, inputs=inputs)).case
        assert case.arguments["center"] is False
        assert set(case.weights) == {"gamma"}


@pytest.mark.parametrize(("dialect", "names"), [("keras", ("gamma", "beta")), ("torch", ("weight", "bias"))])
def test_the_bits_of_the_node_are_what_is_sent_under_the_dialect_s_names(dialect, names):
    node = layer_node(axis=1)
    request = request_for(vector(node, dialect).case, dialect)
    sent = [request.steps[0].input, *(request.weights[name] for name in names)]
    assert [decode(one).tobytes() for one in sent] == [one.tobytes() for one in node.inputs]
    assert (request.case, request.dtype, request.shape) == ("onnx/test_ln", "float32", (2, 3, 4))


def test_rms_normalization_has_a_scale_alone():
    x, scale = drawn(3, 4), drawn(4)
    node = Node("test_rms", "RMSNormalization", {"axis": -1, "epsilon": EPSILON}, (x, scale), {"Y": x})
    case = vector(node).case
    assert (case.layer, case.arguments) == ("rms_normalization", {"axis": [1], "epsilon": EPSILON})
    assert {name: decode(one).tolist() for name, one in request_for(case, "keras").weights.items()} == {
        "scale": scale.tolist()
    }


@pytest.mark.parametrize(("dialect", "momentum"), [("keras", MOMENTUM), ("torch", 1 - MOMENTUM)])
def test_momentum_is_said_as_the_dialect_means_it(dialect, momentum):
    case = vector(batch_node(), dialect).case
    assert case.arguments == {"axis": 1, "epsilon": EPSILON, "momentum": momentum}
    assert (case.steps[0].training, case.aspects, case.dialects) == (True, ("output", "state"), (dialect,))


def test_batch_normalization_in_inference_states_no_statistics():
    case = vector(batch_node(training=0)).case
    assert (case.steps[0].training, case.aspects) == (False, ("output",))


@pytest.mark.parametrize(
    ("node", "groups"),
    [(grouped_node(num_groups=2), 2), (grouped_node("InstanceNormalization"), 6)],
    ids=["groups", "instances"],
)
def test_instances_are_groups_of_one_channel(node, groups):
    case = vector(node).case
    assert (case.layer, case.arguments) == ("group_normalization", {"groups": groups, "axis": 1, "epsilon": EPSILON})


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (replace(layer_node(), operator="MeanVarianceNormalization"), "to the standard deviation"),
        (replace(layer_node(), operator="LpNormalization"), "divides by a norm"),
        (layer_node(attributes={"axis": -1, "epsilon": EPSILON, "spatial": 0}), "spatial"),
        (layer_node(attributes={"axis": -1, "epsilon": EPSILON, "stash_type": 11}), "in which dtype"),
        (layer_node(inputs=(np.zeros((2, 3), np.int32), drawn(3))), "int32"),
        (grouped_node(scale=2, num_groups=2), "one per group"),
    ],
)
def test_what_no_layer_expresses_is_not_asked_and_says_why(node, words):
    assert words in reason_not_asked(node)


@pytest.mark.parametrize("node", [layer_node(), batch_node(), grouped_node(num_groups=3)])
def test_what_a_layer_expresses_is_asked(node):
    assert reason_not_asked(node) == ""


def test_a_right_answer_is_right_by_both():
    one, seen = answered(batch_node())
    assert {finding.grade for finding in judge(one.case, "keras", seen)} == {"A"}
    theirs = agreement(one, "keras", seen)
    assert results(theirs) == [(f"as ONNX expects {name}", "right") for name in one.node.outputs]
    assert [finding.aspect for finding in theirs] == ["output", "state", "state"]


def test_an_error_within_their_tolerance_and_beyond_our_bound_is_told_apart():
    one, seen = answered(layer_node())
    off = encode(decode(seen.steps[0].output) * np.float32(1 + 5e-4))
    wrong = replace(seen, steps=(StepSeen(output=off),))
    assert [finding.result for finding in judge(one.case, "keras", wrong)] == ["wrong"]
    assert results(agreement(one, "keras", wrong))[0] == ("as ONNX expects Y", "right")


def test_a_stated_value_that_differs_is_theirs_alone_and_shows_the_element():
    node = layer_node()
    node.outputs["Y"][1, 2, 3] = 7
    one, seen = answered(node)
    assert [finding.result for finding in judge(one.case, "keras", seen)] == ["right"]
    (theirs, _) = agreement(one, "keras", seen)
    assert (theirs.result, theirs.symptom) == ("wrong", "differs from ONNX")
    assert "1 of 24 elements differ by more than rtol 0.001 and atol 1e-07; at [1, 2, 3] got" in theirs.message
    assert "ONNX expects 7." in theirs.message


def test_nan_agrees_with_nan_alone():
    node = layer_node()
    node.outputs["Y"][0, 0, 0] = np.nan
    one = vector(node)
    same = Observation("onnx/test_ln", steps=(StepSeen(output=encode(node.outputs["Y"])),))
    assert agreement(one, "keras", same)[0].result == "right"
    assert agreement(one, "keras", answered(node)[1])[0].result == "wrong"


def test_another_dtype_or_none_at_all_is_no_agreement():
    one = vector(layer_node())
    for output in (encode(one.node.outputs["Y"], "float64"), None):
        seen = Observation("onnx/test_ln", steps=(StepSeen(output=output),))
        assert agreement(one, "keras", seen)[0].result == "wrong"


def test_what_no_layer_gives_is_no_verdict():
    one, seen = answered(layer_node())
    assert results(agreement(one, "keras", seen))[1] == ("as ONNX expects Mean", "unsupported")


def test_pytorch_s_unbiased_variance_is_not_held_against_onnx():
    one = vector(batch_node(), "torch")
    arrays = {name: encode(values) for name, values in one.node.outputs.items()}
    seen = Observation("onnx/test_bn", steps=(StepSeen(output=arrays["Y"], weights=arrays),))
    assert [finding.result for finding in agreement(one, "torch", seen)] == ["right", "right", "unsupported"]


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (Loss("crash", "onnx/test_ln", "it crashed"), "crash"),
        (Observation("onnx/test_ln", unsupported={"layer": "there is none"}), "unsupported"),
        (Observation("onnx/test_ln", raised=Raised(("ValueError",), "no", "call", 0, "")), "error"),
    ],
)
def test_no_answer_is_no_agreement(answer, result):
    assert results(agreement(vector(layer_node()), "keras", answer)) == [("as ONNX expects", result)]


def test_onnx_s_own_values_are_held_against_our_bound():
    right = batch_node()
    assert [finding.grade for finding in own_grades(vector(right))] == ["A", "A", "A"]
    right.outputs["running_var"][0] *= np.float32(1.0005)
    assert [finding.grade for finding in own_grades(vector(right))] == ["A", "A", "F"]


def test_the_record_has_both_verdicts_in_a_row_of_their_own():
    node = layer_node()
    node.outputs["Y"][0, 0, 0] += 1
    target = Target("r", "r", "normcheck.adapters.reference:ReferenceAdapter", "reference", "keras", "cpu", "eager")
    asked = Asked(target, LocalWorker(target))
    lines = Run(suite(), {"r": asked}, 60.0).vector_checks(vector(node), target)
    assert [(one.layer, one.subject, one.outcome, one.failed) for one in lines] == [
        ("onnx", "", "pass", []),
        ("onnx", "as ONNX expects Y", "fail", ["ONNX-1"]),
        ("onnx", "as ONNX expects Mean", "unsupported", []),
    ]
    assert lines[0].requirements == ["LN-1", "LN-2"]
    assert "normcheck.cases --onnx --target" in lines[1].reproduce


def test_the_header_names_the_version_that_the_vectors_come_from():
    found = NodeCases("1.2.3", (layer_node(),))
    assert found.layers == {"onnx": "ONNX backend node cases"}
    assert found.requirements["ONNX-1"].source == "ONNX 1.2.3, ONNX backend node cases"
    assert (NodeCases().layers, NodeCases().requirements) == ({}, {})


def test_without_the_package_a_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(OnnxMissing) as caught:
        read_node_cases()
    assert str(caught.value) == MISSING


def test_the_option_without_the_package_is_a_wrong_use(tmp_path):
    (tmp_path / "onnx.py").write_text("raise ImportError('there is none')\n")
    path = os.pathsep.join(map(str, (tmp_path, TESTS)))
    done = run(tmp_path, "--onnx", "--target", "reference", PYTHONPATH=path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert MISSING in done.text


def test_the_module_named_without_the_option_says_what_to_give(tmp_path):
    words = ["-m", "pytest", "cases/test_onnx.py", "-o", f"cache_dir={tmp_path}", "--target", "reference"]
    done = subprocess.run([sys.executable, *words], cwd=CLONE, env=environment(), capture_output=True, text=True)
    assert "give --onnx to have ONNX's node cases asked." in done.stdout
    assert done.returncode == pytest.ExitCode.INTERRUPTED


def test_without_the_option_no_node_case_is_collected(tmp_path):
    done = run(tmp_path, "--target", "reference", "--collect-only")
    assert done.returncode == 0
    assert "test_vector" not in done.text
