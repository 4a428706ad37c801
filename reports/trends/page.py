"""A history as a table, as a view beside those of a record, and as a page of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from ..page.alone import View, alone, anchor, view
from ..summary import printable
from .changes import Movement, largest, movements
from .drawing import changed as changed_at
from .drawing import drawn, seconds
from .history import Series
from .roofline import rooflines, short

REPORTS = Path(__file__).parent.parent
NAME = "benchmarks"


def table(every: Sequence[Series], most: int) -> Iterator[str]:
    """The largest movements as lines."""
    runs = {point.when for series in every for point in series.points}
    machines = {series.key.fingerprint for series in every}
    moved = largest(every)
    yield f"{len(every)} series in {len(runs)} runs on {len(machines)} kinds of machine; {len(moved)} changes of level"
    for one in moved[:most]:
        yield printable(f"  {sentence(one)}")


def sentence(one: Movement) -> str:
    """A movement in one line."""
    key, point = one.series.key, one.series.points[one.at]
    levels = f"{seconds(one.before)} to {seconds(one.after)}"
    why = changed(one)
    commit = f", commit {point.commit[:10]}" if point.commit else ""
    since = f"since {point.when[:16]}{commit}{f', {why}' if why else ''}"
    return f"{one.change:+7.1%}  {key.case} on {key.target}: {levels}, {since} ({key.fingerprint})"


def changed(one: Movement) -> str:
    """The versions that changed where the level did."""
    return changed_at(one.series, one.at)


def render(every: Sequence[Series], most: int) -> str:
    """A page of the history alone, as HTML. The same history gives the same text."""
    return alone(benchmarked(every, most), "normcheck bench-history", "Times over runs")


def benchmarked(every: Sequence[Series], most: int) -> View:
    """The view of the history: the largest movements, the roofline, the latest times and every trend."""
    moved = largest(every)
    layers: dict[str, list[tuple[Series, Markup]]] = {}
    for series in every:
        layers.setdefault(series.layer, []).append((series, drawn(series, movements(series))))
    return view(
        NAME,
        "Benchmarks",
        REPORTS / "trends.html",
        REPORTS / "trends.css",
        every=every,
        runs=sorted({point.when for series in every for point in series.points}),
        machines={series.key.fingerprint: described(series.machine) for series in every},
        moved=moved[:most],
        total=len(moved),
        rooflines=rooflines(every),
        layers=layers,
        changed=changed,
        seconds=seconds,
        short=short,
        place=place,
        versions=versions,
    )


def place(series: Series) -> str:
    """The address of a series, the same in every history that has it."""
    key = series.key
    return anchor(NAME, key.case, key.target, key.fingerprint)


def versions(series: Series) -> str:
    """The versions of the latest time, a line for each."""
    return "\n".join(f"{name} {version}" for name, version in sorted(series.last.versions.items()))


def described(machine: Mapping[str, str]) -> str:
    """A machine in words."""
    return ", ".join(f"{name} {value}" for name, value in sorted(machine.items())) or "not described"


def write_page(every: Sequence[Series], path: Path, most: int) -> Path:
    """Writes the page to `path`, and its folder where absent. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(every, most), encoding="utf-8", newline="\n")
    return path
