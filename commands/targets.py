"""`normcheck targets`: what can be judged here, and why the rest cannot."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import click

from normcheck.adapters.loading import TargetError
from normcheck.adapters.process.transport import Worker
from normcheck.adapters.process.worker import Ready
from normcheck.adapters.targets import Discovery, Missing, Target, discover


@click.command()
@click.option(
    "--target",
    "requested",
    multiple=True,
    help="A name, a mode of it (torch:compile), a file (my_layers.py), a module; any with @path/to/python, @ssh:host.",
)
@click.option("--device", default="", help="Only these devices, separated by commas.")
def targets(requested: tuple[str, ...], device: str) -> None:
    """List every target, started once, and every adapter that cannot be had, with the reason."""
    devices = [name.strip() for name in device.split(",") if name.strip()]
    try:
        found = discover(requested or None, devices or None, full=True)
    except TargetError as error:
        raise click.ClickException(str(error)) from error
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        answers = list(pool.map(started, found.targets))
    for target, (ready, reason) in zip(found.targets, answers, strict=True):
        click.echo(line(target, ready, reason))
    for missing in found.missing:
        click.echo(absent(missing))
    working = sum(ready is not None for ready, _ in answers)
    click.echo(summary(found, working))
    click.get_current_context().exit(0 if working else 1)


def started(target: Target) -> tuple[Ready | None, str]:
    """What a target says of itself, and why it does not start."""
    with Worker(target) as worker:
        return worker.start(), worker.unavailable or ""


def line(target: Target, ready: Ready | None, reason: str) -> str:
    """One target in two lines: what it is called, and what it is made of."""
    if ready is None:
        return f"{target.id:<28} not to be had: it {reason}"
    made = ", ".join(f"{name} {version}" for name, version in ready.versions.items())
    facts = [
        f"{target.dialect} dialect",
        made,
        f"python {ready.python}",
        f"{ready.threads} thread{'s' if ready.threads != 1 else ''}",
        "compiles each case" if target.compiles else "",
        "on the full list" if target.full else "",
    ]
    return f"{target.id:<28} {target.title}\n{'':<28} {', '.join(filter(None, facts))}"


def absent(missing: Missing) -> str:
    """One adapter that is not there."""
    return f"{missing.adapter:<28} not to be had: {missing.reason}"


def summary(found: Discovery, working: int) -> str:
    """The last line."""
    lacking = len(found.targets) - working + len(found.missing)
    return f"{working} to be had, {lacking} not"
