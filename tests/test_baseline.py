"""A baseline is a small file to commit; a run beside it fails where an upgrade changed anything."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from normcheck.commands import main
from normcheck.reports.comparing.baseline import BaselineError, baseline_text, read_baseline
from normcheck.reports.comparing.compare import compare
from normcheck.reports.comparing.condensing import beside, condensed
from normcheck.reports.merging import write
from normcheck.tests import suite_runs
from normcheck.tests.comparisons import NEW, OLD, array, error, interface, judged, seen, version, weight
from normcheck.tests.test_comparing import CUT, NEAR, RIGHT, wrong

CASES = ("--case", "layer_normalization/default-epsilon", "--case", "layer_normalization/ten-features")
MINE = """
from normcheck.adapters.reference import ReferenceAdapter


class Adapter(ReferenceAdapter):
    name = "mine"
"""
NUDGED = """
import numpy as np

from normcheck.tests.mutants.mutant import STATISTICAL, mutant, on_output

nudged = on_output(lambda y: np.nextafter(y, y.dtype.type(0)))
Adapter = mutant("mine", "The last bit differs.", STATISTICAL, forward=nudged)
"""


def stored(folder, *facts):
    path = folder / "baseline.json"
    path.write_text(baseline_text(version(OLD, *facts)), encoding="utf-8")
    return path


def kinds(folder, before, after):
    """The classes of what differs from the baseline of `before`."""
    return [one.kind for one in compare(*beside(read_baseline(stored(folder, *before)), version(NEW, *after))).entries]


WHOLE = (
    judged(RIGHT),
    judged(RIGHT, aspect="gradient", subject="input"),
    wrong(CUT, aspect="gradient", subject="gamma", headroom=float("inf")),
    seen(
        arrays=[RIGHT, CUT, array(list(range(200)), "weight count", dtype="int64")],
        weights=[weight("gamma")],
        errors=[error()],
        warnings=["UserWarning: slow"],
        configuration=["axis"],
        parameters=(4, 0),
        unsupported={"adapt": "no such thing"},
    ),
    interface(axis=-1),
)


def test_a_baseline_holds_what_the_condensed_record_does(tmp_path):
    found, meant = read_baseline(stored(tmp_path, *WHOLE)), condensed(version(OLD, *WHOLE))
    assert sorted(found.checks, key=lambda one: one.key) == sorted(meant.checks, key=lambda one: one.key)
    assert (found.seen, found.interfaces, found.targets) == (meant.seen, meant.interfaces, meant.targets)
    assert baseline_text(version(OLD, *WHOLE)) == baseline_text(version(OLD, *WHOLE))


def test_a_version_beside_its_own_baseline_shows_no_difference(tmp_path):
    assert kinds(tmp_path, WHOLE, WHOLE) == []


@pytest.mark.parametrize(
    ("before", "after", "meant"),
    [
        ([judged(RIGHT), seen(arrays=[RIGHT])], [wrong(CUT), seen(arrays=[CUT])], ["broken"]),
        ([wrong(CUT), seen(arrays=[CUT])], [judged(RIGHT), seen(arrays=[RIGHT])], ["fixed"]),
        ([judged(RIGHT), seen(arrays=[RIGHT])], [judged(NEAR), seen(arrays=[NEAR])], ["bits"]),
        ([judged(RIGHT, headroom=0.02)], [judged(NEAR, headroom=0.9)], ["accuracy-lost"]),
        ([seen(arrays=[RIGHT])], [seen(arrays=[CUT])], ["silently-different"]),
        ([seen(arrays=[RIGHT])], [seen(arrays=[NEAR])], ["bits"]),
        ([seen(weights=[weight("gamma")])], [seen(weights=[weight("scale")])], ["interface"]),
        ([interface(axis=-1)], [interface(axis=1)], ["interface"]),
        ([seen(arrays=[RIGHT])], [seen(errors=[error()])], ["broken"]),
        ([judged(RIGHT)], [judged(RIGHT), judged(RIGHT, "layer_normalization/more")], ["added"]),
    ],
)
def test_what_a_baseline_tells(tmp_path, before, after, meant):
    assert kinds(tmp_path, before, after) == meant


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"normcheck_baseline": 2}', "\x00"])
def test_what_is_no_baseline_is_refused_with_a_sentence(tmp_path, text):
    path = tmp_path / "file.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BaselineError, match="is no baseline of this version"):
        read_baseline(path)
    with pytest.raises(BaselineError, match="cannot be read"):
        read_baseline(tmp_path / "absent.json")


def test_the_command_writes_a_baseline_and_says_its_size(tmp_path):
    record = tmp_path / "record.jsonl"
    write(version(OLD, *WHOLE), record)
    done = CliRunner().invoke(main, ["baseline", str(record), "-o", str(tmp_path / "b.json")])
    assert done.exit_code == 0
    assert "kB, keras 3.8.0 · cpu · eager" in done.stdout
    assert read_baseline(tmp_path / "b.json").targets[0].versions["keras"] == OLD


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """The baseline of an adapter called `mine`, which is the reference."""
    folder = tmp_path_factory.mktemp("baseline")
    mine = folder / "mine.py"
    mine.write_text(MINE, encoding="utf-8")
    done = suite_runs.run(folder, "--target", mine, "--observations", *CASES)
    assert done.returncode == 0, done.text
    path = folder / "baseline.json"
    path.write_text(baseline_text(suite_runs.record(folder)), encoding="utf-8")
    return path


def test_a_run_beside_its_own_baseline_passes_and_says_so(committed, tmp_path):
    done = suite_runs.run(tmp_path, "--target", committed.parent / "mine.py", "--baseline", committed, *CASES)
    assert done.returncode == 0, done.text
    assert "No difference." in done.text


@pytest.mark.parametrize(("classes", "status"), [("", 0), ("bits", 1)])
def test_a_run_fails_where_an_upgrade_changed_a_class_that_is_to_fail(committed, tmp_path, classes, status):
    mine = tmp_path / "mine.py"
    mine.write_text(NUDGED, encoding="utf-8")
    chosen = ["--baseline-fail-on", classes] if classes else []
    done = suite_runs.run(tmp_path, "--target", mine, "--baseline", committed, *chosen, *CASES)
    assert done.returncode == status, done.text
    assert "beside the baseline" in done.text
    assert "Different bits, within rounding (1)" in done.text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--baseline", "absent.json"], "absent.json cannot be read"),
        (["--baseline-fail-on", "broken"], "--baseline-fail-on: give --baseline FILE, too."),
    ],
)
def test_a_baseline_that_is_not_there_is_told_before_the_run(tmp_path, words, sentence):
    done = suite_runs.run(tmp_path, "--target", "reference", *words, *CASES)
    assert done.returncode == 4
    assert sentence in done.text
