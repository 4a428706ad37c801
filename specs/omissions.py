"""What the specs leave out of what frameworks export, each with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from .grammar import Frozen
from .reader import PACKAGED, first
from .sentences import problems
from .source import read_source
from .vocabulary import Dialect, Sentence

PATH = PACKAGED / "omissions.yaml"
Names = Annotated[list[str], Field(min_length=1)]


class ExportOmission(Frozen):
    """Exports that are left out whole, by name or by a pattern of names."""

    names: Names
    reason: Sentence


class ArgumentOmission(Frozen):
    """Arguments that are left out, of the exports that `of` names."""

    of: Names
    arguments: Names
    reason: Sentence


class AspectOmission(Frozen):
    """Columns of the matrix that are left out, for layers by the specs' names, in some dialects (default: all)."""

    layers: Names
    dialects: Annotated[list[Dialect], Field(min_length=1)] | None = None
    columns: Names
    reason: Sentence


class Omissions(Frozen):
    """The file. Names may be patterns with `*`."""

    exports: list[ExportOmission]
    arguments: list[ArgumentOmission]
    columns: list[AspectOmission]


def read_omissions(path: Path = PATH) -> Omissions:
    """The omissions in a file. Raises SpecError that names file, line, column, field and what was expected."""
    source = read_source(path)
    try:
        return Omissions.model_validate(source.data)
    except ValidationError as error:
        raise first(source, problems(error, source.data, Omissions)) from None
