"""A run held against a committed baseline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from normcheck.reports.comparing.baseline import BaselineError, read_baseline
from normcheck.reports.comparing.classes import FAILING, Kind, chosen
from normcheck.reports.comparing.compare import compare
from normcheck.reports.comparing.condensing import beside
from normcheck.reports.comparing.pairing import CompareError
from normcheck.reports.comparing.text import terminal
from normcheck.reports.reading import Record


@dataclass(frozen=True, slots=True)
class Held:
    """What became of a run beside its baseline. text: for the terminal; fails: whether the run fails by it."""

    text: str
    fails: bool


def wrong_baseline(path: str, classes: str) -> str:
    """Why a run cannot be held against `path`, as a sentence; empty where it can, or where there is none."""
    if not path:
        return "--baseline-fail-on: give --baseline FILE, too." if classes else ""
    try:
        failing(classes)
        read_baseline(path)
    except BaselineError as error:
        return f"--baseline: {error}"
    except ValueError as error:
        return str(error).replace("--fail-on", "--baseline-fail-on", 1)
    return ""


def failing(classes: str) -> tuple[Kind, ...]:
    """The classes by which a run fails. Raises ValueError for one that is unknown."""
    return chosen(classes) if classes else FAILING


def held(path: str | Path, record: Record, classes: str, *, colour: bool = False) -> Held:
    """What changed from the baseline at `path` to `record`."""
    try:
        found = compare(*beside(read_baseline(path), record))
    except (BaselineError, CompareError) as error:
        return Held(str(error), True)
    kinds = failing(classes)
    return Held(terminal(found, kinds, colour=colour), bool(found.failing(kinds)))
