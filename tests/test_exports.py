"""What a record says, in the forms that other programs read."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from normcheck.commands import main
from normcheck.reports.described import CaseText, StepText
from normcheck.reports.exports.badge import shields, svg
from normcheck.reports.exports.explaining import cases_like, explained
from normcheck.reports.exports.junit import junit
from normcheck.reports.exports.markdown import markdown
from normcheck.reports.exports.tables import as_csv, as_json
from normcheck.reports.record import KnownText, LedgerNote
from normcheck.reports.writing import RecordWriter
from normcheck.tests import records

EVIL = '=1+1 <script>alert(1)</script> & "quoted" \x00\x1b'


@pytest.fixture(scope="module")
def whole():
    return records.full_run(per_cell=60)


@pytest.fixture(scope="module")
def evil():
    names = (
        "case",
        "layer",
        "target",
        "aspect",
        "subject",
        "dtype",
        "symptom",
        "message",
        "cause",
        "reproduce",
        "known",
    )
    outcomes = ("pass", "fail", "error", "crash", "timeout", "unsupported", "known")
    return records.record(
        *(records.failure(outcome=outcome).model_copy(update=dict.fromkeys(names, EVIL)) for outcome in outcomes)
    )


def test_csv_has_a_row_for_each_check_and_no_formula(whole, evil):
    rows = list(csv.DictReader(io.StringIO(as_csv(whole))))
    assert [row["case"] for row in rows] == [check.case for check in whole.checks]
    assert {row["outcome"] for row in rows} == {check.outcome for check in whole.checks}
    for row in csv.DictReader(io.StringIO(as_csv(evil))):
        assert row["case"].startswith("'=1+1")
        assert "\x1b" not in row["message"]


def test_json_has_every_check_and_figures_that_are_not_finite_as_text(whole):
    found = json.loads(as_json(whole))
    assert len(found["checks"]) == len(whole.checks)
    assert sum(sum(row.values()) for row in found["counts"].values()) == len(whole.checks)
    odd = json.loads(as_json(records.record(records.failure(headroom=math.inf))))
    assert odd["checks"][0]["headroom"] == "Infinity"


def test_junit_counts_what_it_holds(whole, evil):
    for record in (whole, evil):
        root = ElementTree.fromstring(junit(record))
        assert len(root.findall(".//testcase")) == len(record.checks) == int(root.get("tests"))
        assert len(root.findall(".//failure")) == int(root.get("failures"))
        assert len(root.findall(".//error")) == int(root.get("errors"))
        assert len(root.findall(".//skipped")) == int(root.get("skipped"))
    assert len(root.findall(".//error")) == 3
    assert "<script>" in root.find(".//failure").text


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ([records.check(headroom=0.5)], "1 checks pass"),
        ([records.check(), records.failure("a/y", outcome="known", known="K-1")], "1 known of 2"),
        ([records.failure(), records.failure("a/y", outcome="crash"), records.check("a/z")], "2 failing"),
        ([], "not conforming"),
    ],
)
def test_a_badge_says_the_verdict(checks, said):
    record = records.record(*checks)
    assert said in ElementTree.fromstring(svg(record)).get("aria-label")
    assert json.loads(shields(record)) | {"message": said, "schemaVersion": 1} == json.loads(shields(record))


def test_markdown_shows_texts_as_they_are_and_is_never_too_long(whole, evil):
    assert "# normcheck: not conforming" in markdown(whole)
    assert "<script>" not in re.sub("`[^`]*`", "", markdown(evil))
    many = records.record(*(records.failure(f"a/{n}", symptom=f"symptom {n}", message="x" * 900) for n in range(4000)))
    assert len(markdown(many).encode()) <= 1024 * 1000
    wide = "\U0001d54f" * 900
    targets = [records.failure(target=f"{n}{wide}", layer=f"{n}{wide}", symptom=f"{n}{wide}") for n in range(900)]
    notes = tuple(LedgerNote(entry=wide, problem=wide * 10) for _ in range(100))
    assert 500_000 < len(markdown(records.record(*targets, ledger_notes=notes)).encode()) <= 1024 * 1000
    short = markdown(many, longest=5000)
    assert len(short.encode()) <= 5000
    assert "are left out: the page has them" in short


def test_a_case_is_explained_with_its_evidence():
    bad = records.failure("a/x", worst=records.worst(), cause="The variance is unbiased.", headroom=7.0, grade="F")
    known = records.failure("a/x", outcome="known", known="K-1", aspect="gradient")
    plain = records.record(records.check("a/x", aspect="state"), known, bad)
    header = plain.header.model_copy(update={"ledger": {"K-1": KnownText(reason="Kept in float16.")}})
    text = explained(replace(plain, header=header), "a/x")
    for words in (
        "LN-1 (must): Each example",
        "The variance is unbiased.",
        "[3, 6]",
        "671,090",
        "K-1: Kept in float16.",
    ):
        assert words in text
    assert text.index("fail: output") < text.index("known: gradient")
    assert "What was asked" not in text
    assert explained(plain, "a/x", target="keras") == ""
    assert cases_like(plain, "X") == ["a/x"]


def stored(path, record):
    with RecordWriter(path) as writer:
        for line in (record.header, *record.targets, *record.checks, record.footer):
            writer.append(line)
    return path


def test_the_command_writes_what_it_is_asked_for(tmp_path, whole):
    path = stored(tmp_path / "one.jsonl", whole)
    names = {"--csv": "a.csv", "--json": "a.json", "--junit": "a.xml", "--markdown": "a.md", "--badge": "a.svg"}
    words = [str(word) for option, name in names.items() for word in (option, tmp_path / "deep" / name)]
    done = CliRunner().invoke(main, ["report", str(path), "-o", str(tmp_path / "page.html"), *words])
    assert done.exit_code == 0, done.output
    assert {one.name for one in (tmp_path / "deep").iterdir()} == set(names.values())


def test_a_case_is_explained_with_what_was_asked():
    case = CaseText(
        case="a/x",
        layer="layer_normalization",
        arguments={"epsilon": "0.001"},
        steps=[StepText(input="normal", shape=[4, 8], training=True)],
    )
    text = explained(replace(records.record(records.failure("a/x")), cases=(case,)), "a/x")
    asked = ["epsilon = 0.001", "call: input normal, shape [4, 8], training=True", "weights: drawn"]
    assert "\n".join(["What was asked of layer_normalization:", *(f"  {line}" for line in asked)]) in text


def test_the_command_explains_a_case_or_names_those_like_it(tmp_path):
    path = stored(tmp_path / "one.jsonl", records.record(records.failure("layer_normalization/plain")))
    done = CliRunner().invoke(main, ["explain", "layer_normalization/plain", str(path)])
    assert done.exit_code == 0
    assert "off by 1 %" in done.output
    unknown = CliRunner().invoke(main, ["explain", "plain", str(path)])
    assert unknown.exit_code == 2
    assert "Did you mean layer_normalization/plain?" in unknown.output
