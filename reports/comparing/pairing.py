"""Which target of one record is held against which of another."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ..reading import Record
from ..record import TargetLine
from .difference import Pair


class CompareError(Exception):
    """Two records that cannot be compared; the message is a sentence that says why."""


def pairs(
    before: Record, after: Record, old: Sequence[str] = (), new: Sequence[str] = ()
) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """The pairs of targets, and sentences on those that have no partner.

    old, new: patterns of ids, which choose the targets of either side. Targets pair by adapter, device and mode; where
    both sides were chosen, and each has one adapter alone, by device and mode. In one record, the first of two versions
    is before.

    Raises CompareError where nothing pairs.
    """
    one = _chosen(before, old, "--before")
    other = _chosen(after, new, "--after")
    if before is after and not (old or new):
        return _of_one_record(one)
    if before is after:
        taken = {line.id for line in (one if old else other)}
        one, other = (one, other if new else _rest(other, taken)) if old else (_rest(one, taken), other)
    by_adapter = not (old and new and len({x.adapter for x in one}) == len({x.adapter for x in other}) == 1)
    found, alone = _joined(one, other, by_adapter)
    if not found:
        raise CompareError(_nothing(one, other))
    return found, alone


def _rest(lines: Sequence[TargetLine], taken: set[str]) -> list[TargetLine]:
    return [line for line in lines if line.id not in taken]


def _had(record: Record) -> list[TargetLine]:
    return [line for line in record.targets if not line.reason]


def _chosen(record: Record, patterns: Sequence[str], option: str) -> list[TargetLine]:
    lines = _had(record)
    for pattern in patterns:
        if not any(fnmatchcase(line.id, pattern) for line in lines):
            there = ", ".join(line.id for line in lines) or "none"
            raise CompareError(f"{option} {pattern}: the record has no such target; it has {there}.")
    return [line for line in lines if not patterns or any(fnmatchcase(line.id, pattern) for pattern in patterns)]


def _joined(
    one: Sequence[TargetLine], other: Sequence[TargetLine], by_adapter: bool
) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """Lines of two sides with one key. Raises CompareError where a key is ambiguous."""
    old, new = _by_key(one, by_adapter, "before"), _by_key(other, by_adapter, "after")
    found = tuple(Pair(old[key], new[key]) for key in old if key in new)
    alone = [f"{old[key].title} was asked before alone, and is not compared." for key in old if key not in new]
    alone += [f"{new[key].title} was asked after alone, and is not compared." for key in new if key not in old]
    return found, tuple(alone)


def _by_key(lines: Sequence[TargetLine], by_adapter: bool, side: str) -> dict[tuple[str, ...], TargetLine]:
    found: dict[tuple[str, ...], TargetLine] = {}
    for line in lines:
        key = (line.adapter if by_adapter else "", line.device, line.mode)
        if key in found:
            both = f"{found[key].id} and {line.id}"
            raise CompareError(f"{both} are both {side}: choose one with --{side} ID (a pattern of ids will do).")
        found[key] = line
    return found


def _of_one_record(lines: Sequence[TargetLine]) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """The two versions of each target in one record, in the order in which they stand there."""
    found: dict[tuple[str, str, str], list[TargetLine]] = {}
    for line in lines:
        found.setdefault((line.adapter, line.device, line.mode), []).append(line)
    many = [each for each in found.values() if len(each) > 2]
    if many:
        names = ", ".join(line.id for line in many[0])
        raise CompareError(f"The record has more than two of one target ({names}): choose with --before and --after.")
    both = tuple(Pair(*each) for each in found.values() if len(each) == 2)
    if not both:
        raise CompareError(
            "The record has one version of each target: give the record of another run too, "
            "or choose two targets with --before and --after."
        )
    return both, tuple(
        f"{each[0].title} has no partner, and is not compared." for each in found.values() if not each[1:]
    )


def _nothing(one: Sequence[TargetLine], other: Sequence[TargetLine]) -> str:
    sides = [", ".join(line.id for line in lines) or "no target" for lines in (one, other)]
    return (
        f"Nothing pairs: before has {sides[0]}, and after {sides[1]}; "
        "targets pair by adapter, device and mode, or as --before and --after say."
    )
