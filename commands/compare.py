"""`normcheck compare`: what changed between two records."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from normcheck.reports.comparing.as_json import as_json
from normcheck.reports.comparing.classes import FAILING, KINDS, chosen
from normcheck.reports.comparing.compare import compare as compared
from normcheck.reports.comparing.junit import junit
from normcheck.reports.comparing.markdown import markdown
from normcheck.reports.comparing.page import render
from normcheck.reports.comparing.pairing import CompareError
from normcheck.reports.comparing.text import terminal

from .records import RECORD, Stop, merged, written


@click.command()
@click.argument("before", type=RECORD)
@click.argument("after", type=RECORD, required=False)
@click.option("--before", "old", multiple=True, metavar="ID", help="Targets of the one side: ids, or patterns of them.")
@click.option("--after", "new", multiple=True, metavar="ID", help="Targets of the other side.")
@click.option(
    "--fail-on",
    default=",".join(FAILING),
    show_default=True,
    metavar="CLASSES",
    help=f"Exit with status 1 where there is an entry of one of these classes: {', '.join(KINDS)}; or `none`.",
)
@click.option("-o", "--output", "page", type=RECORD, help="Write a page (HTML) to this file.")
@click.option("--json", "json_file", type=RECORD, help="Write everything as JSON to this file.")
@click.option("--junit", "junit_file", type=RECORD, help="Write JUnit XML to this file.")
@click.option("--markdown", "markdown_file", type=RECORD, help="Write Markdown, of 1,024 kB at most, to this file.")
def compare(
    before: Path,
    after: Path | None,
    old: tuple[str, ...],
    new: tuple[str, ...],
    fail_on: str,
    page: Path | None,
    json_file: Path | None,
    junit_file: Path | None,
    markdown_file: Path | None,
) -> None:
    """Say what changed from the record BEFORE to the record AFTER.

    Without AFTER, or where it is the same file, the two versions of each target in one record are compared.
    """
    try:
        failing = chosen(fail_on)
        first = merged([before])
        second = first if after is None or after.resolve() == before.resolve() else merged([after])
        found = compared(first, second, old, new)
    except (ValueError, CompareError) as error:
        raise Stop(str(error)) from None
    click.echo(terminal(found, failing, colour=sys.stdout.isatty()))
    texts: dict[Path | None, Callable[[], str]] = {
        page: lambda: render(found, failing),
        json_file: lambda: as_json(found),
        junit_file: lambda: junit(found, failing),
        markdown_file: lambda: markdown(found, failing),
    }
    inputs = [path for path in (before, after) if path]
    for path, text in texts.items():
        if path is not None:
            click.echo(str(written(partial(_store, text()), path, inputs)))
    click.get_current_context().exit(1 if found.failing(failing) else 0)


def _store(text: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
