"""`normcheck baseline`: a small file to commit, that later runs are held against."""

from __future__ import annotations

from pathlib import Path

import click

from normcheck.reports.comparing.baseline import baseline_text

from .records import RECORD, Stop, merged, written


@click.command()
@click.argument("record", type=RECORD)
@click.option("-o", "--output", required=True, type=RECORD, help="The file to write.")
def baseline(record: Path, output: Path) -> None:
    """Condense RECORD to a file for `pytest --baseline`."""
    whole = merged([record])
    if not whole.complete:
        raise Stop(f"{record} is not complete ({whole.shortfall}): a baseline would lack what did not run.")
    text = baseline_text(whole)

    def store(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        return path

    written(store, output, [record])
    versions = ", ".join(line.title for line in whole.targets if not line.reason)
    click.echo(f"{output}: {len(text.encode()) / 1000:,.0f} kB, {versions}")
    if not whole.seen:
        click.echo(
            "The record does not hold what each target was seen to do: make it with --observations, so that the "
            "baseline tells of weights, configuration, exceptions, warnings and unjudged numbers as well."
        )
