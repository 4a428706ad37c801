"""The part of a run's items that one shard asks. All shards together ask every item once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from normcheck.reports.record import Shard

MOST = 10_000


def parse(text: str) -> tuple[int, int]:
    """The number of a shard and how many there are: `2/5`. Raises ValueError with a sentence."""
    found = re.fullmatch(r"(\d{1,5})/(\d{1,5})", text, re.ASCII)
    number, of = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= of <= MOST:
        raise ValueError(
            f"--shard {text}: give the number of the shard and how many there are, 1/{MOST} at the most: 2/5."
        )
    return number, of


def wrong_shard(text: str) -> str:
    """What is wrong with `--shard`, as a sentence; empty where nothing is."""
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return ""


def part(number: int, of: int, targets: Sequence[str]) -> list[int]:
    """The positions of the items of one shard, in order.

    targets: what each item is asked of. Items are dealt like cards, those of one target after those of another, so
    that each shard has an even share of every target and of every layer.
    """
    turns = sorted(range(len(targets)), key=lambda at: targets[at])
    return sorted(turns[number - 1 :: of])


def shard(number: int, of: int, names: Iterable[str]) -> Shard:
    """What the record says of a shard. names: of the items of all shards, the same in each."""
    return Shard(number=number, of=of, items=hashlib.sha256("\n".join(names).encode()).hexdigest()[:12])
