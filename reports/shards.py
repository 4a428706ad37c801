"""Records of shards: which are missing, and what of the ledger matched in none of them."""

from __future__ import annotations

from collections.abc import Iterable

from .record import LedgerNote, Part

STALE = "matched no check in a full run: remove it, or correct its target, versions and cases"


def unmatched(due: Iterable[str], matched: Iterable[str]) -> list[LedgerNote]:
    """Entries that matched nothing in a full run: they are stale."""
    seen = set(matched)
    return [LedgerNote(entry=name, problem=STALE) for name in due if name not in seen]


def together(parts: Iterable[Part]) -> list[list[Part]]:
    """The shards among `parts`, those of the same items in one list."""
    found: dict[tuple[int, str], list[Part]] = {}
    for part in parts:
        if part.shard is not None:
            found.setdefault((part.shard.of, part.shard.items), []).append(part)
    return list(found.values())


def missing(parts: Iterable[Part]) -> list[str]:
    """One sentence for the shards that are not there, of each run that was split."""
    return [sentence for shards in together(parts) if (sentence := _missing(shards))]


def stale(parts: Iterable[Part], matched: Iterable[str]) -> list[LedgerNote]:
    """The ledger's entries that a run which was split should have matched, as soon as all of its shards are there."""
    whole = [shards for shards in together(parts) if not _missing(shards) and all(part.complete for part in shards)]
    return unmatched(dict.fromkeys(name for shards in whole for part in shards for name in part.due), matched)


def _missing(shards: list[Part]) -> str:
    there = {part.shard.number for part in shards if part.shard}
    of = max(part.shard.of for part in shards if part.shard)
    lacking = [str(number) for number in range(1, of + 1) if number not in there]
    if not lacking:
        return ""
    shown = ", ".join(lacking[:10]) + (f" and {len(lacking) - 10} more" if len(lacking) > 10 else "")
    return f"of {of} shards of one run there is no {shown}"
