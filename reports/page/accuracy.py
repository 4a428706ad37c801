"""How accurate each target is, by layer and by dtype, as small drawings in a table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup

from ..histogram import EDGES, binned
from ..reading import Record
from ..record import Check
from ..summary import target_names

ULPS = (0.5, 1.0, 2.0, 4.0, 16.0, 64.0, 1e3, 1e6)
WIDTH, HEIGHT = 6, 16


@dataclass(frozen=True, slots=True)
class Strip:
    """What a target used in one column of a table. drawing: an SVG element."""

    arrays: int
    median: float
    largest: float
    drawing: Markup


@dataclass(frozen=True, slots=True)
class Strips:
    """A table of drawings: targets by rows, `columns` by columns, and where there is nothing no strip."""

    caption: str
    columns: list[str]
    rows: dict[str, list[Strip | None]]


def strips(record: Record) -> list[Strips]:
    """Headroom and ulps of each target, by layer and by dtype; without what the record has no figure of."""
    measures: list[tuple[str, tuple[float, ...], Callable[[Check], float | None]]] = [
        ("Headroom, the fraction of the bound that was used", EDGES, lambda check: check.headroom),
        (
            "Error in ulps at the worst element; a record holds it of what fails or deviates",
            ULPS,
            lambda check: check.worst.ulps if check.worst else None,
        ),
    ]
    tables = [
        tabled(record, f"{words}: by {called}", edges, measure, of)
        for words, edges, measure in measures
        for called, of in (("layer", lambda check: check.layer), ("dtype", lambda check: check.dtype))
    ]
    return [one for one in tables if one.rows]


def tabled(
    record: Record,
    caption: str,
    edges: tuple[float, ...],
    measure: Callable[[Check], float | None],
    of: Callable[[Check], str],
) -> Strips:
    """One table. NaN counts as beyond all edges."""
    found: dict[tuple[str, str], list[float]] = {}
    for check in record.checks:
        value = measure(check)
        if value is not None:
            found.setdefault((check.target, of(check)), []).append(math.inf if math.isnan(value) else value)
    columns = sorted({column for _, column in found})
    names = [name for name in target_names(record) if any((name, column) in found for column in columns)]
    return Strips(
        caption=caption,
        columns=columns,
        rows={name: [strip(found.get((name, column)), edges) for column in columns] for name in names},
    )


def strip(values: list[float] | None, edges: tuple[float, ...]) -> Strip | None:
    """The values as a drawing, the tallest bar as tall as the strip."""
    if not values:
        return None
    return Strip(len(values), median(values), max(values), drawn(binned(values, edges)))


def drawn(share: list[float]) -> Markup:
    """Bars from left to right; the one beyond the last edge stands apart. The numbers stand beside it as text."""
    top = max(share)
    bars = [
        f"M{place * WIDTH} {HEIGHT}v-{max(1.5, part / top * HEIGHT):.0f}h{WIDTH - 1}V{HEIGHT}z" if part else ""
        for place, part in enumerate(share)
    ]
    over = f'<path class="over" d="{bars[-1]}"/>' if bars[-1] else ""
    return Markup(  # noqa: S704 - nothing but numbers
        f'<svg class="strip" aria-hidden="true" viewBox="0 0 {WIDTH * len(share)} {HEIGHT + 1}">'
        f'<path class="within" d="{"".join(bars[:-1])}"/>{over}<path class="base" d="M0 {HEIGHT + 0.5}'
        f'h{WIDTH * len(share)}"/></svg>'
    )
