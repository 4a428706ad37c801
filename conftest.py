"""Makes the clone importable as `normcheck` and loads the plugin. No logic of its own."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

CLONE = str(Path(__file__).resolve().parent)

if "normcheck" not in sys.modules:
    package = ModuleType("normcheck")
    package.__path__ = [CLONE]
    sys.modules["normcheck"] = package
elif (found := find_spec(".cases", "normcheck")) and Path(found.origin or "").resolve().parents[1] != Path(CLONE):
    raise pytest.UsageError(
        f"normcheck is installed in {Path(found.origin or '').parents[1]}, and pytest runs in the clone {CLONE}: two "
        "copies would be mixed. Uninstall it, install the clone with `pip install -e .`, or run "
        "`pytest --pyargs normcheck.cases` in another folder."
    )

pytest_plugins = ["normcheck.cases.plugin"]
