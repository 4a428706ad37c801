"""`normcheck judged`: what a run judged, by target and layer, and what it found."""

from __future__ import annotations

from pathlib import Path

import click

from normcheck.reports.judged import table

from .records import RECORD, merged


@click.command()
@click.argument("records", nargs=-1, required=True, type=RECORD)
def judged(records: tuple[Path, ...]) -> None:
    """Print how many aspects of each layer were judged on each target of RECORDS, and the entries of the ledger met."""
    click.echo(table(merged(records)))
