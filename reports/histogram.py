"""How much of the bound was used, as a small drawing for each target."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup

from .reading import Record
from .summary import printable, target_names

EDGES = tuple(10 ** (power / 2) for power in range(-8, 1))
BAR, HEIGHT, BASE = 26, 84, 92
TICKS = ((1, "0.0001"), (3, "0.001"), (5, "0.01"), (7, "0.1"), (9, "1"))


@dataclass(frozen=True, slots=True)
class Spread:
    """The headroom of one target's arrays. drawing: an SVG element."""

    target: str
    arrays: int
    median: float
    largest: float
    over: int
    drawing: Markup


def spreads(record: Record) -> list[Spread]:
    """The spread of each target that has a headroom, all drawn to one scale, the share of its arrays."""
    by_target: dict[str, list[float]] = {name: [] for name in target_names(record)}
    for check in record.checks:
        if check.headroom is not None:
            by_target[check.target].append(check.headroom)
    shares = {name: binned(values) for name, values in by_target.items() if values}
    top = max((max(share) for share in shares.values()), default=1.0)
    return [spread(name, by_target[name], share, top) for name, share in shares.items()]


def spread(name: str, values: list[float], share: list[float], top: float) -> Spread:
    """The spread of one target; NaN counts as over the bound."""
    numbers = [math.inf if math.isnan(value) else value for value in values]
    return Spread(
        target=name,
        arrays=len(values),
        median=median(numbers),
        largest=max(numbers),
        over=sum(number > 1 for number in numbers),
        drawing=drawn(name, share, top),
    )


def binned(values: Iterable[float], edges: tuple[float, ...] = EDGES) -> list[float]:
    """The share of the values below the first of `edges`, between two, and above the last, NaN among them."""
    found = [0] * (len(edges) + 1)
    values = list(values)
    for value in values:
        found[len(edges) if math.isnan(value) else bisect_left(edges, value)] += 1
    return [number / len(values) for number in found]


def drawn(name: str, share: list[float], top: float) -> Markup:
    """The bars as an SVG element, with a label for those who cannot see it."""
    width = BAR * len(share)
    label = Markup("Headroom of {}: share of its arrays by the fraction of the bound that was used").format(
        printable(name)
    )
    bars = Markup("").join(bar(place, value / top, value) for place, value in enumerate(share))
    ticks = Markup("").join(
        Markup('<text x="{}" y="{}">{}</text>').format(place * BAR, BASE + 14, text) for place, text in TICKS
    )
    return Markup(
        '<svg role="img" aria-label="{}" viewBox="-16 0 {} {}"><line x1="0" x2="{}" y1="{}" y2="{}"/>{}{}</svg>'
    ).format(label, width + 32, BASE + 20, width, BASE, BASE, bars, ticks)


def bar(place: int, height: float, share: float) -> Markup:
    """One bar, with its figure as a title; a bin that is not empty is never drawn as if it were."""
    if not share:
        return Markup("")
    tall = max(1.5, height * HEIGHT)
    kind = "over" if place == len(EDGES) else "within"
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
        kind, place * BAR + 1, f"{BASE - tall:.1f}", BAR - 2, f"{tall:.1f}", f"{share:.1%}"
    )
