"""`normcheck upgrade`: what another version of a framework changes, from building both environments to the page."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from normcheck.adapters.targets import safe
from normcheck.cases.runs.options import OPTIONS
from normcheck.cases.runs.progress import duration
from normcheck.cases.runs.selection import Selection
from normcheck.reports.comparing.classes import FAILING
from normcheck.reports.comparing.classes import chosen as kinds
from normcheck.reports.comparing.pairing import CompareError
from normcheck.reports.comparing.text import terminal
from normcheck.reports.reading import read

from .environments.building import NotInstalled
from .environments.plan import Plan, usual_cache
from .records import Stop
from .upgrading.files import append, exchanged, pairs
from .upgrading.files import targets as targets_of
from .upgrading.results import PAGE, compared, write
from .upgrading.running import run
from .upgrading.sides import Options, Wrong, sides, wanted

FOLDER = "normcheck-report"
RECORD = "record.jsonl"


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("before")
@click.argument("after")
@click.argument("pytest_options", nargs=-1, type=click.UNPROCESSED)
@click.option("--target", "targets", multiple=True, help="Judge this: an adapter (keras:eager), a file of your own.")
@click.option("--host", default="", help="What stands behind both sides: tensorflow==2.16.2, or @path/to/python.")
@click.option("--layer", "layers", multiple=True, help="Ask the cases of this layer only.")
@click.option("--case", "cases", multiple=True, help="Ask the cases whose id matches this pattern only.")
@click.option("--full", is_flag=True, help="Ask every case, in every mode (default: the quick list).")
@click.option(
    "--case-timeout",
    "limit",
    type=float,
    default=OPTIONS["--case-timeout"]["default"],
    show_default=True,
    help="The longest a target may take for one case, and for a file.",
)
@click.option(
    "--fail-on",
    default=",".join(FAILING),
    show_default=True,
    metavar="CLASSES",
    help="Exit with status 1 where there is an entry of one of these classes (docs: validate an upgrade); or `none`.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder for record, page and scripts.")
@click.option("--cache", type=click.Path(path_type=Path), default=usual_cache, help="The folder for environments.")
@click.option("--rebuild", is_flag=True, help="Build the environments again, though they are there.")
@click.option("--python", default=sys.executable, help="The interpreter that environments are made of.")
@click.option("--find-links", multiple=True, help="A folder or page where pip looks for distributions too.")
@click.option("--installer", type=click.Choice(["pip", "uv"]), default="pip", show_default=True)
def upgrade(
    before: str,
    after: str,
    pytest_options: tuple[str, ...],
    targets: tuple[str, ...],
    host: str,
    layers: tuple[str, ...],
    cases: tuple[str, ...],
    full: bool,
    limit: float,
    fail_on: str,
    output: Path | None,
    cache: Path,
    rebuild: bool,
    python: str,
    find_links: tuple[str, ...],
    installer: str,
) -> None:
    """Say what changes from BEFORE to AFTER: requirements such as keras==3.8.0, or @path/to/python.

    Both are installed, asked the same, and compared; what each saves, the other opens. PYTEST_OPTIONS, such as -k,
    select what is asked.
    """
    plan = Plan((), python=python, find_links=tuple(map(absolute, find_links)), installer=installer)
    options = Options(cache.absolute(), tell, targets, host, rebuild, plan)
    chosen = Selection(full, cases, layers)
    began = time.monotonic()
    try:
        failing = kinds(fail_on)
        both = sides(wanted(before), wanted(after), options)
        folder = output or Path(FOLDER, f"{safe(before)}-to-{safe(after)}")
        run(both, folder / RECORD, [*words(chosen), f"--case-timeout={limit:g}", *pytest_options])
        before_and_after = targets_of(both)
        append(folder / RECORD, list(exchanged(pairs(*before_and_after), chosen, limit, tell)))
        found = compared(read(folder / RECORD), *before_and_after, folder)
    except (Wrong, NotInstalled, CompareError, ValueError) as error:
        raise Stop(str(error)) from None
    write(found, failing, folder)
    tell(f"\n{terminal(found, failing, colour=sys.stdout.isatty())}")
    tell(f"\n{folder / PAGE}, after {duration(time.monotonic() - began)}")
    click.get_current_context().exit(1 if found.failing(failing) else 0)


def words(chosen: Selection) -> list[str]:
    """A selection as pytest is given it."""
    named = {"--layer": chosen.layers, "--case": chosen.cases}
    given = [word for option, values in named.items() for value in values for word in (option, value)]
    return [*given, *(["--full"] if chosen.full else [])]


def tell(line: str) -> None:
    """Say at once what goes on."""
    click.echo(line)
    sys.stdout.flush()


def absolute(place: str) -> str:
    """A place for pip to look, which is a folder here or the address of a page."""
    return place if "://" in place else str(Path(place).absolute())
