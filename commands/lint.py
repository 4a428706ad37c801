"""`normcheck lint`: checks the specs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from normcheck.specs.grammar import LayerSpec
from normcheck.specs.reader import SpecError, read_all, read_claims, read_layer, read_model, read_topic

READERS: Mapping[str, Callable[[Path], Any]] = {
    "layer": read_layer,
    "topic": read_topic,
    "model": read_model,
    "document": read_claims,
}
FIRST_KEYS = "layer:, topic:, model: or document:"


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.pass_context
def lint(context: click.Context, files: tuple[Path, ...]) -> None:
    """Check FILES each on its own, or without any every spec of normcheck, one with another."""
    problems = [problem for path in files if (problem := problem_in(path))] if files else packaged_problems()
    for problem in problems:
        click.echo(problem, err=True)
    if not problems:
        number = len(files) or counted()
        click.echo(f"{number} spec{' is' if number == 1 else 's are'} sound")
    context.exit(1 if problems else 0)


def problem_in(path: Path) -> str:
    """The first thing wrong with a file; empty where nothing is."""
    reader = reader_for(path)
    if reader is None:
        return f"{path}:1:1: no line begins with {FIRST_KEYS}, so it is not known what it specifies"
    try:
        spec = reader(path)
    except SpecError as error:
        return str(error)
    return next((f"{path}: {sentence}" for sentence in unseen(spec)), "")


def unseen(spec: Any) -> Iterator[str]:
    """What the cases of a layer claim to show and cannot; its relations are held to nothing."""
    from normcheck.cases.lint import visibility
    from normcheck.cases.requests.expand import layer_cases

    if not isinstance(spec, LayerSpec):
        return iter(())
    return visibility.unseen(layer_cases(spec.model_copy(update={"relations": {}})))


def reader_for(path: Path) -> Callable[[Path], Any] | None:
    """The reader for what a file's top-level keys say it is; a layer's where it cannot be opened."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            starts = [line.partition(":")[0] for line in file.read(2**20).splitlines()]
    except OSError:
        return read_layer
    return next((READERS[start] for start in starts if start in READERS), None)


def packaged_problems() -> list[str]:
    """The first thing wrong with the specs of normcheck, or what their cases cannot show."""
    try:
        specs = read_all()
    except SpecError as error:
        return [str(error)]
    return [sentence for spec in specs.layers.values() for sentence in unseen(spec)]


def counted() -> int:
    """How many specs normcheck has."""
    specs = read_all()
    return len(specs.layers) + len(specs.topics) + len(specs.models) + len(specs.claims)
