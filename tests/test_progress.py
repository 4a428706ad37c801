"""The line of progress: when it comes, and what it says."""

from __future__ import annotations

import pytest

from normcheck.cases.runs.progress import Progress, duration
from normcheck.tests.suite_runs import ADAPTERS, run


class Clock:
    """A clock that goes on when it is told to."""

    now = 100.0

    def __call__(self):
        return self.now


def lines(progress, clock, items, seconds, checks=10):
    """What is said after each of so many items, each of which takes so long."""
    said = []
    for _ in range(items):
        clock.now += seconds
        said.append(progress.after(checks))
    return said


def test_a_line_says_the_share_the_rate_and_the_time_left():
    clock = Clock()
    said = lines(Progress(2000, 12.5, clock=clock), clock, 500, 0.125)
    assert [line for line in said if line][-1] == "25 % · 500 of 2,000 items · 80 checks/s · 3 min 08 s left"


def test_lines_come_no_more_often_than_the_seconds_say():
    clock = Clock()
    said = lines(Progress(1000, 10.0, clock=clock), clock, 400, 0.5)
    assert sum(map(bool, said)) == 20
    assert [bool(line) for line in said[18:21]] == [False, True, False]


def test_a_log_gets_a_line_for_each_tenth_however_slow_the_run_is():
    clock = Clock()
    said = lines(Progress(100, 10.0, share=0.1, clock=clock), clock, 99, 60.0)
    assert [index + 1 for index, line in enumerate(said) if line] == [10, 20, 30, 40, 50, 60, 70, 80, 90]


def test_a_short_run_says_nothing_and_neither_does_the_last_item():
    clock = Clock()
    assert not any(lines(Progress(90, 10.0, clock=clock), clock, 90, 0.1))
    assert lines(Progress(1, 10.0, clock=clock), clock, 1, 60.0) == [""]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.4, "59 min 59 s"),
        (3725, "1 h 02 min"),
    ],
)
def test_a_duration_is_told_in_the_words_of_a_clock(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize("words", [[], ["-v"], ["-n", "1"]])
def test_a_run_shows_its_progress_between_pytests_own_lines(words, tmp_path):
    target = ["--target", ADAPTERS / "zeros.py", "--case", "layer_normalization/ranks/*", "--case", "models/*"]
    done = run(tmp_path, *target, "-p", "eager_progress", *words)
    told = [line for line in done.text.splitlines() if "checks/s" in line]
    assert told
    assert all(line.split(" % · ")[0].isdigit() and line.endswith(" left") for line in told)


def test_a_run_told_to_be_silent_shows_none(tmp_path):
    target = ["--target", ADAPTERS / "zeros.py", "--case", "layer_normalization/ranks/*"]
    assert "checks/s" not in run(tmp_path, *target, "-p", "eager_progress", "-q").text
