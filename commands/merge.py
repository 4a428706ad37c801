"""`normcheck merge`: several records made one."""

from __future__ import annotations

from pathlib import Path

import click

from normcheck.reports.merging import write
from normcheck.reports.summary import printable

from .records import RECORD, merged, written


@click.command()
@click.argument("records", nargs=-1, required=True, type=RECORD)
@click.option("-o", "--output", required=True, type=RECORD, help="The file to write.")
def merge(records: tuple[Path, ...], output: Path) -> None:
    """Merge RECORDS of shards, targets or machines into one; duplicates and conflicts are reported."""
    record = merged(records)
    written(lambda path: write(record, path), output, records)
    for problem in record.problems:
        click.echo(printable(problem))
    several = "" if len(record.targets) == 1 else "s"
    click.echo(f"{output}: {len(record.checks):,} checks on {len(record.targets):,} target{several}")
