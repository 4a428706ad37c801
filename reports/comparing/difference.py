"""What a comparison is made of, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..record import TargetLine
from .classes import Kind


@dataclass(frozen=True, slots=True)
class Pair:
    """A target before and after."""

    before: TargetLine
    after: TargetLine

    @property
    def name(self) -> str:
        """What both sides are: `keras · cpu · eager`."""
        one, other = self.before.adapter, self.after.adapter
        return " · ".join([one if one == other else f"{one} → {other}", self.after.device, self.after.mode])

    @property
    def versions(self) -> Mapping[str, tuple[str, str]]:
        """The versions that differ, by distribution; an empty text where one side has none."""
        old, new = self.before.versions, self.after.versions
        names = dict.fromkeys([*old, *new])
        found = {name: (old.get(name, ""), new.get(name, "")) for name in names}
        return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not what it was.

    aspect: what was looked at (`output`, `gradient`, `state`, `weights`, `signature`, …); subject: on what.
    before, after: the two values, as text. cause: what makes two differences one entry, stable from run to run.
    size: how many numbers the case's largest array has, 0 where that is not known. failed: requirements that no longer
    hold, or hold again. numbers: it is about the numbers of an array. phase: where an exception was raised.
    """

    kind: Kind
    layer: str
    case: str
    pair: Pair
    aspect: str
    subject: str
    before: str
    after: str
    cause: tuple[str, ...]
    sentence: str
    dtype: str = ""
    size: int = 0
    failed: tuple[str, ...] = ()
    numbers: bool = False
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One changed behaviour: every difference of one cause. example: the one with the fewest numbers.

    kind: the most serious class among them; counts: how many are of each class. cases: how many show it.
    commands: what repeats the example, before and after.
    """

    kind: Kind
    title: str
    example: Difference
    differences: tuple[Difference, ...]
    counts: Mapping[Kind, int]
    layers: tuple[str, ...]
    dtypes: tuple[str, ...]
    pairs: tuple[Pair, ...]
    cases: int
    aspects: tuple[str, ...]
    commands: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """How much was compared: cases asked alike, checks and arrays of both sides; same: arrays alike to the bit."""

    cases: int = 0
    checks: int = 0
    arrays: int = 0
    same: int = 0
    asked_otherwise: tuple[str, ...] = ()
    judged_otherwise: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that two records say of a change. notes: sentences on what could not be compared, and why."""

    before: str
    after: str
    pairs: tuple[Pair, ...]
    entries: tuple[Entry, ...]
    compared: Compared
    notes: tuple[str, ...] = ()
    counts: Mapping[Kind, int] = field(default_factory=dict)

    def failing(self, kinds: tuple[Kind, ...]) -> tuple[Entry, ...]:
        """The entries with a difference of one of `kinds`."""
        return tuple(entry for entry in self.entries if any(kind in entry.counts for kind in kinds))
