"""What each side saves, the other opens: lines for a record that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from normcheck.adapters.targets import Target, discover
from normcheck.cases.runs.opening import about_files, opened
from normcheck.cases.runs.selection import Selection
from normcheck.cases.suite import suite
from normcheck.reports.record import Opened
from normcheck.reports.writing import encoded

from .sides import Side

PLAIN = "eager"
SHARE = 4


def targets(sides: tuple[Side, Side]) -> tuple[list[Target], list[Target]]:
    """What is judged on either side, called as in the run that judged both."""
    found = discover([one for side in sides for one in side.requested]).targets
    before, after = (
        [one for one in found if (one.python, one.again) == (side.environment.python, side.again)] for side in sides
    )
    return before, after


def pairs(before: Sequence[Target], after: Sequence[Target]) -> list[tuple[Target, Target]]:
    """The targets of both sides that call a layer plainly, side by side in the order in which they are asked for."""
    plain = [[one for one in side if one.mode == PLAIN] for side in (before, after)]
    return [(one, other) for one, other in zip(*plain, strict=False) if one.id != other.id]


def exchanged(
    both: Sequence[tuple[Target, Target]], chosen: Selection, limit: float, tell: Callable[[str], None]
) -> Iterator[Opened]:
    """What became of every file. limit: the most seconds that a target may take to save or open one."""
    for pair in both:
        files = about_files(suite().cases, pair, chosen)

        def told(number: int, of: int, title: str = f"{pair[0].title} and {pair[1].title}") -> None:
            if number * SHARE // of > (number - 1) * SHARE // of:
                tell(f"files of {title}: {number} of {of} opened")

        yield from opened(pair, files, limit, told)


def append(record: Path, lines: Sequence[Opened]) -> None:
    """Put lines before the last one of a record, which is its footer."""
    *first, last = record.read_text(encoding="utf-8").splitlines()
    record.write_text("".join(f"{line}\n" for line in [*first, *map(encoded, lines), last]), encoding="utf-8")
