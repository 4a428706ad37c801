"""`normcheck coverage`: every layer, argument and aspect that frameworks export, and the cases that cover it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from normcheck.adapters.loading import TargetError
from normcheck.adapters.process.exporting import exported
from normcheck.adapters.process.process import Failed
from normcheck.adapters.targets import discover

from .records import Stop

if TYPE_CHECKING:
    from normcheck.cases.coverage.matrix import Surface


@click.command()
@click.option("--target", "requested", multiple=True, help="Only what this target exports: a name or a file.")
@click.option("--committed", is_flag=True, help="Start no framework: look at what the tested versions export.")
@click.option("--write", is_flag=True, help="Keep what the installed frameworks export as what the tests look at.")
@click.option("--json", "as_json", is_flag=True, help="Print every item as JSON.")
@click.option("--markdown", is_flag=True, help="Print a page of Markdown.")
@click.pass_context
def coverage(
    context: click.Context, requested: tuple[str, ...], committed: bool, write: bool, as_json: bool, markdown: bool
) -> None:
    """List every normalization that frameworks export, its arguments and its aspects, with the cases that cover them.

    Exits with status 1 where something is neither covered nor left out with a reason.
    """
    from normcheck.cases.coverage import matrix as covering
    from normcheck.cases.coverage import text as texts
    from normcheck.cases.suite import suite
    from normcheck.specs.omissions import read_omissions

    surfaces = tuple(_surfaces(requested or covering.TARGETS, covering.read_surfaces(), committed))
    if write:
        _keep({one.target: one for one in (*covering.read_surfaces(), *surfaces)})
    known = suite()
    found = covering.coverage(surfaces, known.cases, known.specs.layers, read_omissions())
    if requested:
        found = replace(found, stale=())  # an omission may be needed by what the other targets export
    if as_json:
        click.echo(json.dumps(texts.data(found, surfaces), indent=1))
    else:
        click.echo(texts.page(found, surfaces) if markdown else texts.table(found, surfaces))
    for sentence in found.stale:
        click.echo(sentence, err=True)
    context.exit(1 if found.stale or found.count("gap") else 0)


def _surfaces(names: Sequence[str], kept: Sequence[Surface], committed: bool) -> Iterator[Surface]:
    """What each target exports: the one installed, or what was kept of the tested versions where there is none."""
    known = {surface.target: surface for surface in kept}
    for name in names:
        if committed and name in known:
            yield known[name]
            continue
        surface = _asked(name)
        if isinstance(surface, str) and name not in known:
            raise Stop(f"{name} is not to be had: {surface}")
        if isinstance(surface, str):
            click.echo(f"{name} is not to be had, so this is what its tested version exports. {surface}", err=True)
        yield known[name] if isinstance(surface, str) else surface


def _asked(name: str) -> Surface | str:
    """What a target exports, or why it is not to be had."""
    from normcheck.cases.coverage.matrix import Surface

    try:
        found = discover([name], ["cpu"])
        if not found.targets:
            return found.missing[0].reason
        ready, exports = exported(found.targets[0])
    except (TargetError, Failed) as error:
        return str(error)
    return Surface(found.targets[0].name, ready.dialect, ready.versions, exports)


def _keep(surfaces: Mapping[str, Surface]) -> None:
    from normcheck.cases.coverage.matrix import PATH, TARGETS, text_of

    try:
        PATH.write_text(text_of(surfaces[name] for name in TARGETS if name in surfaces), encoding="utf-8", newline="\n")
    except OSError as error:
        raise Stop(f"{PATH} cannot be written: {error.strerror or error}.") from None
