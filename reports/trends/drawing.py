"""A series as a small drawing: times over runs, the level of each part as a line, a mark where it changes."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

from markupsafe import Markup

from ..summary import printable
from .changes import Movement
from .history import Series

WIDTH, HEIGHT, MARGIN = 320, 72, 6
LEAST = 0.05
"""The least that the height stands for, as a share, so that noise looks small."""


def drawn(series: Series, moved: list[Movement]) -> Markup:
    """The series as an SVG element."""
    logs = [math.log(value) for value in series.seconds]
    low, high = min(logs), max(logs)
    middle, reach = (low + high) / 2, max(high - low, math.log1p(LEAST)) / 2

    def x(index: float) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (index + 0.5) / len(logs), 1)

    def y(value: float) -> float:
        return round(HEIGHT / 2 - (value - middle) / reach * (HEIGHT / 2 - MARGIN), 1)

    dot = Markup('<circle cx="{}" cy="{}" r="2"><title>{}</title></circle>')
    dots = [dot.format(x(index), y(value), hint(series, index)) for index, value in enumerate(logs)]
    bounds = [0, *(one.at for one in moved), len(logs)]
    lines = [
        Markup('<line class="level" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(x(start), x(end - 1), level, level)
        for start, end in pairwise(bounds)
        if (level := y(statistics.median(logs[start:end]))) is not None
    ]
    marks = [
        Markup('<line class="change" x1="{}" x2="{}" y1="0" y2="{}"/>').format(x(at - 0.5), x(at - 0.5), HEIGHT)
        for at in bounds[1:-1]
    ]
    flag = Markup('<path class="version" d="M{} {}l3.5 6h-7z"><title>{}</title></path>')
    flags = [flag.format(x(at), HEIGHT - 6, changed(series, at)) for at in range(1, len(logs)) if changed(series, at)]
    label = Markup("{} to {}").format(seconds(min(series.seconds)), seconds(max(series.seconds)))
    inside = Markup("").join([*marks, *flags, *lines, *dots])
    return Markup('<svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, WIDTH, HEIGHT, label, inside
    )


def changed(series: Series, at: int) -> str:
    """The versions that changed just before a point."""
    before, after = (series.points[place].versions for place in (at - 1, at))
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return ", ".join(f"{name} {before.get(name, 'none')} to {after.get(name, 'none')}" for name in names)


def hint(series: Series, index: int) -> str:
    """What is shown of one point."""
    point = series.points[index]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(point.versions.items()))
    share = f"{point.share:.0%} of a copy" if point.share else ""
    return printable(f"{point.when[:16]} {point.commit[:10]} {seconds(point.seconds)} {share} {versions}".strip())


def seconds(value: float) -> str:
    """A time as a person reads it."""
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= unit:
            return f"{value / unit:.3g} {name}"
    return f"{value / 1e-9:.3g} ns"
