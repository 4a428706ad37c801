"""`pytest -m benchmark` as a user runs it, with pytest-benchmark's own options, on the reference."""

from __future__ import annotations

import json

import pytest

from normcheck.cases.benchmarks.items import NEEDED
from normcheck.tests.suite_runs import ADAPTERS, run

NAME = "layer_normalization/benchmarks/language/size=small,dtype=float32,pass=inference"
ONE = ["--target", "reference", "--case", NAME]


def storage(folder):
    return ["--benchmark-storage", f"file://{folder / 'kept'}"]


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """Two runs, the second compared with the first."""
    place = tmp_path_factory.mktemp("benchmarks")
    first = run(place, "-m", "benchmark", *ONE, "--benchmark-autosave", *storage(place))
    options = ["--benchmark-compare", f"--benchmark-json={place / 'second.json'}", "--benchmark-group-by=param:case"]
    return place, first, run(place, "-m", "benchmark", *ONE, *options, *storage(place))


def test_an_ordinary_run_collects_no_benchmark(tmp_path):
    done = run(tmp_path, "--collect-only", "--target", "reference", "--case", "unit_normalization/*")
    assert done.returncode == 0
    assert "test_benchmarks" not in done.text


@pytest.mark.parametrize("words", [["-m", "benchmark"], ["--benchmark", "-k", "test_benchmarks"]])
def test_benchmarks_are_collected_where_they_are_asked_for(tmp_path, words):
    done = run(tmp_path, "--collect-only", *words, *ONE)
    assert done.returncode == 0, done.text
    assert f"test_benchmark[reference-cpu-eager:{NAME}]" in done.text


def test_the_usual_table_is_shown_and_runs_are_saved_and_compared(twice):
    place, first, second = twice
    assert (first.returncode, second.returncode) == (0, 0), first.text + second.text
    assert "Name (time in" in first.text
    assert "Saved benchmark data" in first.text
    assert "Comparing against benchmarks from" in second.text
    assert "(0001_" in second.text
    assert len(list((place / "kept").rglob("*.json"))) == 1


def test_the_times_are_those_of_the_targets_clock(twice):
    found = json.loads((twice[0] / "second.json").read_text())
    (one,) = found["benchmarks"]
    assert one["options"]["timer"] == "target_clock"
    assert len(one["stats"]["data"]) == one["stats"]["rounds"] == 32
    assert one["extra_info"]["fastest_seconds"] == pytest.approx(sum(sorted(one["stats"]["data"])[:3]) / 3)


def test_what_was_timed_and_where_stands_beside_the_times(twice):
    found = json.loads((twice[0] / "second.json").read_text())
    told = found["benchmarks"][0]["extra_info"]
    assert (told["layer"], told["shape"], told["dtype"]) == ("layer_normalization", [32, 128], "float32")
    assert (told["target"], told["device"], told["threads"]) == ("reference-cpu-eager", "cpu", 1)
    assert told["versions"]["numpy"]
    assert told["fingerprint"] == found["machine_info"]["normcheck"]
    assert told["elements_per_second"] == pytest.approx(32 * 128 / told["fastest_seconds"])
    assert told["share_of_copy"] == pytest.approx(
        told["bytes"] / told["fastest_seconds"] / told["copy_bytes_per_second"]
    )
    assert {"peak_bytes", "first_call_seconds", "compile_seconds", "undisturbed"} <= set(told)


def test_a_wrong_result_is_never_timed(tmp_path):
    words = ["-m", "benchmark", "--target", ADAPTERS / "zeros.py", *ONE]
    done = run(tmp_path, *words, f"--benchmark-json={tmp_path / 'x.json'}")
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.text
    assert "LN-1: Every output is the exact answer" in done.text
    (timed,) = json.loads((tmp_path / "x.json").read_text())["benchmarks"]
    assert timed["params"]["target"] == "reference-cpu-eager"


def test_a_target_that_dies_costs_one_item(tmp_path):
    words = ["-m", "benchmark", "--target", ADAPTERS / "exits_when_timed.py", "--target", "reference", "--case", NAME]
    done = run(tmp_path, *words)
    assert "1 failed, 1 passed" in done.text
    assert "it exited with status 3" in done.text


def test_without_timing_the_calls_are_judged(tmp_path):
    done = run(tmp_path, "-m", "benchmark", *ONE, "--benchmark-disable")
    assert "1 passed" in done.text


def test_without_pytest_benchmark_one_sentence_says_what_is_missing(tmp_path):
    done = run(tmp_path, "-m", "benchmark", *ONE, "-p", "no:benchmark")
    assert done.returncode != 0
    assert NEEDED in done.text
    assert "Traceback" not in done.text
