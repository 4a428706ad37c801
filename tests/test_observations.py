"""With --observations the record says what targets did: in one process or several, in shards, and again the same."""

from __future__ import annotations

import pytest

from normcheck.reports.merging import merge
from normcheck.reports.record import Parameter
from normcheck.tests.suite_runs import ADAPTERS, record, run

EXAMPLE = "layer_normalization/documentation-example"
RELATED = "layer_normalization/layer-is-rms-of-the-centred-input"
CHOSEN = ["--target", ADAPTERS / "tells.py", "--case", "layer_normalization/ranks/*", "--case", EXAMPLE]
RELATION = ["--case", RELATED]
WARNING = "DeprecationWarning: layer at 0x… is old: see tells.py, line …"


def seen(found):
    return sorted(found.seen, key=lambda line: line.key)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("whole")
    run(place, *CHOSEN, *RELATION, "--observations")
    return record(place)


def test_every_case_that_was_asked_has_a_line_and_both_sides_of_a_comparison(whole):
    assert {line.case for line in whole.seen} == {line.case for line in whole.checks} | {f"{RELATED}/other"}
    assert len(whole.seen) == len({line.key for line in whole.seen})
    assert {line.target for line in whole.seen} == {"tells-cpu-eager"}


def test_a_line_says_what_was_there_what_came_out_and_what_was_said(whole):
    (line,) = (line for line in whole.seen if line.case == EXAMPLE)
    assert [(one.name, one.trainable, one.values) for one in line.weights] == [
        ("gamma", True, ["1"]),
        ("beta", True, ["0"]),
    ]
    assert line.arrays[0].subject == "output"
    assert len(line.arrays[0].values) == 10
    assert line.warnings == [WARNING]
    assert line.configuration == ["axis"]


def test_what_a_target_exports_stands_behind_its_line(whole):
    first, second = whole.interfaces
    assert (first.target, first.name, first.layer, second.name) == (
        "tells-cpu-eager",
        "toy.layer",
        "layer_normalization",
        "toy.dict",
    )
    assert first.parameters[0] == Parameter(name="axis", kind="positional-only")
    assert [(one.name, one.default) for one in first.parameters[1:]] == [
        ("*rest", None),
        ("epsilon", "0.001"),
        ("make", "<built-in method fromkeys of type object>"),
        ("of", "<object object>"),
        ("**options", None),
    ]
    assert second.parameters == []


def test_a_second_run_in_several_processes_says_the_same(whole, tmp_path):
    run(tmp_path, *CHOSEN, *RELATION, "--observations", "-n", "2")
    again = record(tmp_path)
    assert seen(again) == seen(whole)
    assert again.interfaces == whole.interfaces


def test_shards_say_together_what_one_run_says(whole, tmp_path):
    for number in (1, 2):
        run(tmp_path / str(number), *CHOSEN, *RELATION, "--observations", "--shard", f"{number}/2", "--workers", "2")
    merged = merge([record(tmp_path / str(number)) for number in (1, 2)])
    assert seen(merged) == seen(whole)
    assert merged.interfaces == whole.interfaces
    assert merged.problems == ()


def test_a_target_that_is_lost_is_told_and_nothing_is_told_unless_asked(tmp_path):
    fatal = ["--target", ADAPTERS / "fatal.py", "--case", "layer_normalization/ranks/*"]
    run(tmp_path / "lost", *fatal, "--observations", "--case-timeout", "5", "--memory-limit", "256")
    lost = {line.lost for line in record(tmp_path / "lost").seen}
    assert lost == {"", "crash", "timeout"}
    run(tmp_path / "silent", "--target", ADAPTERS / "tells.py", "--case", EXAMPLE, "--in-process")
    silent = record(tmp_path / "silent")
    assert (silent.seen, silent.interfaces, len(silent.targets)) == ((), (), 1)


def test_in_pytests_own_process_targets_say_the_same(whole, tmp_path):
    run(tmp_path, "--target", ADAPTERS / "tells.py", "--case", EXAMPLE, "--observations", "--in-process")
    alone = record(tmp_path)
    assert list(alone.seen) == [line for line in whole.seen if line.case == EXAMPLE]
    assert alone.interfaces == whole.interfaces
