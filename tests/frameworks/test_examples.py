"""The worked examples have adapters of ten lines at most, and give the reports that stand beside them."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from normcheck.commands.starting_files import starting_file
from normcheck.reports.reading import read

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
summary = runpy.run_path(str(EXAMPLES / "summaries.py"))["summary"]


def judged(folder, file, *words):
    """The record of a run, and pytest's output."""
    record = folder / "record.jsonl"
    options = ["-q", "-p", "no:cacheprovider", "--target", str(file), "--record", str(record), *words]
    command = [sys.executable, "-m", "pytest", str(ROOT / "cases"), *options]
    return record, subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("torch_layer", "layer_normalization"),
        ("torch_custom_op", "rms_normalization"),
        ("keras_layer", "layer_normalization"),
        ("numpy_function", "layer_normalization"),
    ],
)
def test_an_example_gives_the_report_beside_it(tmp_path, name, layer):
    record, output = judged(tmp_path, EXAMPLES / f"{name}.py", "--layer", layer)
    assert summary(record) == (EXAMPLES / f"{name}.txt").read_text(encoding="utf-8"), output[-3000:]


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*_*.py")), ids=lambda file: file.stem)
def test_an_adapter_has_ten_lines_at_most(file):
    adapter = file.read_text(encoding="utf-8").partition("class Adapter")[2].partition("\nclass ")[0]
    assert 3 <= len(adapter.strip().splitlines()) <= 10


@pytest.mark.parametrize("kind", ["torch", "keras"])
def test_a_starting_file_runs_as_it_is(tmp_path, kind):
    file = tmp_path / "mine.py"
    file.write_text(starting_file(kind), encoding="utf-8")
    record, output = judged(tmp_path, file, "--case", "layer_normalization/documentation-*", "-k", "eager")
    outcomes = {check.outcome for check in read(record).checks}
    assert "pass" in outcomes, output[-3000:]
    assert outcomes <= {"pass", "unsupported"}, output[-3000:]
