"""Two sides of a comparison, as a user runs them: of one target, of two processes, devices and frameworks."""

from __future__ import annotations

import pytest

from normcheck.adapters.targets import Target
from normcheck.cases.suite import partners, suite
from normcheck.tests.suite_runs import ADAPTERS, judged, outcomes, record, run

SPEAKER = ADAPTERS / "torch_speaker.py"
CARRIED = "layer_normalization/carried-to-another-framework"


def test_the_reference_agrees_with_itself(tmp_path):
    done = run(tmp_path, "--target", "reference", "--aspect", "invariance", "--aspect", "relation", "--full")
    found = record(tmp_path)
    assert done.returncode == 0
    assert len(found.checks) > 25
    assert {check.outcome for check in found.checks} == {"pass"}


@pytest.mark.parametrize("words", [[], ["--in-process"], ["-n", "2"]])
def test_noise_that_another_process_does_not_have_is_found(tmp_path, words):
    done = run(tmp_path, "--target", ADAPTERS / "by_process.py", "--case", "*/two-processes", *words)
    failed = [check for check in record(tmp_path).checks if check.outcome == "fail"]
    assert done.returncode == 1
    assert {(check.subject, check.symptom) for check in failed} == {("output", "bits differ")}
    assert {check.layer for check in failed} >= {"layer_normalization", "batch_normalization"}
    assert all("one process gives" in check.message and "another process" in check.message for check in failed)
    assert all(check.worst.ulps >= 1 for check in failed)


def test_a_device_is_compared_with_the_cpu(tmp_path):
    done = run(tmp_path, "--target", ADAPTERS / "two_devices.py", "--case", "layer_normalization/two-devices")
    found = record(tmp_path)
    assert done.returncode == 1
    assert {check.target for check in found.checks} == {"two_devices-toy-0-eager", "two_devices-toy-1-eager"}
    failed = {(check.target, check.subject, check.symptom) for check in found.checks if check.outcome == "fail"}
    assert failed == {("two_devices-toy-1-eager", "output beside two_devices-cpu-eager", "beyond both bounds")}
    assert "two_devices-toy-1-eager gives" in done.text
    assert "two_devices-cpu-eager" in done.text


def test_weights_are_carried_to_one_target_of_each_other_dialect_and_to_a_framework_before_the_reference():
    case = suite().by_id[CARRIED]
    found = [
        Target(name, name, name, name, dialect, "cpu", "eager", versions=versions)
        for name, dialect, versions in [
            ("reference", "keras", {}),
            ("keras", "keras", {"keras": "3"}),
            ("tf_keras", "keras", {"tf_keras": "2"}),
            ("torch", "torch", {"torch": "2"}),
            ("torch-functional", "torch", {"torch": "2"}),
        ]
    ]
    carried = {one.name: [other.name for other in partners(case, one, found)] for one in found}
    assert carried == {
        **{name: ["torch"] for name in ("reference", "keras", "tf_keras")},
        **{name: ["keras"] for name in ("torch", "torch-functional")},
    }


def test_weights_are_carried_from_each_framework_to_the_other(tmp_path):
    words = ["--target", "reference", "--target", SPEAKER, "--case", CARRIED]
    done = run(tmp_path, *words)
    found = record(tmp_path)
    assert done.returncode == 0, done.text
    assert {check.outcome for check in found.checks} == {"pass"}
    both = {"reference-cpu-eager", "torch_speaker-cpu-eager"}
    assert {(check.target, check.subject.rpartition(" ")[2]) for check in found.checks} == {
        (one, other) for one in both for other in both if one != other
    }
    subjects = {check.subject.partition(" beside")[0] for check in found.checks}
    assert subjects == {"weights", "output", "differentiated output", *(f"gradient of {x}" for x in GRADIENTS)}


GRADIENTS = ("input", "gamma", "beta")


def test_a_framework_alone_has_nothing_to_carry_to_and_the_run_says_so(tmp_path):
    done = run(tmp_path, "--target", "reference", "--layer", "layer_normalization", "--aspect", "transplant")
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    done = run(tmp_path, "--target", "reference", "--layer", "rms_normalization", "--aspect", "determinism")
    assert "no two devices were found" in done.text
    assert "one dialect" in done.text


@pytest.mark.parametrize("words", [[], ["-n", "2"]])
def test_a_side_that_is_lost_costs_its_own_comparison(tmp_path, words):
    names = ["alone", "among-others", "scaled"]
    cases = [word for name in names for word in ("--case", f"layer_normalization/{name}")]
    run(tmp_path, "--target", ADAPTERS / "dies_alone.py", *cases, *words)
    found = outcomes(record(tmp_path))
    assert {case.partition("/")[2]: set(counted) for case, counted in found.items()} == {
        "alone": {"crash"},
        "among-others": {"pass"},
        "scaled": {"pass"},
    }
    (lost,) = [check for check in record(tmp_path).checks if check.outcome == "crash"]
    assert lost.subject == "the input alone"


def test_several_processes_find_the_same(tmp_path):
    names = ["among-others", "scaled", "carried-to-another-framework"]
    words = [word for name in names for word in ("--case", f"layer_normalization/{name}")]
    words += ["--target", ADAPTERS / "zeros.py", "--target", SPEAKER]
    run(tmp_path / "one", *words)
    run(tmp_path / "two", *words, "-n", "2")
    assert judged(record(tmp_path / "one")) == judged(record(tmp_path / "two")) != []
