"""`normcheck explain`: what a record knows of one case."""

from __future__ import annotations

from pathlib import Path

import click

from normcheck.reports.exports.explaining import cases_like, explained
from normcheck.reports.summary import printable

from .records import RECORD, Stop, merged


@click.command()
@click.argument("case")
@click.argument("records", nargs=-1, required=True, type=RECORD)
@click.option("--target", default="", help="Only targets whose id holds this.")
def explain(case: str, records: tuple[Path, ...], target: str) -> None:
    """Say what RECORDS know of CASE: what must hold, what became of it, and the evidence."""
    record = merged(records)
    text = explained(record, case, target)
    if not text:
        near = [printable(name) for name in cases_like(record, case)]
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        where = f" on a target like {target}" if target else ""
        raise Stop(f"The record has no check of {case}{where}.{hint}")
    click.echo(text)
