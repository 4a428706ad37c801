"""`normcheck new-adapter`: a file to start from, which runs as it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click

from .starting_files import NEEDS, starting_file


@click.command("new-adapter")
@click.option(
    "--kind", type=click.Choice(list(NEEDS)), help="What the layer is made with; by default what is installed."
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=Path("my_layers.py"))
def new_adapter(kind: str | None, file: Path) -> None:
    """Write FILE (my_layers.py), which judges a layer of your own; put your layer where the comments say."""
    chosen = kind or next(name for name, needs in NEEDS.items() if importlib.util.find_spec(needs))
    if file.suffix != ".py":
        raise click.UsageError(f"{file} is no Python file: give it the ending .py.")
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(starting_file(chosen))
    except FileExistsError as error:
        raise click.UsageError(f"{file} is there already: name another file, or remove it.") from error
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}.") from error
    click.echo(f"{file} judges a layer made with {chosen}. Now:")
    click.echo(f"  pytest --pyargs normcheck.cases --target {file} --layer layer_normalization")
