"""A roofline: what each benchmark computes in a second, under what the memory of its machine allows.

Williams, Waterman and Patterson, "Roofline: an insightful visual performance model for multicore architectures", 2009.
The roof is the bandwidth of a copy, measured beside each time: a normalization computes so little for each byte that
no other roof is near, and none is drawn. The picture has each series at its latest time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup

from .history import Series

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 14, 44
MARKS = (
    "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "m-4-4h8v8h-8z",
    "m0-5l5 9h-10z",
    "m0-5l5 5l-5 5l-5-5z",
    "m0 5l5-9h-10z",
    "m-5-1.5h3.5v-3.5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5z",
)
PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class Roofline:
    """The picture of one kind of machine. copied: bytes a second of a copy there. legend: a mark for each target."""

    fingerprint: str
    machine: str
    copied: float
    drawing: Markup
    legend: list[tuple[str, Markup]]


@dataclass(frozen=True, slots=True)
class Axes:
    """Where numbers stand: both axes are logarithmic, from and to as powers of ten."""

    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, value: float) -> float:
        """The place of an intensity."""
        low, high = self.across
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(value) - low) / (high - low), 1)

    def y(self, value: float) -> float:
        """The place of a rate."""
        low, high = self.up
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(value) - low) / (high - low), 1)


def rooflines(every: Iterable[Series]) -> list[Roofline]:
    """A picture for each kind of machine; none where nothing is known of bytes and operations."""
    found: dict[str, list[Series]] = {}
    for series in every:
        if series.intensity and series.operations and series.last.copied:
            found.setdefault(series.key.fingerprint, []).append(series)
    return [_roofline(name, own) for name, own in found.items()]


def rate(series: Series) -> float:
    """The operations a second of the latest time."""
    return (series.operations or 0.0) / series.last.seconds


def _roofline(fingerprint: str, own: Sequence[Series]) -> Roofline:
    copied = median([series.last.copied or 0.0 for series in own])
    targets = list(dict.fromkeys(series.title for series in own))
    marks = {target: MARKS[place % len(MARKS)] for place, target in enumerate(targets)}
    axes = _axes(own, copied)
    inside = Markup("").join([*_grid(axes), _roof(axes, copied), *(_mark(axes, one, marks[one.title]) for one in own)])
    label = f"Roofline of {len(own)} benchmarks; the table below has the numbers"
    drawing = Markup('<svg class="roofline" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, label, inside
    )
    small = Markup('<svg class="key" viewBox="-7 -7 14 14" aria-hidden="true"><path class="mark" d="M0 0{}"/></svg>')
    told = ", ".join(f"{name} {value}" for name, value in sorted(own[0].machine.items()))
    return Roofline(fingerprint, told, copied, drawing, [(target, small.format(marks[target])) for target in targets])


def _axes(own: Sequence[Series], copied: float) -> Axes:
    """Axes that hold every point and the roof above it, with some room."""
    across = [math.log10(series.intensity or 1.0) for series in own]
    up = [math.log10(value) for series in own for value in (rate(series), copied * (series.intensity or 1.0))]
    return Axes((min(across) - 0.3, max(across) + 0.3), (min(up) - 0.3, max(up) + 0.3))


def _grid(axes: Axes) -> list[Markup]:
    """Lines and numbers at powers of ten (upwards) and of two (across), and what the axes are."""
    line = Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>')
    text = Markup('<text x="{}" y="{}" class="{}">{}</text>')
    found: list[Markup] = []
    for power in range(math.ceil(axes.up[0]), math.floor(axes.up[1]) + 1):
        y = axes.y(10.0**power)
        found += [line.format(LEFT, WIDTH - RIGHT, y, y), text.format(LEFT - 6, y + 4, "end", short(10.0**power))]
    two = math.log10(2.0)
    for power in range(math.ceil(axes.across[0] / two), math.floor(axes.across[1] / two) + 1):
        x = axes.x(2.0**power)
        found += [line.format(x, x, TOP, HEIGHT - BOTTOM), text.format(x, HEIGHT - BOTTOM + 15, "", f"{2.0**power:g}")]
    found.append(text.format((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "", "operations for each byte that must move"))
    found.append(text.format(LEFT + 4, TOP - 3, "start", "operations a second"))
    return found


def _roof(axes: Axes, copied: float) -> Markup:
    low, high = (10.0**end for end in axes.across)
    (one, top), (other, right) = ((axes.x(value), axes.y(copied * value)) for value in (low, high))
    said = Markup("<title>A copy moves {}B a second</title>").format(short(copied))
    return Markup('<line class="roof" x1="{}" x2="{}" y1="{}" y2="{}">{}</line>').format(one, other, top, right, said)


def _mark(axes: Axes, series: Series, shape: str) -> Markup:
    share = f", {series.last.share:.0%} of a copy" if series.last.share else ""
    hint = f"{series.title}, {series.key.case}: {short(rate(series))} operations a second{share}"
    place = Markup('<path class="mark" d="M{} {}{}"><title>{}</title></path>')
    return place.format(axes.x(series.intensity or 1.0), axes.y(rate(series)), shape, hint)


def short(value: float) -> str:
    """A large number with a prefix: 2.5 G."""
    for unit, name in PREFIXES:
        if value >= unit:
            return f"{value / unit:.3g} {name}"
    return f"{value:.3g} "
