"""`normcheck merge`: several records made one."""

from __future__ import annotations

from pathlib import Path

import click

from normcheck.reports.merging import content, write
from normcheck.reports.summary import printable, verdict_sentences

from .records import RECORD, merged, written


@click.command()
@click.argument("records", nargs=-1, required=True, type=RECORD)
@click.option("-o", "--output", required=True, type=RECORD, help="The file to write.")
def merge(records: tuple[Path, ...], output: Path) -> None:
    """Merge RECORDS of shards, targets or machines into one; duplicates and conflicts are reported.

    Where shards are among them, the exit status is that of the whole: it alone can tell that a shard is missing, or
    that an entry of the ledger matched in none.
    """
    record = merged(records)
    written(lambda path: write(record, path), output, records)
    for problem in record.problems:
        click.echo(printable(problem))
    several = "" if len(record.targets) == 1 else "s"
    size = f"{len(record.checks):,} checks on {len(record.targets):,} target{several}"
    click.echo(f"{output}: {size}, content {content(record)}")
    if record.footer is not None and any(part.shard for part in record.header.parts):
        for sentence in verdict_sentences(record):
            click.echo(printable(sentence))
        click.get_current_context().exit(record.footer.exit_status)
