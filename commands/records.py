"""Reads and writes for the commands; what goes wrong is one sentence and exit status 2."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from normcheck.reports.merging import merge
from normcheck.reports.reading import Record, RecordError, read

T = TypeVar("T")
RECORD = click.Path(path_type=Path)


class Stop(click.ClickException):
    """What a person can mend: shown as one sentence, with exit status 2."""

    exit_code = 2


def merged(paths: Sequence[Path]) -> Record:
    """The record of one path, or of several merged; a lone shard is no whole. Raises Stop for what is not a record."""
    try:
        records = [read(path) for path in paths]
    except RecordError as error:
        raise Stop(str(error)) from None
    alone = len(records) == 1 and records[0].header.shard is None
    return records[0] if alone else merge(records)


def written(write: Callable[[Path], T], output: Path, inputs: Sequence[Path]) -> T:
    """What `write` gives for `output`. Raises Stop for a folder, an input, or what cannot be written."""
    if output.is_dir():
        raise Stop(f"{output} is a folder; name a file to write with -o.")
    if output.resolve() in [path.resolve() for path in inputs]:
        raise Stop(f"{output} is one of the records read; name another file to write with -o.")
    try:
        return write(output)
    except OSError as error:
        raise Stop(f"{output} cannot be written: {error.strerror or error}.") from None
