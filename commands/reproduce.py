"""`normcheck reproduce`: a case as a script that runs by itself."""

from __future__ import annotations

from pathlib import Path

import click

from normcheck.adapters.loading import TargetError
from normcheck.adapters.targets import Target, discover
from normcheck.cases.case import Case
from normcheck.cases.runs.run import reproduce as asked_again
from normcheck.cases.scripts.case_script import case_script
from normcheck.cases.scripts.script import Unwritten
from normcheck.cases.suite import asked_of, suite
from normcheck.specs.sentences import suggestion

from .records import RECORD, Stop, written


@click.command()
@click.argument("case")
@click.option(
    "--target", "requested", required=True, help="Whose script: a target as pytest is given it, torch:compile."
)
@click.option("-o", "--output", type=RECORD, help="The file to write (default: print it).")
def reproduce(case: str, requested: str, output: Path | None) -> None:
    """Print a script that does what CASE does, with the framework alone: construct, input, call, print.

    Where none can be written, the script says why, and gives the line that asks the suite again.
    """
    one, target = named(case), found(requested)
    if not asked_of(one, target):
        raise Stop(f"{target.title} is not asked {case}.")
    text = text_of(one, target)
    if output is None:
        click.echo(text, nl=False)
    else:
        written(lambda path: path.write_text(text, encoding="utf-8"), output, [])


def text_of(case: Case, target: Target) -> str:
    """The script; where there is none, one that says why and gives the line for pytest."""
    try:
        return case_script(case, target)
    except Unwritten as reason:
        told = f"There is no script of this case: {reason}. Run {asked_again(case.id, target)}"
        return f"raise SystemExit({told!r})\n"


def named(case: str) -> Case:
    """The case of an id. Raises Stop."""
    every = suite().by_id
    if case not in every:
        raise Stop(f"there is no case {case}{suggestion(case, list(every))}")
    return every[case]


def found(requested: str) -> Target:
    """The first target of what is asked for. Raises Stop."""
    try:
        every = discover([requested], full=":" in requested)
    except TargetError as error:
        raise Stop(str(error)) from None
    if not every.targets:
        raise Stop(f"{requested} cannot be had: {every.missing[0].reason}")
    return every.targets[0]
