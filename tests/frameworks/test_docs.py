"""The worked example of the documentation runs as it is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from normcheck.reports.reading import read

ROOT = Path(__file__).resolve().parents[2]


def test_a_users_own_layer_is_judged_with_the_file_that_the_documentation_prints(tmp_path):
    page = (ROOT / "docs" / "judge-your-own-layer.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(# my_layers\.py\n.*?)```", page, re.DOTALL)
    adapter = tmp_path / "my_layers.py"
    adapter.write_text(code, encoding="utf-8")
    record = tmp_path / "record.jsonl"
    options = ["--target", str(adapter), "--record", str(record), "-k", "layer_normalization and eager"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(ROOT / "cases"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]
    outcomes = [check.outcome for check in read(record).checks]
    assert outcomes.count("pass") > 300
    assert set(outcomes) <= {"pass", "unsupported"}
