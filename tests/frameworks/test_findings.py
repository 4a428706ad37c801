"""Every script under docs/findings shows its deviation with the frameworks and versions that are installed.

A script that chooses the backend of Keras has a process of its own.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from normcheck.adapters.versions import version
from normcheck.cases.ledger import read_ledger
from normcheck.cases.runs.session import LEDGER

FINDINGS = Path(__file__).resolve().parents[2] / "docs" / "findings"
ENTRIES = read_ledger(LEDGER).values()
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def installed(script):
    """Whether everything that a script imports is there."""
    nodes = list(ast.walk(ast.parse(script.read_text())))
    plain = [alias.name for one in nodes if isinstance(one, ast.Import) for alias in one.names]
    names = plain + [str(one.module) for one in nodes if isinstance(one, ast.ImportFrom)]
    return all(importlib.util.find_spec(name.partition(".")[0]) for name in names) and any(map(fits, shown(script)))


def shown(script):
    """The ledger's entries that a script shows."""
    return [one for one in ENTRIES if Path(one.script).name == script.name]


def fits(entry):
    """Whether what is installed is of the versions that an entry speaks of."""
    wanted = [Requirement(text) for text in entry.versions]
    return all(one.specifier.contains(version(one.name) or "0", prereleases=True) for one in wanted)


SCRIPTS = [script for script in sorted(FINDINGS.glob("*.py")) if installed(script)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_deviation_is_still_there(script, capsys):
    if 'environ["KERAS_BACKEND"]' in script.read_text():
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(script), run_name="__main__")
    told = capsys.readouterr().out
    assert ended.value.code == 0, told
    assert len(told.splitlines()) >= 1
