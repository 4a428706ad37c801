"""`normcheck new-adapter` writes a file that runs as it is, and never writes over one."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from normcheck.adapters.loading import load
from normcheck.commands import main
from normcheck.commands.starting_files import FILES, NEEDS, starting_file
from normcheck.tests.suite_runs import record, run


def new(*words):
    return CliRunner().invoke(main, ["new-adapter", *map(str, words)])


def test_the_file_for_a_function_runs_as_it_is(tmp_path):
    file = tmp_path / "mine.py"
    done = new("--kind", "numpy", file)
    assert done.exit_code == 0
    assert f"--target {file}" in done.stdout
    asked = ["--case", "layer_normalization/ranks/*", "--case", "layer_normalization/documentation-*"]
    ran = run(tmp_path, "--target", file, *asked)
    assert ran.returncode == 0, ran.text
    assert "pass" in {check.outcome for check in record(tmp_path).checks}


def test_a_file_that_is_there_is_kept(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("kept")
    done = new("--kind", "numpy", file)
    assert done.exit_code == 2
    assert "is there already" in done.stderr
    assert file.read_text() == "kept"


@pytest.mark.parametrize(("file", "said"), [("mine.txt", "no Python file"), ("nowhere/mine.py", "cannot be written")])
def test_a_file_that_cannot_be_is_refused(tmp_path, file, said):
    done = new(tmp_path / file)
    assert done.exit_code == 2
    assert said in done.stderr


def test_without_a_kind_the_file_is_for_what_is_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert new().exit_code == 0
    assert (tmp_path / "my_layers.py").read_text() in [starting_file(kind) for kind in NEEDS]


@pytest.mark.parametrize("kind", FILES)
def test_a_file_compiles_and_says_where_ones_own_goes(kind):
    text = starting_file(kind)
    compile(text, "mine.py", "exec")
    assert "put your own" in text
    assert max(map(len, text.splitlines())) <= 120


def test_the_file_for_a_function_has_an_adapter_of_ten_lines_at_most(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(starting_file("numpy"))
    assert load(str(file)).name == "mine"
    lines = file.read_text().partition("class Adapter")[2].splitlines()
    assert len([line for line in lines if not line.strip().startswith("#")]) <= 10
