"""Runs of the suite in a process of its own, as a user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from normcheck.reports.reading import read

TESTS = Path(__file__).resolve().parent
CLONE = TESTS.parent
ADAPTERS = TESTS / "adapters"


def command(folder, *words):
    quiet = ["-q", "-o", f"cache_dir={folder / 'cache'}", "--record", str(folder / "record.jsonl")]
    return [sys.executable, "-m", "pytest", "cases", *quiet, *map(str, words)]


def environment(**more):
    """This process's, with the tests' own plugins importable and nothing else that pytest would take up."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONPATH"))}
    return kept | {"PYTHONPATH": str(TESTS), "COLUMNS": "200"} | more


def run(folder, *words, cwd=CLONE, **more):
    """A finished run with `words` on its command line; the record goes into `folder`."""
    done = subprocess.run(
        command(folder, *words), cwd=cwd, env=environment(**more), capture_output=True, text=True, check=False
    )
    done.text = done.stdout + done.stderr
    return done


def record(folder):
    return read(folder / "record.jsonl")


def judged(found):
    """Every check of a record as a tuple, sorted."""
    return sorted((one.case, one.target, one.aspect, one.subject, one.outcome) for one in found.checks)


def outcomes(found):
    """How often each outcome occurs, by case."""
    by_case = {}
    for one in found.checks:
        by_case.setdefault(one.case, Counter())[one.outcome] += 1
    return by_case
