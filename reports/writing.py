"""Writes a record line by line, so that a run cut short leaves everything it had found."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from .line import Line
from .record import Header


def encoded(line: Line) -> str:
    """`line` as one line of JSON, without its end; fields at their default are left out, `kind` never is."""
    lead = {"kind": True, "schema_version": True} if isinstance(line, Header) else {"kind": True}
    first = line.model_dump_json(include=lead)
    rest = line.model_dump_json(exclude=lead, exclude_defaults=True)
    return first[:-1] + "," + rest[1:]


class RecordWriter:
    """Appends lines to the record at `path`; what stood there before is replaced.

    The folder is made where it is absent. Each line is handed to the operating system as it is appended, so
    that a crash of the process loses nothing. Raises IsADirectoryError where `path` is a folder, OSError
    where it cannot be written, and ValueError for a line appended after `close`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise IsADirectoryError(f"{self.path} is a folder; name a file for the record.")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w", encoding="utf-8", newline="\n")

    def append(self, line: Line) -> None:
        """Writes `line` and flushes it."""
        self._file.write(encoded(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file; a second time does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
