"""Counts, the table for a terminal, and the rule for the exit status."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from .reading import Record
from .record import OUTCOMES, UNEXPLAINED, Check, Header, Outcome

JUDGED: frozenset[Outcome] = frozenset({"pass", "fail", "known"})
COLOURS = {
    "pass": "32",
    "fail": "31",
    "error": "31",
    "crash": "31",
    "timeout": "31",
    "known": "33",
    "unsupported": "2",
}
MOST_SYMPTOMS = 12


def tally(checks: Iterable[Check], of: Callable[[Check], str]) -> dict[str, Counter[Outcome]]:
    """How many checks had each outcome, by what `of` says of a check, in order of appearance."""
    found: dict[str, Counter[Outcome]] = {}
    for (name, outcome), number in Counter((of(check), check.outcome) for check in checks).items():
        found.setdefault(name, Counter())[outcome] = number
    return found


def counts(record: Record) -> dict[str, Counter[Outcome]]:
    """How many checks had each outcome, by target; a target without a check is there with nothing."""
    found = tally(record.checks, lambda check: check.target)
    return {name: found.get(name, Counter()) for name in target_names(record)}


def list_sentence(header: Header) -> str:
    """Which list was run, and how many of the cases are on it; empty where the record does not say."""
    if not (header.case_list and header.cases):
        return ""
    if header.case_list == "full":
        return f"The full list: all {header.cases:,} cases."
    return f"The {header.case_list} list: {header.listed:,} of {header.cases:,} cases; --full asks all of them."


def shard_sentence(header: Header) -> str:
    """Which part of a run this is; empty where it is not one."""
    if header.shard is None:
        return ""
    return f"Shard {header.shard.number} of {header.shard.of}: `normcheck merge` joins the records of all into one."


def target_names(record: Record) -> list[str]:
    """The ids of the targets, those that could not be had among them, in order of appearance."""
    names = [line.id for line in record.targets] + [check.target for check in record.checks]
    return list(dict.fromkeys(names))


def unexplained(record: Record) -> list[Check]:
    """The checks that failed in any way and that no ledger entry explains."""
    return [check for check in record.checks if check.outcome in UNEXPLAINED]


def exit_status(record: Record) -> int:
    """0 where everything asked was judged and found right or known; 1 otherwise."""
    return 1 if verdict_sentences(record) else 0


def verdict_sentences(record: Record) -> list[str]:
    """Why the exit status is not 0, one sentence for each reason; none where it is."""
    return [
        *_nothing_judged(record),
        *_targets_missing(record),
        *_failures(record),
        *(f"The ledger's entry {note.entry}: {note.problem.rstrip('.')}." for note in record.ledger_notes),
        *([f"The record is not complete: {record.shortfall.rstrip('.')}."] if not record.complete else []),
    ]


def _nothing_judged(record: Record) -> list[str]:
    if record.header.shard is not None:
        return []  # what one shard has nothing of another may have: the merged record tells
    settled = {claim.target for claim in record.claims if claim.verdict != "cannot be told"}
    if not settled and not any(check.outcome in JUDGED for check in record.checks):
        return ["Nothing was judged: no check on any target passed, failed or was known to deviate."]
    spared = settled | {line.id for line in record.targets if not (line.requested or line.reason)}
    lost = {line.id for line in record.targets if line.reason}
    empty = [
        name
        for name, found in counts(record).items()
        if name not in spared and (found or name not in lost) and not any(found[outcome] for outcome in JUDGED)
    ]
    return [f"Nothing was judged on {name}: choose layers it offers, or do not ask for it." for name in empty]


def _targets_missing(record: Record) -> list[str]:
    lost = [line for line in record.targets if line.reason and line.requested]
    return [f"{line.id} could not be had: {line.reason.rstrip('.')}." for line in lost]


def _failures(record: Record) -> list[str]:
    found = Counter(check.outcome for check in unexplained(record))
    words: Mapping[Outcome, tuple[str, str]] = {
        "fail": ("check fails", "checks fail"),
        "error": ("check ended in an error", "checks ended in an error"),
        "crash": ("check crashed its target", "checks crashed their target"),
        "timeout": ("check ran out of time", "checks ran out of time"),
    }
    return [
        f"{found[outcome]:,} {words[outcome][found[outcome] > 1]}, and no ledger entry explains it."
        for outcome in UNEXPLAINED
        if found[outcome]
    ]


def printable(text: str) -> str:
    """`text` with control, format and surrogate characters replaced: it cannot steer a terminal or a page."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "\ufffd" if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in "\n\t" else char for char in text
    )


def terminal(record: Record, *, colour: bool = False) -> str:
    """The summary as plain text: outcomes by target, what went wrong, and why the exit status is not 0.

    colour: with ANSI colours, for a terminal.
    """
    sentences = verdict_sentences(record)
    closing = sentences or ["Everything asked was judged, and found right or known."]
    listed = list(filter(None, [list_sentence(record.header), shard_sentence(record.header), *record.header.lone]))
    words = [[_one_line(text) for text in block] for block in (listed, record.problems, closing)]
    blocks = [_table(record, colour), _symptoms(record), *words]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _table(record: Record, colour: bool) -> list[str]:
    found = counts(record)
    width = min(max([len("target"), *map(len, found)]), 60)
    lines = [f"{'target':{width}}" + "".join(f"  {outcome:>11}" for outcome in OUTCOMES)]
    for name, row in found.items():
        cells = "".join(f"  {_cell(outcome, row[outcome], colour)}" for outcome in OUTCOMES)
        lines.append(f"{_one_line(name)[:60]:{width}}{cells}")
    return lines


def _cell(outcome: Outcome, number: int, colour: bool) -> str:
    text = f"{number or '-':>11}" if not number else f"{number:>11,}"
    return f"\x1b[{COLOURS[outcome]}m{text}\x1b[0m" if colour and number else text


def _symptoms(record: Record) -> list[str]:
    found = Counter((check.target, check.symptom or check.outcome) for check in unexplained(record))
    lines = [
        f"  {number:>7,} × {_one_line(symptom)[:100]} on {_one_line(target)[:60]}"
        for (target, symptom), number in found.most_common(MOST_SYMPTOMS)
    ]
    more = len(found) - MOST_SYMPTOMS
    return [*lines, *([f"  and {more} more; the page shows all"] if more > 0 else [])]


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))
