"""`normcheck report`: a page from one record or several."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

from normcheck.reports.comparing.classes import FAILING
from normcheck.reports.comparing.compare import compare
from normcheck.reports.comparing.page import compared
from normcheck.reports.comparing.pairing import CompareError
from normcheck.reports.exports.badge import shields, svg
from normcheck.reports.exports.junit import junit
from normcheck.reports.exports.markdown import markdown
from normcheck.reports.exports.tables import as_csv, as_json
from normcheck.reports.page import write_page
from normcheck.reports.page.alone import View
from normcheck.reports.reading import Record
from normcheck.reports.summary import terminal
from normcheck.reports.trends.history import HistoryError, files, read
from normcheck.reports.trends.page import benchmarked

from .records import RECORD, Stop, merged, written

MOST = 40


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
@click.option(
    "--compare", "before", type=RECORD, help="Show what changed since this record, or between two versions in one."
)
@click.option(
    "--benchmarks",
    "places",
    multiple=True,
    type=RECORD,
    help="Show the times saved here: a file, or .benchmarks.",
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
    before: Path | None,
    places: tuple[Path, ...],
    csv_file: Path | None,
    json_file: Path | None,
    junit_file: Path | None,
    markdown_file: Path | None,
    badge: Path | None,
    shields_file: Path | None,
) -> None:
    """Make one self-contained page from RECORDS (several are merged), and print their summary."""
    record = merged(records)
    more = [*([changes(before, record, records)] if before else []), *([times(places)] if places else [])]
    inputs = [*records, *([before] if before else [])]
    place = written(lambda path: write_page(record, path, more), output, inputs)
    exports: list[tuple[Path | None, Callable[[Record], str]]] = [
        (csv_file, as_csv),
        (json_file, as_json),
        (junit_file, junit),
        (markdown_file, markdown),
        (badge, svg),
        (shields_file, shields),
    ]
    others = [written(partial(store, text(record)), path, inputs) for path, text in exports if path is not None]
    click.echo(terminal(record, colour=sys.stdout.isatty()))
    click.echo("\n" + "\n".join(map(str, [*others, place])))


def changes(before: Path, record: Record, records: Sequence[Path]) -> View:
    """What changed since the record `before`; where there is no other, between its two versions. Raises Stop."""
    one = [path.resolve() for path in records] == [before.resolve()]
    try:
        found = compare(record if one else merged([before]), record)
    except CompareError as error:
        raise Stop(str(error)) from None
    return compared(found, FAILING)


def times(places: Sequence[Path]) -> View:
    """The times of the benchmarks that are saved in `places`. Raises Stop."""
    try:
        return benchmarked(read(files(places)), MOST)
    except HistoryError as error:
        raise Stop(str(error)) from None


def store(text: str, path: Path) -> Path:
    """Writes `text` to `path`, and its folder where absent. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
