"""The runs that pytest-benchmark saved, as one series of times for each benchmark, target and kind of machine.

Its storage is the history: it is written by its own options, read by its own commands, and holds beside the times what
normcheck adds. A second file with the same would have to be kept in step.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class HistoryError(Exception):
    """A file that is no run of the benchmarks; the message is a sentence."""


class Told(BaseModel):
    """What normcheck keeps beside the times of a benchmark; more may stand there."""

    model_config = ConfigDict(frozen=True)

    layer: str
    target: str
    fingerprint: str
    title: str = ""
    size: str = ""
    shape: list[int] = []
    dtype: str = ""
    what: str = Field(default="", alias="pass")
    versions: dict[str, str] = {}
    machine: dict[str, str] = {}
    fastest_seconds: Positive
    elements_per_second: Positive | None = None
    share_of_copy: Positive | None = None
    operations: Positive | None = None
    bytes: Positive | None = None
    copy_bytes_per_second: Positive | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """What a series is about. fingerprint: of machines alike."""

    fingerprint: str
    target: str
    case: str


@dataclass(frozen=True, slots=True)
class Point:
    """One time in a series: seconds of the fastest blocks, when, of which commit, with which versions.

    elements: of the input, a second. share: of what a copy moves in the same time. copied: bytes a second of a copy.
    peak: bytes that a call needed at the most, beside what was there.
    """

    when: str
    seconds: float
    commit: str
    versions: Mapping[str, str]
    elements: float | None = None
    share: float | None = None
    copied: float | None = None
    peak: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Times in the order in which they were measured.

    what: the pass that was timed. machine: what the fingerprint stands for. intensity: operations that a call must
    compute, for each byte that it must move; operations: of a call.
    """

    key: Key
    layer: str
    points: tuple[Point, ...]
    title: str = ""
    size: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    what: str = ""
    machine: Mapping[str, str] = field(default_factory=dict)
    intensity: float | None = None
    operations: float | None = None

    @property
    def seconds(self) -> tuple[float, ...]:
        """The times alone."""
        return tuple(point.seconds for point in self.points)

    @property
    def last(self) -> Point:
        """The latest time."""
        return self.points[-1]


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
    latest: dict[Key, Told] = {}
    for path in paths:
        for key, told, point in _points(path):
            of_key = found.setdefault(key, {})
            of_key[point.when, point.commit] = point
            if (point.when, point.commit) == max(of_key):
                latest[key] = told
    keys = sorted(found, key=lambda key: (key.case, key.target, key.fingerprint))
    return [_series(key, latest[key], tuple(point for _, point in sorted(found[key].items()))) for key in keys]


def _series(key: Key, told: Told, points: tuple[Point, ...]) -> Series:
    intensity = told.operations / told.bytes if told.operations and told.bytes else None
    return Series(
        key,
        told.layer,
        points,
        title=told.title or told.target,
        size=told.size,
        shape=tuple(told.shape),
        dtype=told.dtype,
        what=told.what,
        machine=told.machine,
        intensity=intensity,
        operations=told.operations,
    )


def _points(path: Path) -> Iterator[tuple[Key, Told, Point]]:
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
        figures = told.elements_per_second, told.share_of_copy, told.copy_bytes_per_second, told.peak_bytes
        yield (
            Key(told.fingerprint, told.target, case),
            told,
            Point(when, told.fastest_seconds, commit, told.versions, *figures),
        )
