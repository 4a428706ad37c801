"""A coverage as text: for a terminal, as a page of Markdown, and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from .columns import COLUMNS
from .matrix import Coverage, Item, Surface

SIGNS = {"omitted": "–", "gap": "GAP"}


def table(found: Coverage, surfaces: Sequence[Surface]) -> str:
    """The matrix of each dialect, every layer with its arguments, the gaps, and the totals; for a terminal."""
    return "\n".join([*_matrices(found), *_exports(found), *_gaps(found), "", *map(_title, surfaces), totals(found)])


def page(found: Coverage, surfaces: Sequence[Surface]) -> str:
    """The same as a page of Markdown."""
    lines = ["# What is covered", "", *(f"- {_title(surface)}" for surface in surfaces), "", totals(found), ""]
    for dialect, rows in _rows(found):
        heads, *body = rows
        lines += [f"## {dialect}", "", _row(heads), _row(["---"] * len(heads)), *map(_row, body), ""]
    lines += ["## Layers and arguments", ""]
    for item, arguments in _by_export(found):
        lines.append(f"- `{item.of}` {_stands(item)}")
        lines += [f"  - `{one.name}` {_stands(one)}" for one in arguments]
    return "\n".join(lines)


def data(found: Coverage, surfaces: Sequence[Surface]) -> dict[str, Any]:
    """Everything, in builtin values."""
    return {
        "targets": {surface.target: dict(surface.versions) for surface in surfaces},
        "totals": {state: found.count(state) for state in ("covered", "omitted", "gap")},
        "items": [asdict(item) | {"state": item.state} for item in found.items],
        "stale": list(found.stale),
    }


def totals(found: Coverage) -> str:
    """How much is covered, in one line."""
    kinds = ("layer", "argument", "aspect")
    every = [sum(item.kind == kind for item in found.items) for kind in kinds]
    each = ", ".join(
        f"{found.count('covered', kind)} of {count} {kind}s" for kind, count in zip(kinds, every, strict=True)
    )
    return (
        f"{found.count('covered')} of {sum(every)} layers, arguments and aspects of layers are covered ({each}), "
        f"{found.count('omitted')} are left out with a reason, and {found.count('gap')} are gaps."
    )


def _title(surface: Surface) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in surface.versions.items())
    return f"{surface.target} ({versions}): {len(surface.exports)} names that may be normalizations"


def _rows(found: Coverage) -> Iterator[tuple[str, list[list[str]]]]:
    """Of each dialect, the matrix of aspects and layers, with its heads."""
    aspects = [item for item in found.items if item.kind == "aspect"]
    for dialect in dict.fromkeys(item.dialect for item in aspects):
        cells = {(item.of, item.name): _cell(item) for item in aspects if item.dialect == dialect}
        layers = list(dict.fromkeys(layer for layer, _ in cells))
        heads = ["", *(layer.removesuffix("_normalization").replace("_", " ") for layer in layers)]
        yield dialect, [heads, *([name, *(cells[layer, name] for layer in layers)] for name in COLUMNS)]


def _matrices(found: Coverage) -> Iterator[str]:
    for dialect, rows in _rows(found):
        yield f"{dialect}: cases on the quick list / on the full list"
        wide = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
        for first, *rest in rows:
            yield f"  {first:<{wide[0]}}" + "".join(
                f"  {cell:>{width}}" for cell, width in zip(rest, wide[1:], strict=True)
            )
        yield ""


def _exports(found: Coverage) -> Iterator[str]:
    for item, arguments in _by_export(found):
        yield f"{item.of} {_stands(item)}"
        wide = max((len(one.name) for one in arguments), default=0)
        yield from (f"    {one.name:<{wide}}  {_stands(one)}" for one in arguments)


def _by_export(found: Coverage) -> Iterator[tuple[Item, list[Item]]]:
    rest = (item for item in found.items if item.kind != "aspect")
    for _, group in groupby(rest, key=lambda item: item.of):
        first, *arguments = group
        yield first, arguments


def _gaps(found: Coverage) -> Iterator[str]:
    for item in found.items:
        if item.state == "gap":
            what = item.of if item.kind == "layer" else f"{item.name} of {item.of}"
            yield f"GAP ({item.kind}, {item.dialect}): {what}: {item.why}"


def _cell(item: Item) -> str:
    return SIGNS.get(item.state) or f"{item.quick}/{item.full}"


def _stands(item: Item) -> str:
    """Where an item stands, behind its name."""
    if item.state == "covered":
        name = f"as {item.name}, " if item.kind == "layer" else ""
        return f"{name}{_cell(item)}, first {item.first}"
    return f"left out: {item.why}" if item.omitted else f"GAP: {item.why}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
