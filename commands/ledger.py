"""`normcheck ledger`: drafts ledger entries for the failures that nothing explains yet."""

from __future__ import annotations

from pathlib import Path

import click

from normcheck.reports.ledger_draft import draft

from .records import RECORD, merged, written


@click.command()
@click.argument("records", nargs=-1, required=True, type=RECORD)
@click.option("-o", "--output", type=RECORD, help="The file to write; without it the draft is printed.")
def ledger(records: tuple[Path, ...], output: Path | None) -> None:
    """Draft ledger entries from the unexplained failures of RECORDS, for a person to complete."""
    text = draft(merged(records))
    if output is None:
        click.echo(text, nl=False)
        return
    written(lambda path: path.write_text(text, encoding="utf-8"), output, records)
    click.echo(output)
