"""`normcheck bench`: is the new one slower than the base, with a known rate of false alarms."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from packaging.requirements import InvalidRequirement, Requirement

from normcheck.adapters.loading import TargetError, is_file
from normcheck.adapters.process.process import Failed
from normcheck.adapters.targets import Target, discover
from normcheck.cases.benchmarks.benchmark import asked_of, benchmarks, selected
from normcheck.cases.benchmarks.decision import Rules
from normcheck.cases.benchmarks.gate import LOOKS, Comparison, Held, Plan, compare
from normcheck.cases.benchmarks.verdicts import as_values, failed, table
from normcheck.cases.ledger import LEDGER, read_ledger
from normcheck.cases.runs.run import ledger_for
from normcheck.cases.suite import suite

from .records import Stop, written

FOR_EACH, AT_LEAST = 10.0, 60.0


def share(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """The share that `5%` or `0.05` is. Raises BadParameter for what is none, or not above 0 and below 100 %."""
    if text is None:
        return None
    try:
        found = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        found = 0.0
    if not 0 < found < 1:
        raise click.BadParameter(f"{text!r} is no share; write 5% or 0.05")
    return found


@click.command()
@click.argument("base")
@click.argument("new")
@click.option("--target", "adapter", default="", help="What is timed of requirements: an adapter (keras:graph).")
@click.option("--device", default="cpu", show_default=True, help="Time on this device.")
@click.option("--layer", "layers", multiple=True, help="Time the benchmarks of this layer only; may be repeated.")
@click.option("--case", "cases", multiple=True, help="Time those whose id matches this pattern; may be repeated.")
@click.option("--full", is_flag=True, help="Time every dtype (default: the first of each benchmark).")
@click.option("--limit", callback=share, default="5%", show_default=True, help="What matters: `same` is surely within.")
@click.option("--fail-on-slowdown", "slowdown", callback=share, help="Exit with 1 for a slowdown that may be as large.")
@click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    help="Seconds after which no launch but the first four is begun (default: 10 per benchmark, at least 60).",
)
@click.option("--json", "output", type=click.Path(path_type=Path), help="Write all that was measured to this file.")
def bench(
    base: str,
    new: str,
    adapter: str,
    device: str,
    layers: tuple[str, ...],
    cases: tuple[str, ...],
    full: bool,
    limit: float,
    slowdown: float | None,
    budget: float | None,
    output: Path | None,
) -> None:
    """Time BASE and NEW in turns and say of each benchmark whether it is faster, slower, the same, or undecided.

    Both are what pytest's --target takes (torch, torch@path/to/python, my_layers.py), or requirements (keras==3.8.0),
    which are installed as `normcheck upgrade` does it.
    """
    first, second = (_target(text, device) for text in _texts(base, new, adapter))
    if first.host != second.host:
        raise Stop("Both are to be timed on one machine: name the same @ssh:host for BASE and NEW, or none.")
    every = selected(benchmarks(suite().specs.layers), full, cases, layers)
    asked = [one for one in every if asked_of(one, first) and asked_of(one, second)]
    if not asked:
        raise Stop("no benchmark is selected that both are asked; `pytest -m benchmark --collect-only -q` lists them.")
    if output is not None and not output.absolute().parent.is_dir():
        raise Stop(f"{output} cannot be written: there is no folder {output.parent}.")
    rules = Rules(limit=min(limit, slowdown or limit), benchmarks=len(asked), looks=len(LOOKS))
    plan = Plan(rules, budget=budget or max(AT_LEAST, FOR_EACH * len(asked)))
    entries = read_ledger(LEDGER)
    known = ledger_for(first, entries), ledger_for(second, entries)
    found = Comparison((first, second), [Held(one) for one in asked], plan, known)
    try:
        compare(found, lambda text: click.echo(text, err=True))
    except (Failed, OSError) as error:
        raise Stop(str(error)) from None
    for line in table(found):
        click.echo(line)
    if output is not None:
        values = json.dumps(as_values(found))
        written(lambda path: path.write_text(values, encoding="utf-8"), output, [])
    sys.exit(failed(found, slowdown))


def _texts(base: str, new: str, adapter: str) -> tuple[str, str]:
    """Both sides as --target takes them; environments are built for requirements."""
    if not any(map(_is_requirement, (base, new))):
        return base, new
    from .environments.building import NotInstalled
    from .environments.plan import usual_cache
    from .upgrading.sides import Options, Wrong, sides, wanted

    named = (adapter,) if adapter else ()
    options = Options(usual_cache().absolute(), lambda line: click.echo(line, err=True), named)
    try:
        found = sides(wanted(base), wanted(new), options)
    except (Wrong, NotInstalled) as error:
        raise Stop(str(error)) from None
    first, second = (f"{side.targets[0]}@{side.environment.python}" for side in found)
    return first, second


def _is_requirement(text: str) -> bool:
    """Whether a version is asked for; a path to an environment that is there counts as well."""
    if text.startswith("@"):
        return True
    if is_file(text.partition("@")[0]):
        return False
    try:
        return bool(Requirement(text.split()[0]).specifier)
    except (InvalidRequirement, IndexError):
        return False


def _target(text: str, device: str) -> Target:
    """The first target of `text` on `device`: the mode that is named, else the adapter's first. Raises Stop."""
    try:
        found = discover([text], [device])
    except TargetError as error:
        raise Stop(str(error)) from None
    if not found.targets:
        raise Stop(f"{text}: {found.missing[0].reason}")
    return found.targets[0]
