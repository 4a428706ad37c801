"""One run of the suite in which both sides are asked the same."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .sides import Side, Wrong

# Nothing of the user's own tests decides how this run goes.
INI = "[pytest]\naddopts = --import-mode=importlib\n"
JUDGED = (0, 1)


def run(sides: Sequence[Side], record: Path, more: Sequence[str]) -> None:
    """Ask both sides every case, and write `record` with the page beside it. Raises Wrong where nothing was judged.

    more: what pytest is told besides.
    """
    words = [word for side in sides for target in side.requested for word in ("--target", target)]
    with tempfile.TemporaryDirectory() as folder:
        ini = Path(folder, "pytest.ini")
        ini.write_text(INI, encoding="utf-8")
        status = subprocess.run(
            [*command(ini), *words, "--observations", "--record", str(record), *more], check=False
        ).returncode
    if status not in JUDGED:
        raise Wrong(f"the run ended with status {status} and gave nothing to compare; what is wrong stands above.")


def command(ini: Path) -> list[str]:
    """How pytest is started, in the folder in which the user is."""
    apart = ["-c", str(ini), "--rootdir", str(ini.parent), "--noconftest", "-p", "no:cacheprovider"]
    plugin = ["--pyargs", "normcheck.cases", "-p", "normcheck.cases.plugin"]
    return [sys.executable, "-m", "pytest", *plugin, *apart, "-q", "--tb=no", "--no-summary"]
