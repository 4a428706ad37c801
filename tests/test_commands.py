"""The commands that work on records and specs, through the command line's own door."""

from __future__ import annotations

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from normcheck.commands import main
from normcheck.reports import schema as record_schema
from normcheck.reports.merging import write
from normcheck.reports.reading import read
from normcheck.specs import reader
from normcheck.specs import schema as spec_schema
from normcheck.tests import records


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def stopped(result):
    """The one sentence of a command that could not do what it was asked."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    return line


@pytest.fixture
def stored(tmp_path):
    def store(name, *checks):
        path = tmp_path / f"{name}.jsonl"
        write(records.record(*checks, header=records.header(run=name)), path)
        return path

    return store


def test_report_writes_the_page_and_prints_path_and_summary(stored, tmp_path):
    result = run("report", stored("one", records.check(), records.failure("a/y")), "-o", tmp_path / "page.html")
    assert result.exit_code == 0
    assert "1 check fails, and no ledger entry explains it." in result.stdout
    assert result.stdout.rstrip().endswith("page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_report_merges_several_records(stored, tmp_path):
    paths = stored("one", records.check()), stored("two", records.check("a/y"))
    assert run("report", *paths, "-o", tmp_path / "page.html").exit_code == 0
    assert "merged-" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_merge_writes_one_record_and_reports_what_differs(stored, tmp_path):
    paths = stored("one", records.check(grade="A")), stored("two", records.check(grade="B"))
    result = run("merge", *paths, "-o", tmp_path / "merged.jsonl")
    assert result.exit_code == 0
    assert "was found 2 times, not alike" in result.stdout
    assert len(read(tmp_path / "merged.jsonl").checks) == 2


def test_ledger_prints_a_draft_or_writes_it(stored, tmp_path):
    path = stored("one", records.failure())
    printed = run("ledger", path)
    assert len(yaml.safe_load(printed.stdout)["entries"]) == 1
    assert run("ledger", path, "-o", tmp_path / "draft.yaml").exit_code == 0
    assert (tmp_path / "draft.yaml").read_text(encoding="utf-8") == printed.stdout


@pytest.mark.parametrize("name", ["report", "merge", "ledger"])
def test_what_is_no_record_is_one_sentence_and_status_2(name, tmp_path):
    (tmp_path / "bad.jsonl").write_text("not a record\n")
    output = tmp_path / "out"
    assert "bad.jsonl, line 1: not JSON" in stopped(run(name, tmp_path / "bad.jsonl", "-o", output))
    assert "cannot be read" in stopped(run(name, tmp_path / "none.jsonl", "-o", output))
    assert not output.exists()


@pytest.mark.parametrize("name", ["report", "merge", "ledger"])
def test_no_record_is_overwritten_by_what_is_made_from_it(name, stored):
    path = stored("one", records.check())
    before = path.read_bytes()
    assert "one of the records" in stopped(run(name, path, "-o", path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["report", "merge", "ledger"])
def test_an_output_that_cannot_be_written_is_one_sentence_and_status_2(name, stored, tmp_path):
    path = stored("one", records.check())
    assert "is a folder" in stopped(run(name, path, "-o", tmp_path))
    assert "cannot be written" in stopped(run(name, path, "-o", path / "below-a-file"))


@pytest.mark.parametrize("name", ["report", "merge", "ledger"])
def test_a_record_must_be_named(name):
    assert run(name).exit_code == 2


def test_schema_check_finds_the_committed_schemas_current():
    result = run("schema", "--check")
    assert result.exit_code == 0, result.stderr
    assert "up to date" in result.stdout


def test_schema_writes_what_is_out_of_date_and_check_only_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(record_schema, "PATH", tmp_path / "record.schema.json")
    monkeypatch.setattr(spec_schema, "FOLDER", tmp_path)
    assert run("schema", "--check").exit_code == 1
    assert list(tmp_path.iterdir()) == []
    assert run("schema").exit_code == 0
    assert len(list(tmp_path.iterdir())) == 1 + len(spec_schema.MODELS)
    assert run("schema", "--check").exit_code == 0
    jsonschema.Draft202012Validator.check_schema(record_schema.schema())


def test_lint_names_the_place_of_what_is_wrong(tmp_path):
    bad = tmp_path / "layer.yaml"
    bad.write_text("layer: Layer Normalization\n")
    missing = tmp_path / "none.yaml"
    unknown = tmp_path / "other.yaml"
    unknown.write_text("a: 1\n")
    result = run("lint", bad, missing, unknown)
    assert result.exit_code == 1
    assert [line.split(":")[0].rpartition("/")[2] for line in result.stderr.splitlines()] == [
        "layer.yaml",
        "none.yaml",
        "other.yaml",
    ]


def test_lint_counts_what_is_sound():
    paths = sorted((reader.PACKAGED / "claims").glob("*.yaml"))
    result = run("lint", *paths)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{len(paths)} specs are sound\n"


def test_lint_of_all_specs_finds_them_sound():
    result = run("lint")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith("specs are sound\n")
