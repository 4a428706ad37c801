"""`normcheck report`: a page from one record or several."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from normcheck.reports.page import write_page
from normcheck.reports.summary import terminal

from .records import RECORD, merged, written


@click.command()
@click.argument("records", nargs=-1, required=True, type=RECORD)
@click.option(
    "-o",
    "--output",
    type=RECORD,
    default=Path("normcheck-report/page.html"),
    show_default=True,
    help="The file to write.",
)
def report(records: tuple[Path, ...], output: Path) -> None:
    """Make one self-contained page from RECORDS (several are merged), and print their summary."""
    record = merged(records)
    place = written(lambda path: write_page(record, path), output, records)
    click.echo(terminal(record, colour=sys.stdout.isatty()))
    click.echo(f"\n{place}")
