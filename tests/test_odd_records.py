"""Of any file a command makes a page, or says in one sentence what stands where, and what was expected."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from normcheck.commands import main
from normcheck.tests import odd_records, records


@pytest.fixture
def page(tmp_path):
    return tmp_path / "page.html"


def run(*words):
    return CliRunner().invoke(main, [*map(str, words)])


def stored(tmp_path, text, name="run.jsonl"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "words", [("report",), ("merge",), ("judged",), ("explain", "a/b"), ("compare",)], ids="-".join
)
@pytest.mark.parametrize("kind", odd_records.NONE)
def test_what_is_no_record_gives_one_sentence_and_no_file(tmp_path, page, kind, words):
    text, said = odd_records.NONE[kind]
    path = stored(tmp_path, text)
    done = run(*words, path, *(("-o", page) if words[0] in ("report", "merge", "compare") else ()))
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: {path}{said}" if said.startswith(",") else f"Error: {path} {said}")
    assert done.stderr.count("\n") == 1
    assert not page.exists()


def test_a_record_cut_in_mid_write_has_a_page_that_says_so(tmp_path, page):
    done = run("report", stored(tmp_path, odd_records.cut_in_mid_write()), "-o", page)
    assert done.exit_code == 0
    assert "The record is not complete: the run was cut short, and the record has no footer." in done.output
    text = page.read_text(encoding="utf-8")
    assert "The last line (61) is cut off in mid-write and was left out." in text
    assert "never: cut short" in text


@pytest.mark.parametrize("kept", [1, 2, 40])
def test_a_record_cut_after_any_line_has_a_page(tmp_path, page, kept):
    lines = odd_records.text_of(records.full_run(per_cell=8)).splitlines(keepends=True)
    assert run("report", stored(tmp_path, "".join(lines[:kept])), "-o", page).exit_code == 0
    assert "cut short" in page.read_text(encoding="utf-8")


def test_a_run_whose_target_was_killed_says_which_case_did_it(tmp_path, page):
    done = run("report", stored(tmp_path, odd_records.text_of(odd_records.killed())), "-o", page)
    assert done.exit_code == 0
    for sentence in ("1 check crashed its target", "1 check ran out of time"):
        assert sentence in done.output
    assert "signal 11" in page.read_text(encoding="utf-8")


def test_shards_are_merged_and_one_alone_says_what_is_missing(tmp_path, page):
    one, two = (
        stored(tmp_path, odd_records.text_of(part), f"{n}.jsonl") for n, part in enumerate(odd_records.shards())
    )
    done = run("report", one, two, "-o", page)
    assert "not complete" not in done.output
    assert "part-1" in run("explain", "layer_normalization/part-1", one, two).output
    alone = run("report", two, "-o", page)
    assert alone.exit_code == 0
    assert "The record is not complete" in alone.output
    assert "of 2 shards of one run there is no 1." in alone.output


@pytest.mark.parametrize("old", [odd_records.SCHEMA_1, odd_records.SCHEMA_2], ids=["first", "second"])
def test_a_record_of_an_older_schema_is_read_whole(tmp_path, page, old):
    path = stored(tmp_path, old)
    assert run("report", path, "-o", page, "--json", tmp_path / "all.json").exit_code == 0
    text = page.read_text(encoding="utf-8")
    for expected in ("an-old-run", "torch 2.9.0", "layer_normalization/wide", "One element is off.", "torch-1"):
        assert expected in text
    assert [check["case"] for check in json.loads((tmp_path / "all.json").read_text())["checks"]] == [
        "layer_normalization/plain",
        "layer_normalization/wide",
    ]


def test_a_record_of_the_first_schema_merges_and_compares_with_a_new_one(tmp_path, page):
    old = stored(tmp_path, odd_records.SCHEMA_1, "old.jsonl")
    check = records.check("layer_normalization/wide", headroom=0.5, grade="A", fingerprint="0c")
    new = stored(tmp_path, odd_records.text_of(records.record(check)), "new.jsonl")
    assert run("merge", old, new, "-o", tmp_path / "both.jsonl").exit_code in (0, 1)
    assert run("report", tmp_path / "both.jsonl", "-o", page).exit_code == 0
    done = run("compare", old, new)
    assert done.exit_code == 0
    assert "Fixed (1)" in done.output


def test_a_record_with_nothing_but_a_header_has_a_page(tmp_path, page):
    assert run("report", stored(tmp_path, f"{odd_records.HEADER}\n"), "-o", page).exit_code == 0
    assert "Nothing was judged" in page.read_text(encoding="utf-8")


def test_lines_that_end_as_on_windows_are_lines(tmp_path, page):
    text = odd_records.text_of(odd_records.killed()).replace("\n", "\r\n")
    assert run("report", stored(tmp_path, text), "-o", page).exit_code == 0
    assert "not complete" not in page.read_text(encoding="utf-8")
