"""The table of what was judged: targets by layers, and the known deviations of each."""

from __future__ import annotations

from click.testing import CliRunner

from normcheck.commands import main
from normcheck.reports.judged import table
from normcheck.reports.reading import Record
from normcheck.reports.writing import RecordWriter
from normcheck.tests.records import LAYERS, check, header, target

BOTH = header(layers=LAYERS)
TARGETS = (target(), target("keras-cpu-eager"))


def cells(*checks):
    """The cells of each target's row, and the lines below the table."""
    lines = table(Record(BOTH, TARGETS, checks)).splitlines()
    rows = [line.split() for line in lines[1 : 1 + len(TARGETS)]]
    return {name: figures for name, *figures in rows}, lines[2 + len(TARGETS) :]


def test_an_aspect_is_counted_once_for_a_layer_and_only_where_it_was_judged():
    figures, _ = cells(
        check(case="layer_normalization/a"),
        check(case="layer_normalization/b"),
        check(case="layer_normalization/b", aspect="gradient", outcome="fail"),
        check(case="layer_normalization/b", aspect="state", outcome="unsupported"),
        check(case="layer_normalization/b", aspect="dtype", outcome="error"),
    )
    assert figures["torch-cpu-eager"] == ["2", "3", "-", "2", "1"]
    assert figures["keras-cpu-eager"] == ["-"] * 5


def test_every_layer_that_was_asked_has_a_column_in_the_order_of_the_header():
    first = table(Record(BOTH, TARGETS, (check(layer="rms_normalization"), check()))).splitlines()[0]
    assert first.split()[:3] == ["target", "layer", "rms"]


def test_entries_of_the_ledger_are_listed_by_target_with_their_checks():
    known = {"outcome": "known", "known": "an-entry"}
    figures, below = cells(
        check(case="a", **known), check(case="b", **known), check(case="c", outcome="known", known="z")
    )
    assert below == [
        "torch-cpu-eager: 2 entries of the ledger",
        "        2  an-entry",
        "        1  z",
        "keras-cpu-eager: 0 entries of the ledger",
    ]
    assert figures["torch-cpu-eager"] == ["1", "3", "3", "-", "-"]


def test_the_command_prints_the_table_of_records(tmp_path):
    path = tmp_path / "r.jsonl"
    writer = RecordWriter(path)
    for line in (BOTH, *TARGETS, check()):
        writer.append(line)
    writer.close()
    done = CliRunner().invoke(main, ["judged", str(path)])
    assert done.exit_code == 0, done.output
    assert "torch-cpu-eager" in done.output
    assert CliRunner().invoke(main, ["judged", str(tmp_path / "none.jsonl")]).exit_code == 2
