"""The runs that pytest-benchmark saved, as one series of times for each benchmark, target and kind of machine.

Its storage is the history: it is written by its own options, read by its own commands, and holds beside the times what
normcheck adds. A second file with the same would have to be kept in step.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class HistoryError(Exception):
    """A file that is no run of the benchmarks; the message is a sentence."""


class Told(BaseModel):
    """What normcheck keeps beside the times of a benchmark; more may stand there."""

    model_config = ConfigDict(frozen=True)

    layer: str
    target: str
    fingerprint: str
    versions: dict[str, str] = {}
    machine: dict[str, str] = {}
    fastest_seconds: float = Field(gt=0, allow_inf_nan=False)
    share_of_copy: float | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """What a series is about. fingerprint: of machines alike."""

    fingerprint: str
    target: str
    case: str


@dataclass(frozen=True, slots=True)
class Point:
    """One time in a series: seconds of the fastest blocks, when, of which commit, with which versions."""

    when: str
    seconds: float
    commit: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Series:
    """Times in the order in which they were measured."""

    key: Key
    layer: str
    points: tuple[Point, ...]

    @property
    def seconds(self) -> tuple[float, ...]:
        """The times alone."""
        return tuple(point.seconds for point in self.points)


def files(places: Iterable[Path]) -> list[Path]:
    """The JSON files that `places` are, or that lie in them. Raises HistoryError for what is not there."""
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise HistoryError(f"{place} is not there; pytest-benchmark saves with --benchmark-autosave.")
        found += sorted(place.rglob("*.json")) if place.is_dir() else [place]
    return found


def read(paths: Iterable[Path]) -> list[Series]:
    """Every series of the runs in `paths`, ordered by key. Raises HistoryError for what is no saved run."""
    found: dict[Key, dict[tuple[str, str], Point]] = {}
    layers: dict[Key, str] = {}
    for path in paths:
        for key, layer, point in _points(path):
            layers[key] = layer
            found.setdefault(key, {})[point.when, point.commit] = point
    keys = sorted(found, key=lambda key: (key.case, key.target, key.fingerprint))
    return [Series(key, layers[key], tuple(point for _, point in sorted(found[key].items()))) for key in keys]


def _points(path: Path) -> Iterator[tuple[Key, str, Point]]:
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        rows: Sequence[Any] = run["benchmarks"]
        when, commit = str(run["datetime"]), str((run.get("commit_info") or {}).get("id") or "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise HistoryError(f"{path} is no file of pytest-benchmark.") from None
    for row in rows:
        try:
            told, case = Told.model_validate(row["extra_info"]), str(row["params"]["case"])
        except (ValidationError, KeyError, TypeError):
            continue  # a benchmark of somebody else's, in the same run
        point = Point(when, told.fastest_seconds, commit, told.versions)
        yield Key(told.fingerprint, told.target, case), told.layer, point
