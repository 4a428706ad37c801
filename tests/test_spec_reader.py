"""How spec files are read: the YAML that is understood, places of errors, digests, and hostile files."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from normcheck.specs import source
from normcheck.specs.reader import PACKAGED, SpecError, read_all, read_claims, read_layer, read_model
from normcheck.specs.source import parse

GOOD = (Path(__file__).parent / "good_spec.yaml").read_text()


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def loader(request, monkeypatch):
    monkeypatch.setattr(source, "LOADER", getattr(yaml, request.param))


def value(text: str) -> object:
    return parse(f"x: {text}".encode(), "spec.yaml").data["x"]


def refusal(content: str | bytes) -> str:
    with pytest.raises(SpecError) as caught:
        parse(content if isinstance(content, bytes) else content.encode(), "spec.yaml")
    return str(caught.value)


@pytest.mark.parametrize("text", ["1e-3", "1.0e-3", ".001", "0.001", "+1E-3"])
def test_numbers_with_an_exponent_are_floats(text):
    assert value(text) == 0.001


@pytest.mark.parametrize(
    "text", ["yes", "no", "on", "off", "y", "tRUE", "2026-01-01", "12:30:45", "010", "0x1F", "1_000"]
)
def test_what_yaml_once_converted_is_text(text):
    assert value(text) == text


@pytest.mark.parametrize("text", ["'1'", '"true"', "'null'", '"1e-3"'])
def test_quoted_text_stays_text(text):
    assert value(text) == text[1:-1]


def test_constants_are_understood():
    assert [value(text) for text in ("true", "False", "null", "~", "", "-7")] == [
        True,
        False,
        None,
        None,
        None,
        -7,
    ]
    assert value(".inf") == math.inf
    assert value("-.inf") == -math.inf
    assert math.isnan(value(".nan"))


def test_a_byte_order_mark_is_skipped():
    assert parse("\ufeffx: 1".encode(), "spec.yaml").data == {"x": 1}


def test_every_value_has_a_place():
    read = parse(b"a:\n  - b: 1\n    c: [2, 3]\n", "spec.yaml")
    assert read.values["a", 0, "c", 1] == (3, 12)
    assert read.keys["a", 0, "c"] == (3, 5)
    assert read.values["a",] == (1, 1)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "1:1: the file is empty"),
        (b"# nothing\n", "1:1: the file is empty"),
        (b"a: 1\nb: \xff\n", "2:4: the file is not UTF-8 from here on; save it as UTF-8"),
        (b"a: 1\nb: \x1b[31m\n", "2:4: the control character '\\x1b' is not allowed; remove it"),
        (b"a: " + b"x" * 2**20, "1:1: the file is larger than 1048576 bytes; split it"),
        (b"[" * 100_000, "1:42: nested more than 40 levels deep"),
        (b"a: 12345678901234567890", "1:4: a whole number has at most 18 digits"),
        (b"a: -1e999", "1:4: '-1e999' is beyond the range of float64; write .inf for infinity"),
        (b"a: 1\n---\nb: 2\n", "2:1: a second document begins here; give one document to a file"),
        (b"a: {b: 1, b: 2}", "1:11: the key 'b' is given twice, first in line 1"),
        (b"true: 1", "1:1: a key must be a string; put true in quotes"),
        (b"a: !b 1", "1:4: tags (here '!b') are not allowed; write plain data"),
        (b"a: &x 1\nb: *x\n", "1:4: anchors (&) are not allowed; write the value out where it is used"),
        (b"<<: {a: 1}", "1:1: merge keys (<<) are not allowed; write the values out"),
    ],
)  # fmt: skip
def test_other_files_are_refused_with_a_place(content, expected):
    assert refusal(content) == f"spec.yaml:{expected}"


@pytest.mark.parametrize("content", ["a: [1", "a: b: c", "a:\n\t- 1", "'", "- a\nb: 1", "%YAML 9.9", "a: @"])
def test_what_is_not_yaml_is_one_sentence_with_a_place(content):
    message = refusal(content)
    assert message.startswith("spec.yaml:")
    assert ": this is not YAML: " in message
    assert "\n" not in message


def test_an_alias_bomb_is_refused_before_it_grows():
    bomb = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    assert "anchors (&) are not allowed" in refusal(bomb)


@pytest.mark.parametrize("read", [read_layer, read_model, read_claims])
@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch was-run']",
        "!!python/object/apply:pathlib.Path.touch [was-run]",
        "!!python/object/new:os.system ['touch was-run']",
    ],
)
def test_a_python_tag_runs_nothing(read, tag, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(f"title: {tag}\n")
    with pytest.raises(SpecError, match=r"^spec.yaml:1:8: tags .* are not allowed; write plain data$"):
        read(Path("spec.yaml"))
    assert [path.name for path in tmp_path.iterdir()] == ["spec.yaml"]


def test_a_missing_file_and_a_folder_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path, words in ((Path("absent.yaml"), "there is no such file"), (Path(), "this is a folder; name a file")):
        with pytest.raises(SpecError, match=words):
            read_layer(path)


def test_a_message_never_breaks_the_line_and_stays_short(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(GOOD.replace("title: Layer normalization", f'"{"long" * 500}\\n\\e[31m": 1'))
    with pytest.raises(SpecError) as caught:
        read_layer(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < len(str(path)) + 400


def test_whole_numbers_are_accepted_where_real_ones_are_asked(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(GOOD.replace("initial: gamma_initializer", "initial: 1"))
    assert read_layer(path).weights["gamma"].initial == 1.0


def test_the_digest_follows_names_and_contents_but_not_line_ends(tmp_path):
    layers = tmp_path / "layers"
    layers.mkdir()
    one = layers / "one.yaml"
    one.write_bytes(GOOD.encode())
    digest = read_all(tmp_path).digest
    one.write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert read_all(tmp_path).digest == digest
    one.write_bytes(GOOD.encode() + b"# a remark\n")
    changed = read_all(tmp_path).digest
    one.write_bytes(GOOD.encode())
    renamed = one.rename(layers / "two.yaml")
    assert renamed.exists()
    assert len({digest, changed, read_all(tmp_path).digest}) == 3


def test_a_folder_without_layers_is_refused(tmp_path):
    with pytest.raises(SpecError, match="there is no file layers/"):
        read_all(tmp_path)


def test_the_packaged_specs_are_read_once():
    specs = read_all()
    assert specs.layers
    assert specs is read_all(PACKAGED)
