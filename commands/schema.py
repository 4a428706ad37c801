"""`normcheck schema`: the committed JSON Schemas of specs and records, written anew or checked."""

from __future__ import annotations

from pathlib import Path

import click

from normcheck.reports import schema as records
from normcheck.specs import schema as specs

from .records import Stop


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; name each file that is out of date and exit with status 1.")
@click.pass_context
def schema(context: click.Context, check: bool) -> None:
    """Write the JSON Schemas of the spec files and of records from the models."""
    texts = {specs.FOLDER / name: specs.schema_text(name) for name in specs.MODELS} | {records.PATH: records.text()}
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        renew(path, texts[path], check)
    if not stale:
        click.echo(f"{len(texts)} schemas are up to date")
    context.exit(1 if check and stale else 0)


def renew(path: Path, text: str, check: bool) -> None:
    """Writes the schema, or says how that is done."""
    if check:
        click.echo(f"{path} is out of date; run `normcheck schema` to write it.", err=True)
        return
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Stop(f"{path} cannot be written: {error.strerror or error}.") from None
    click.echo(path)
