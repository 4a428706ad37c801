"""Every script under docs/findings shows its deviation with the frameworks that are installed."""

from __future__ import annotations

import os
import runpy
import warnings
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).resolve().parents[2] / "docs" / "findings").glob("*.py"))
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_deviation_is_still_there(script, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(script), run_name="__main__")
    told = capsys.readouterr().out
    assert ended.value.code == 0, told
    assert len(told.splitlines()) >= 1
