"""Files that one target saves and another opens: those of the cases that are about files anyway."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from normcheck.adapters.arrays import Array, decode
from normcheck.adapters.filing import Filing
from normcheck.adapters.interface import Observation
from normcheck.adapters.process.transport import Loss, Worker
from normcheck.adapters.targets import Target
from normcheck.reports.record import Opened

from ..arithmetic.exact import as_exact
from ..bounds.grades import measure
from ..case import Case
from ..oracle.answered import numbers
from ..oracle.expected import expected_steps
from ..requests.ask import request_for
from ..suite import asked_of
from .selection import Selection

FORMS = ("file", "weights", "legacy", "whole", "configuration")
MISSING = ("construct", "build", "assign", "adapt", "update", "gradient")


@dataclass(frozen=True, slots=True)
class Sent:
    """One file on its way. saver, opener: the positions of its targets."""

    case: Case
    form: str
    saver: int
    folder: str

    @property
    def opener(self) -> int:
        """The position of the other target."""
        return 1 - self.saver


def about_files(cases: Iterable[Case], targets: Sequence[Target], chosen: Selection) -> list[tuple[Case, str]]:
    """The cases and forms to try, of those that both targets are asked: in float32, which says enough of a file."""
    return [
        (case, form)
        for case in cases
        if "persistence" in case.aspects and case.dtype == "float32" and chosen.has(case)
        if all(asked_of(case, target) for target in targets)
        for form in FORMS
        if form in case.formats
    ]


def opened(
    pair: tuple[Target, Target],
    files: Sequence[tuple[Case, str]],
    limit: float,
    tell: Callable[[int, int], None],
    start: Callable[[Target], Worker] = Worker,
) -> Iterator[Opened]:
    """What became of each file that one of the two targets saved and the other opened, both ways.

    Nothing is said of what the one could not make and the other does not offer. Both work at the same time.
    limit: the most seconds that a target may take to save or open a file.
    tell: is given how many files have been opened, and of how many.
    """
    with tempfile.TemporaryDirectory(prefix="normcheck-files-") as place, start(pair[0]) as one, start(pair[1]) as two:
        sent = [
            Sent(case, form, saver, str(Path(place, f"{saver}-{number}")))
            for number, (case, form) in enumerate(files)
            for saver in (0, 1)
        ]
        halves = [(file.saver, file) for file in sent]
        saved = list(zip(sent, _asked((one, two), halves, "save", pair, limit), strict=True))
        yield from _unsaved(pair, saved)
        there = [(file, seen.steps[0].output) for file, seen in saved if isinstance(seen, Observation) and seen.steps]
        loaded = _asked((one, two), [(file.opener, file) for file, _ in there], "open", pair, limit)
        for number, ((file, before), after) in enumerate(zip(there, loaded, strict=True)):
            tell(number + 1, len(there))
            if isinstance(after, Loss) or not after.unsupported:
                yield _line(pair, file, before, after)


def _asked(
    workers: Sequence[Worker],
    halves: Sequence[tuple[int, Sent]],
    do: Literal["save", "open"],
    pair: Sequence[Target],
    limit: float,
) -> Iterator[Observation | Loss]:
    """The answers, in the order of what is asked; each worker has all of its own from the start."""
    for at, one in halves:
        request = replace(request_for(one.case, pair[at].dialect), restore=(), repeat=False)
        workers[at].submit(Filing(do, request, one.folder, one.form))
    for at, _ in halves:
        yield workers[at].receive(limit)


def _unsaved(pair: Sequence[Target], saved: Iterable[tuple[Sent, Observation | Loss]]) -> Iterator[Opened]:
    """What could not be saved, though it could be made."""
    for one, seen in saved:
        if isinstance(seen, Loss) or (seen.raised and seen.raised.phase not in MISSING):
            yield _line(pair, one, None, seen)


def _line(pair: Sequence[Target], one: Sent, before: Array | None, seen: Observation | Loss) -> Opened:
    line = Opened(
        case=one.case.id,
        layer=one.case.layer,
        saved_by=pair[one.saver].id,
        opened_by=pair[one.opener].id,
        form=one.form,
    )
    if isinstance(seen, Loss):
        return line.model_copy(update={"phase": "load", "types": [seen.kind], "message": seen.message})
    if seen.raised is not None:
        raised = seen.raised
        phase = raised.phase if raised.phase in ("save", "call") else "load"
        return line.model_copy(update={"phase": phase, "types": list(raised.types), "message": raised.message})
    after = seen.steps[0].output
    assert before is not None
    assert after is not None
    same = before == after
    near = same or within(one.case, pair[one.saver].dialect, before, after)
    return line.model_copy(update={"same": same, "within": near, "difference": difference(before, after)})


def within(case: Case, dialect: str, one: Array, other: Array) -> bool:
    """Whether two outputs of a case's last step are no further apart than twice its bound."""
    bounds = expected_steps(case, dialect)[-1].bounds
    if bounds is None or (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    judged = bounds.masks("output").judged
    if judged.shape != one.shape:
        return False
    with np.errstate(all="ignore"):
        exact = as_exact(decode(one).astype(np.float64))
    found = measure(
        decode(other), exact, lambda grade: 2 * bounds.tolerance("output", grade), numbers(judged), one.dtype
    )
    return found.grade != "F"


def difference(one: Array, other: Array) -> float | None:
    """The largest absolute difference where both are numbers; None for other shapes, and where there is none."""
    if one.shape != other.shape:
        return None
    with np.errstate(all="ignore"):
        apart = np.abs(decode(one).astype(np.float64) - decode(other).astype(np.float64))
    finite = apart[np.isfinite(apart)]
    return float(finite.max()) if finite.size else None
