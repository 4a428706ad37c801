"""`normcheck report`: a page from one record or several."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from normcheck.reports.exports.badge import shields, svg
from normcheck.reports.exports.junit import junit
from normcheck.reports.exports.markdown import markdown
from normcheck.reports.exports.tables import as_csv, as_json
from normcheck.reports.page import write_page
from normcheck.reports.reading import Record
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
@click.option("--csv", "csv_file", type=RECORD, help="Write every check as CSV to this file.")
@click.option("--json", "json_file", type=RECORD, help="Write everything as JSON to this file.")
@click.option("--junit", "junit_file", type=RECORD, help="Write JUnit XML to this file.")
@click.option("--markdown", "markdown_file", type=RECORD, help="Write Markdown, of 1,024 kB at most, to this file.")
@click.option("--badge", type=RECORD, help="Write a badge (SVG) to this file.")
@click.option("--shields", "shields_file", type=RECORD, help="Write the JSON of a shields.io endpoint to this file.")
def report(
    records: tuple[Path, ...],
    output: Path,
    csv_file: Path | None,
    json_file: Path | None,
    junit_file: Path | None,
    markdown_file: Path | None,
    badge: Path | None,
    shields_file: Path | None,
) -> None:
    """Make one self-contained page from RECORDS (several are merged), and print their summary."""
    record = merged(records)
    place = written(lambda path: write_page(record, path), output, records)
    exports: list[tuple[Path | None, Callable[[Record], str]]] = [
        (csv_file, as_csv),
        (json_file, as_json),
        (junit_file, junit),
        (markdown_file, markdown),
        (badge, svg),
        (shields_file, shields),
    ]
    others = [written(partial(store, text(record)), path, records) for path, text in exports if path is not None]
    click.echo(terminal(record, colour=sys.stdout.isatty()))
    click.echo("\n" + "\n".join(map(str, [*others, place])))


def store(text: str, path: Path) -> Path:
    """Writes `text` to `path`, and its folder where absent. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
