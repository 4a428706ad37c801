"""The suite as a user runs it: pytest's options, outcomes and exit status, and the record that a run leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from normcheck.cases.suite import suite
from normcheck.reports.reading import read
from normcheck.tests.suite_runs import ADAPTERS, CLONE, command, environment, judged, outcomes, record, run

EXAMPLE = "layer_normalization/documentation-example"
RANKS = "layer_normalization/ranks/"
SEVERAL = ["--case", f"{RANKS}*", "--case", "layer_normalization/errors/*"]
SHAPES = ("7", "3x7", "2x3x7", "2x3x2x7", "2x1x3x2x7")
SURVIVORS = {f"{RANKS}shape=7", f"{RANKS}shape=2x1x3x2x7", EXAMPLE}
WAIT = 60.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp


@pytest.fixture(scope="module")
def two_faulty(folder):
    """A run of an adapter with wrong outputs and of one that overwrites its input, over a few cases."""
    place = folder("faulty")
    targets = ["--target", ADAPTERS / "zeros.py", "--target", ADAPTERS / "overwrites.py"]
    junit = f"--junitxml={place / 'junit.xml'}"
    return place, run(place, *targets, *SEVERAL, junit, "-p", "framework_watch")


@pytest.fixture(scope="module")
def fatal(folder):
    """A run in which the target is killed, hangs and fills the memory, each at one case."""
    place = folder("fatal")
    limits = ["--case-timeout", "5", "--memory-limit", "256"]
    return place, run(place, "--target", ADAPTERS / "fatal.py", "--case", f"{RANKS}*", "--case", EXAMPLE, *limits)


def test_a_target_that_refuses_everything_fails_the_run(tmp_path):
    done = run(tmp_path, "--target", ADAPTERS / "refuses.py", "--case", EXAMPLE)
    assert done.returncode == 1
    assert "Nothing was judged" in done.text
    found = record(tmp_path)
    assert {check.outcome for check in found.checks} == {"unsupported"}
    assert (found.complete, found.footer.exit_status) == (True, 1)


def test_wrong_outputs_fail_on_output_alone(two_faulty):
    place, done = two_faulty
    assert done.returncode == 1
    failed = [check for check in record(place).checks if check.target == "zeros-cpu-eager" and check.outcome == "fail"]
    assert {check.case for check in failed} == {f"{RANKS}shape={shape}" for shape in SHAPES}
    assert {(check.aspect, check.outcome) for check in failed} == {("output", "fail")}


def test_an_overwritten_input_fails_on_input_kept_alone(two_faulty):
    found = record(two_faulty[0])
    failed = [check for check in found.checks if check.target == "overwrites-cpu-eager" and check.outcome == "fail"]
    assert len(failed) == len(SHAPES)
    assert {(check.aspect, check.symptom) for check in failed} == {("input_kept", "input overwritten")}


def test_a_failure_says_what_was_asked_which_requirement_the_worst_element_and_how_to_repeat_it(two_faulty):
    text = two_faulty[1].text
    assert f"{RANKS}shape=3x7 on zeros" in text
    assert "asked: layer_normalization(axis=-1" in text
    assert "LN-1: Every output is the exact answer" in text
    assert "worst element [" in text
    assert f"--target {ADAPTERS / 'zeros.py'} --case '{RANKS}shape=3x7'" in text


def test_the_record_says_what_was_run_and_with_what(two_faulty):
    found = record(two_faulty[0])
    assert [line.id for line in found.targets] == ["zeros-cpu-eager", "overwrites-cpu-eager"]
    assert {line.reason for line in found.targets} == {""}
    assert found.header.selected * 2 >= len({(check.case, check.target) for check in found.checks})
    assert str(ADAPTERS / "zeros.py") in found.header.options
    assert (found.complete, found.footer.exit_status) == (True, 1)
    assert (two_faulty[0] / "record.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_record_says_once_what_each_case_asks_before_its_first_check(two_faulty):
    found = record(two_faulty[0])
    assert [one.case for one in found.cases] == list(dict.fromkeys(check.case for check in found.checks))
    asked = {one.case: one for one in found.cases}[f"{RANKS}shape=3x7"]
    assert (asked.arguments["axis"], asked.weights, asked.steps[0].shape) == ("-1", "drawn", [3, 7])
    assert "sqrt(variance + epsilon)" in found.header.specs["layer_normalization"].definition
    assert found.header.specs["layer_normalization"].arguments["epsilon"].defaults["torch"] == "1e-05"
    assert all(check.ulps is not None for check in found.checks if check.headroom is not None)


def test_junit_has_an_item_for_every_case_and_target(two_faulty):
    (suite,) = ElementTree.parse(two_faulty[0] / "junit.xml").getroot()
    found = record(two_faulty[0])
    assert int(suite.get("tests")) == len({(check.case, check.target) for check in found.checks})
    assert int(suite.get("failures")) == 2 * len(SHAPES)
    assert int(suite.get("errors")) == 0


def test_pytests_process_imports_no_framework_in_a_run(two_faulty):
    assert "frameworks after collection: none" in two_faulty[1].text
    assert "frameworks at the end: none" in two_faulty[1].text


def test_several_processes_find_the_same(two_faulty, tmp_path):
    targets = ["--target", ADAPTERS / "zeros.py", "--target", ADAPTERS / "overwrites.py"]
    done = run(tmp_path, *targets, *SEVERAL, "-n", "2")
    assert done.returncode == 1
    found = record(tmp_path)
    assert judged(found) == judged(record(two_faulty[0]))
    assert (found.complete, {line.id for line in found.targets}) == (True, {"zeros-cpu-eager", "overwrites-cpu-eager"})


def test_last_failed_runs_what_failed_alone(two_faulty):
    place, _ = two_faulty
    before = record(place)
    failed = {(check.case, check.target) for check in before.checks if check.outcome == "fail"}
    again = ["--target", ADAPTERS / "zeros.py", "--target", ADAPTERS / "overwrites.py", "--lf"]
    done = run(place, *again, "--record", place / "again.jsonl")
    assert f"{2 * len(SHAPES)} failed" in done.text
    assert {(check.case, check.target) for check in read(place / "again.jsonl").checks} == failed


def test_stopping_at_the_first_failure_leaves_a_record_that_says_so(tmp_path):
    done = run(tmp_path, "--target", ADAPTERS / "zeros.py", "--case", f"{RANKS}*", "-x")
    assert done.returncode == 1
    found = record(tmp_path)
    assert not found.complete
    assert found.shortfall == "1 of 5 items ran"
    assert "The record is not complete: 1 of 5 items ran." in done.text


@pytest.mark.parametrize(
    ("case", "outcome", "said"),
    [
        (f"{RANKS}shape=3x7", "crash", "SIGKILL"),
        (f"{RANKS}shape=2x3x7", "timeout", "gave no answer within 5 s"),
        (f"{RANKS}shape=2x3x2x7", "crash", "ran out of memory"),
    ],
)
def test_what_kills_a_target_costs_one_case(fatal, case, outcome, said):
    place, done = fatal
    assert done.returncode == 1
    lines = [check for check in record(place).checks if check.case == case]
    assert {check.outcome for check in lines} == {outcome}
    assert all(said in check.message for check in lines)


def test_what_does_not_kill_the_target_is_judged_all_the_same(fatal):
    place, done = fatal
    found = record(place)
    assert found.complete
    assert {case for case, counted in outcomes(found).items() if set(counted) == {"pass"}} == SURVIVORS
    assert "3 failed, 3 passed" in done.text


def test_a_run_that_is_killed_leaves_what_it_had_found(tmp_path):
    pid = tmp_path / "pid"
    words = command(tmp_path, "--target", ADAPTERS / "fatal.py", "--case", EXAMPLE, "--case", f"{RANKS}shape=2x3x7")
    process = subprocess.Popen(
        words, env=environment(FATAL_PID=str(pid)), cwd=ADAPTERS.parents[1], stdout=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: pid.exists() and pid.read_text() and (tmp_path / "record.jsonl").exists())
        wait_for(lambda: b'"kind":"check"' in (tmp_path / "record.jsonl").read_bytes())
    finally:
        process.kill()
        process.wait()
        if sys.platform == "linux":
            wait_for(lambda: not runs(int(pid.read_text())))  # a target that hangs ends with pytest
        else:
            os.kill(int(pid.read_text()), signal.SIGKILL)
    found = record(tmp_path)
    assert {check.case for check in found.checks} == {EXAMPLE}
    assert not found.complete
    assert found.shortfall == "the run was cut short, and the record has no footer"


def runs(pid):
    """Whether a process is there and has not ended; what has ended may wait for its parent to take note."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for(happened):
    until = time.monotonic() + WAIT
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def test_names_of_layer_target_and_aspect_select_items(tmp_path):
    done = run(
        tmp_path, "--target", "reference", "--collect-only", "-k", "layer_normalization and reference and gradient"
    )
    assert done.returncode == 0
    names = [line for line in done.stdout.splitlines() if "::test_case[" in line]
    assert len(names) > 100
    assert all("[reference-cpu-eager:layer_normalization/" in name for name in names)
    assert not any("/errors/" in name for name in names)
    assert not (tmp_path / "record.jsonl").exists()


def test_marks_name_layer_aspects_and_list(tmp_path):
    words = ["--target", "reference", "--collect-only"]
    done = run(tmp_path, *words, "--full", "-m", "gradient and layer_normalization and full")
    names = [line for line in done.text.splitlines() if "::" in line]
    assert names
    assert all("[reference-cpu-eager:layer_normalization/" in name for name in names)
    assert not any("::" in line for line in run(tmp_path, *words, "-m", "full").text.splitlines())


def test_every_mark_is_registered(tmp_path):
    registered = run(tmp_path, "--markers").text
    names = {case.layer for case in suite().cases} | {aspect for case in suite().cases for aspect in case.aspects}
    assert {name for name in names if f"@pytest.mark.{name}: " not in registered} == set()


def test_a_layer_and_an_aspect_select_items_and_checks(tmp_path):
    words = ["--target", "reference", "--layer", "rms_normalization", "--aspect", "parameters", "--aspect", "dtype"]
    done = run(tmp_path, *words)
    found = record(tmp_path)
    assert done.returncode == 0
    assert {check.layer for check in found.checks} == {"rms_normalization"}
    assert {check.aspect for check in found.checks} == {"parameters", "dtype"}
    assert found.claims == ()
    assert "The quick list: " in done.text


def test_collection_of_everything_imports_no_framework(tmp_path):
    done = run(tmp_path, "--collect-only", "-p", "framework_watch")
    assert done.returncode == 0
    assert "frameworks after collection: none" in done.text


def test_a_target_in_pytests_own_process_and_a_record_in_a_new_folder(tmp_path):
    place = tmp_path / "new" / "folder"
    done = run(place, "--target", ADAPTERS / "zeros.py", "--case", EXAMPLE, "--case", "models/*", "--in-process")
    assert done.returncode == 1
    assert {check.case for check in record(place).checks if check.outcome == "fail"} == {EXAMPLE}
    assert record(place).complete


def test_files_that_lie_outside_of_the_clone_are_written_and_read(tmp_path):
    own = tmp_path / "zeros.py"
    own.write_text((ADAPTERS / "zeros.py").read_text())
    record_there, words = tmp_path / "there.jsonl", ["-q", "-p", "no:cacheprovider", "--case", EXAMPLE]
    record_there.touch()
    words = [sys.executable, "-m", "pytest", *words, f"--target={own}", f"--record={record_there}"]
    done = subprocess.run(words, cwd=CLONE, env=environment(), capture_output=True, text=True, check=False)
    assert f"record: {record_there}" in done.stdout, done.stdout + done.stderr
    assert {check.case for check in read(record_there).checks} == {EXAMPLE}


def test_a_ledger_of_ones_own_explains_what_is_known(tmp_path):
    ledger = tmp_path / "ledger.yaml"
    ledger.write_text(
        "entries:\n"
        "  zeros-are-zeros:\n"
        "    target: zeros\n"
        f"    cases: ['{RANKS}*']\n"
        "    aspect: output\n"
        "    symptom: 'grade F*'\n"
        "    reason: Every output is zero, which is known.\n"
    )
    done = run(tmp_path, "--target", ADAPTERS / "zeros.py", "--ledger", ledger, "--case", f"{RANKS}*")
    found = record(tmp_path)
    assert {check.known for check in found.checks if check.aspect == "output"} == {"zeros-are-zeros"}
    assert {check.outcome for check in found.checks if check.aspect != "output"} == {"pass"}
    assert done.returncode == 0
    assert "5 xfailed" in done.text
    assert found.ledger_notes == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "nosuch"], "there is no target 'nosuch'"),
        (["--record", "out.html"], "would be overwritten by the page"),
        (["--target", "nosuch", "-n", "2"], "there is no target 'nosuch'"),
        (["--target", "reference", "--device", "nosuch"], "no target has the device nosuch"),
        (["--target", "reference", "--ledger", "bad.yaml"], "bad.yaml:1:1: [1] is not a mapping"),
        (["--target", "reference", "--record", "."], "is a folder; name a file for the record"),
        (["--target", "reference", "--case", EXAMPLE, "--record", "bad.yaml/r.jsonl"], "the record cannot be written"),
        (["--target", "reference", "--layer", "layer_norm"], "did you mean 'layer_normalization'?"),
        (["--aspect", "gradients", "-n", "2"], "did you mean 'gradient'?"),
        (["--target", str(ADAPTERS / "declines.py")], "there is no such accelerator in this machine"),
        (["--target", str(ADAPTERS / "fails_at_import.py")], "could not be imported"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence(words, said, tmp_path):
    (tmp_path / "bad.yaml").write_text("- 1\n")
    words = [str(tmp_path / word) if word in (".",) or word.startswith("bad.yaml") else word for word in words]
    done = run(tmp_path, *words)
    errors = [line for line in done.text.splitlines() if line.startswith("ERROR: ")]
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert len(errors) == 1
    assert said in errors[0]
    assert "Traceback" not in done.text
    assert "INTERNALERROR" not in done.text
