"""Makes the clone importable as `normcheck` and loads the plugin. No logic of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

CLONE = str(Path(__file__).resolve().parent)

package = sys.modules.get("normcheck")
if package is None:
    package = ModuleType("normcheck")
    package.__path__ = [CLONE]
    sys.modules["normcheck"] = package
elif CLONE not in [str(Path(place).resolve()) for place in package.__path__]:
    raise pytest.UsageError(
        f"normcheck is installed from {list(package.__path__)}, and pytest runs in the clone {CLONE}: two copies "
        "would be mixed. Uninstall it, install the clone with `pip install -e .`, or run "
        "`pytest --pyargs normcheck.cases` in another folder."
    )

pytest_plugins = ["normcheck.cases.plugin"]
