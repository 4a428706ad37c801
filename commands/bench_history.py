"""`normcheck bench-history`: how times moved over the runs that pytest-benchmark saved."""

from __future__ import annotations

from pathlib import Path

import click

from normcheck.reports.trends.history import HistoryError, files, read
from normcheck.reports.trends.page import table, write_page

from .records import RECORD, Stop, written

STORAGE = Path(".benchmarks")


@click.command()
@click.argument("places", nargs=-1, type=RECORD)
@click.option("-o", "--output", type=RECORD, help="Write a page with all trends to this file.")
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True, help="How many movements to show.")
def bench_history(places: tuple[Path, ...], output: Path | None, most: int) -> None:
    """Show the largest movements in the runs saved in PLACES: files or folders (default: .benchmarks).

    `pytest -m benchmark --benchmark-autosave` saves a run there.
    """
    try:
        found = files(places or (STORAGE,))
        every = read(found)
    except HistoryError as error:
        raise Stop(str(error)) from None
    if not every:
        raise Stop("there is no run of normcheck's benchmarks in these files.")
    for line in table(every, most):
        click.echo(line)
    if output is not None:
        click.echo(written(lambda path: write_page(every, path, most), output, found))
