"""ONNX's backend node cases as the package onnx has them, on right implementations. Needs onnx and frameworks."""

from __future__ import annotations

from collections import Counter

import pytest

from normcheck.cases.judgement.onnx_agreement import own_grades
from normcheck.cases.requests.onnx_vectors import read_node_cases, reason_not_asked, translated
from normcheck.cases.suite import suite
from normcheck.tests.suite_runs import record, run

TARGETS = ("reference", "torch:eager", "keras:eager")


@pytest.fixture(scope="module")
def found():
    return read_node_cases()


def test_every_node_case_of_a_normalization_is_asked_or_has_a_reason(found):
    asked = Counter(node.operator for node in found.nodes if not reason_not_asked(node))
    assert asked == {
        "LayerNormalization": 19,
        "RMSNormalization": 19,
        "BatchNormalization": 4,
        "GroupNormalization": 2,
        "InstanceNormalization": 2,
    }
    left_out = Counter(node.operator for node in found.nodes if reason_not_asked(node))
    assert left_out == {"LpNormalization": 6, "MeanVarianceNormalization": 1}


def test_none_of_onnx_s_own_values_is_outside_our_bound(found):
    asked = [node for node in found.nodes if not reason_not_asked(node)]
    findings = [one for node in asked for one in own_grades(translated(node, suite().specs.layers, "keras"))]
    assert (len(findings), {finding.grade for finding in findings}) == (50, {"A"})


def test_right_implementations_agree_with_onnx_and_with_us(tmp_path):
    options = [word for target in TARGETS for word in ("--target", target)]
    done = run(tmp_path, "--onnx", "--case", "onnx/*", *options)
    assert done.returncode == 0, done.text[-3000:]
    line = record(tmp_path)
    assert line.header.layers["onnx"] == "ONNX backend node cases"
    outcomes = Counter((one.target, one.outcome) for one in line.checks)
    assert outcomes == {
        ("reference-cpu-eager", "pass"): 100,
        ("reference-cpu-eager", "unsupported"): 38,
        ("torch-cpu-eager", "pass"): 100,
        ("torch-cpu-eager", "unsupported"): 40,
        ("keras-cpu-eager", "pass"): 100,
        ("keras-cpu-eager", "unsupported"): 38,
    }
