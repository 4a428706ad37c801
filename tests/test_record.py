"""A record survives being written, cut short and written by strangers."""

from __future__ import annotations

import json
import math

import jsonschema
import pytest

from normcheck.reports import schema
from normcheck.reports.described import CaseText, ScriptText, StepText
from normcheck.reports.line import LONGEST_TEXT
from normcheck.reports.merging import merge, write
from normcheck.reports.reading import LONGEST_LINE, RecordError, read
from normcheck.reports.record import Check, Footer, Worst
from normcheck.reports.writing import RecordWriter, encoded
from normcheck.tests import records

HEADER = encoded(records.header())
CHECK = encoded(records.check())


def lines(*texts):
    return "".join(f"{text}\n" for text in texts)


@pytest.fixture
def stored(tmp_path):
    def store(content):
        path = tmp_path / "run.jsonl"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return store


def refusal(path):
    with pytest.raises(RecordError) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 600
    assert str(path) in text
    return text


def test_what_is_written_is_read_again(tmp_path):
    whole = records.full_run(per_cell=80)
    write(whole, tmp_path / "deep" / "run.jsonl")
    assert read(tmp_path / "deep" / "run.jsonl") == whole


def test_each_line_stands_on_disk_as_soon_as_it_is_appended(tmp_path):
    writer = RecordWriter(tmp_path / "run.jsonl")
    writer.append(records.header())
    writer.append(records.check())
    assert (tmp_path / "run.jsonl").read_text().count("\n") == 2
    writer.close()


def test_a_writer_closes_its_file_and_takes_no_more(tmp_path):
    with RecordWriter(tmp_path / "run.jsonl") as writer:
        writer.append(records.header())
    with pytest.raises(ValueError, match="closed"):
        writer.append(records.check())


def test_a_writer_refuses_a_folder(tmp_path):
    with pytest.raises(IsADirectoryError, match="name a file"):
        RecordWriter(tmp_path)


def test_a_line_leaves_out_what_is_at_its_default_but_never_its_kind():
    assert set(json.loads(CHECK)) == {
        "kind",
        "case",
        "layer",
        "target",
        "aspect",
        "dtype",
        "requirements",
        "outcome",
    }
    assert json.loads(HEADER)["schema_version"] == 3


def test_no_figure_is_lost_for_not_being_finite(tmp_path):
    odd = records.failure(
        headroom=math.inf,
        seconds=math.nan,
        worst=Worst(index=[0], got="nan", expected="1.0", bound="0.5", ulps=-math.inf),
    )
    write(records.record(odd), tmp_path / "run.jsonl")
    text = (tmp_path / "run.jsonl").read_text()
    json.loads(text.splitlines()[2], parse_constant=pytest.fail)
    found = read(tmp_path / "run.jsonl").checks[0]
    assert found.headroom == math.inf
    assert found.seconds is not None
    assert math.isnan(found.seconds)
    assert found.worst is not None
    assert found.worst.ulps == -math.inf


def test_bare_nan_and_infinity_of_other_writers_are_understood(stored):
    path = stored(lines(HEADER, CHECK[:-1] + ',"headroom":Infinity,"seconds":NaN}'))
    assert read(path).checks[0].headroom == math.inf


def test_an_overlong_text_is_cut_and_says_so():
    message = records.failure(message="x" * (LONGEST_TEXT + 500)).message
    assert len(message) <= LONGEST_TEXT
    assert message.endswith("more characters left out)")


def test_a_record_without_a_footer_was_cut_short(stored):
    found = read(stored(lines(HEADER, CHECK)))
    assert not found.complete
    assert "cut short" in found.shortfall
    assert len(found.checks) == 1


def test_a_footer_that_says_why_is_quoted(tmp_path):
    write(records.cut(records.record(records.check()), "stopped by Ctrl-C"), tmp_path / "run.jsonl")
    found = read(tmp_path / "run.jsonl")
    assert not found.complete
    assert found.shortfall == "stopped by Ctrl-C"


@pytest.mark.parametrize("kept", [1, 20, len(CHECK) - 1])
def test_a_last_line_cut_in_mid_write_is_left_out_and_told(stored, kept):
    found = read(stored(lines(HEADER, CHECK) + CHECK[:kept]))
    assert len(found.checks) == 1
    assert not found.complete
    assert found.problems == ("The last line (3) is cut off in mid-write and was left out.",)


def test_a_last_line_cut_inside_a_character_is_tolerated(stored):
    text = encoded(records.check(case="é" * 30)).encode()
    assert len(read(stored(lines(HEADER).encode() + text[: text.index("é".encode()) + 1])).checks) == 0


def test_checks_that_the_footer_counts_and_the_record_lacks_are_missed(stored):
    footer = encoded(Footer(finished="2026-11-20T08:01:00Z", complete=True, checks=2))
    found = read(stored(lines(HEADER, CHECK, footer)))
    assert not found.complete
    assert found.problems == ("Its footer counts 2 checks, and the record holds 1.",)


@pytest.mark.parametrize("version", [1, 2])
def test_a_record_of_an_older_schema_opens(stored, version):
    old = HEADER.replace('"schema_version":3', f'"schema_version":{version}')
    assert old != HEADER
    found = read(stored(lines(old, CHECK)))
    assert len(found.checks) == 1
    assert (found.cases, found.scripts, found.header.specs) == ((), (), {})


def test_what_was_asked_survives_being_written_and_merged(tmp_path):
    step = StepText(input="normal", shape=[2, 3], training=True)
    asked = CaseText(case="a/x", layer="a", arguments={"axis": "-1"}, steps=[step])
    script = ScriptText(case="a/x", target="torch-cpu-eager", text="import torch\n")
    whole = records.record(records.check("a/x", ulps=0.25), cases=(asked,), scripts=(script,))
    write(merge([whole, whole]), tmp_path / "run.jsonl")
    found = read(tmp_path / "run.jsonl")
    assert (found.cases, found.scripts, found.checks[0].ulps) == ((asked,), (script,), 0.25)


def test_a_newer_format_is_named_and_nothing_else_is_complained_of(stored):
    text = refusal(stored(lines('{"kind":"header","schema_version":4,"brand_new":[1]}')))
    assert "schema_version: 4 stands there" in text
    assert "newer normcheck" in text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "no whole line"),
        (b"\n  \n", "no whole line"),
        (HEADER[:40].encode(), "no whole line"),
        (b"a,b\n1,2\n", "line 1: not JSON"),
        (b"\x7fELF\x00\x01\xff\xfe\n", "line 1: not JSON"),
        (b"\x00" * 4000, "line 1: not JSON"),
        (b"[1]\n", "line 1: [1] stands there; expected an object"),
        (b"3\n", "line 1: 3 stands there; expected an object"),
        (b"{}\n", "line 1, field kind: None stands there; expected header, target"),
        (b'{"kind":"page"}\n', "field kind: 'page' stands there"),
        (b'{"kind":["header"]}\n', "field kind: ['header'] stands there"),
        (lines(CHECK).encode(), "a line of kind check stands there; expected the header"),
        (lines(HEADER, HEADER).encode(), "line 2: a second header"),
        (lines(HEADER, CHECK[:50], CHECK).encode(), "line 2: not JSON"),
        (
            lines(HEADER, CHECK.replace('"pass"', '"passed"')).encode(),
            "line 2, field outcome: 'passed' stands there",
        ),
        (
            lines(HEADER, CHECK.replace('"dtype":"float32",', "")).encode(),
            "field dtype: nothing stands there",
        ),
        (lines(HEADER, CHECK[:-1] + ',"colour":1}').encode(), "field colour: 1 stands there; no such field"),
        (lines(HEADER, CHECK[:-1] + ',"case":"' + "x" * 1001 + '"}').encode(), "at most 1000 characters"),
        (lines(HEADER, CHECK[:-1] + ',"headroom":"big"}').encode(), "field headroom: 'big' stands there"),
        (lines(HEADER, CHECK[:-1] + ',"message":"\\ud800"}').encode(), "line 2: not JSON"),
        (
            lines('{"kind":"header","schema_version":' + "9" * 400 + "}").encode(),
            "a very large number stands there",
        ),
        (lines('{"kind":"header","schema_version":' + "9" * 5000 + "}").encode(), "line 1: not JSON"),
        (lines(HEADER, CHECK[:-1] + ',"requirements":' + "[" * 900 + "]" * 900 + "}").encode(), "line 2"),
        (
            lines(HEADER, CHECK[:-1] + ',"message":"' + "x" * LONGEST_LINE + '"}').encode(),
            "line 2: longer than",
        ),
        (
            lines(HEADER, '{"kind":"footer","finished":"now","complete":true}', CHECK).encode(),
            "after the footer",
        ),
    ],
)
def test_what_is_no_record_is_refused_with_one_sentence(stored, content, expected):
    assert expected in refusal(stored(content))


def test_values_quoted_in_an_error_cannot_steer_a_terminal(stored):
    text = refusal(stored(lines(HEADER, CHECK.replace('"pass"', '"\\u001b[2J\\u202e"'))))
    assert text.isprintable()
    assert "\x1b" not in text


def test_field_names_quoted_in_an_error_cannot_steer_a_terminal(stored):
    assert refusal(stored(lines(HEADER, CHECK[:-1] + ',"\\u001b[2J":1}'))).isprintable()


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path):
    assert "cannot be read" in refusal(tmp_path / "none.jsonl")
    assert "cannot be read" in refusal(tmp_path)


def test_paths_in_a_record_are_words_and_nothing_more(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("do not show")
    write(records.record(records.failure(case=str(secret), reproduce=f"cat {secret}")), tmp_path / "run.jsonl")
    assert "do not show" not in repr(read(tmp_path / "run.jsonl"))


def test_the_committed_schema_is_that_of_the_models():
    assert schema.current()


def test_every_line_that_is_written_meets_the_committed_schema(tmp_path):
    write(records.full_run(per_cell=70), tmp_path / "run.jsonl")
    validator = jsonschema.Draft202012Validator(json.loads(schema.PATH.read_text(encoding="utf-8")))
    texts = (tmp_path / "run.jsonl").read_text().splitlines()
    assert [error.message for text in texts[::17] for error in validator.iter_errors(json.loads(text))] == []


def test_the_schema_refuses_a_line_without_a_kind():
    validator = jsonschema.Draft202012Validator(schema.schema())
    line = json.loads(CHECK)
    assert validator.is_valid(line)
    del line["kind"]
    assert not validator.is_valid(line)


def test_a_check_is_known_again_by_case_target_aspect_and_subject():
    assert isinstance(records.check(), Check)
    assert records.check(subject="gamma").key == (
        "layer_normalization/plain",
        "torch-cpu-eager",
        "output",
        "gamma",
    )
