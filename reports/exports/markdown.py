"""A record as Markdown for a CI job's summary, which may be 1,024 kB long and no longer."""

from __future__ import annotations

from ..escaping import LONGEST, code, plain
from ..reading import Record
from ..record import OUTCOMES
from ..summary import counts, list_sentence, verdict_sentences
from ..views import Group, groups

ROOM = 500
MOST_TARGETS = 200


def markdown(record: Record, longest: int = LONGEST) -> str:
    """The summary, of at most `longest` bytes in UTF-8; what there is no room for is counted at the end."""
    parts = opening(record)
    found = groups(record)
    left = longest - ROOM - sum(map(size, parts))
    omitted = 0
    for one in found:
        part = section(one)
        if size(part) > left:
            omitted += 1
            continue
        left -= size(part)
        parts.append(part)
    if omitted:
        parts.append(f"{omitted:,} more symptoms and ledger entries are left out: the page has them.")
    return "\n\n".join(parts) + "\n"


def size(part: str) -> int:
    """Bytes of a part, with the blank line behind it."""
    return len(part.encode()) + 2


def opening(record: Record) -> list[str]:
    """The verdict, what was run, and the counts by target."""
    reasons = verdict_sentences(record)
    head = "# normcheck: not conforming" if reasons else "# normcheck: conforming"
    told = (
        "\n".join(f"- {plain(text)}" for text in reasons[:30])
        or "Everything asked was judged, and found right or known."
    )
    every = counts(record)
    lines = [
        f"| {plain(name)} | "
        + " | ".join(f"{found[outcome]:,}" if found[outcome] else "–" for outcome in OUTCOMES)
        + " |"
        for name, found in list(every.items())[:MOST_TARGETS]
    ]
    lines += [f"| {len(every) - MOST_TARGETS:,} more |" + " |" * len(OUTCOMES)] if len(every) > MOST_TARGETS else []
    table = [f"| target | {' | '.join(OUTCOMES)} |", "|---" + "|---:" * len(OUTCOMES) + "|", *lines]
    return list(filter(None, [head, told, plain(list_sentence(record.header)), "\n".join(table)]))


def section(group: Group) -> str:
    """One symptom, or one ledger entry, with its first check."""
    title = f"## {group.outcome}: {plain(group.title or 'no symptom named')} ({group.total:,})"
    where = f"{plain(', '.join(group.targets))} · {plain(', '.join(group.layers))}"
    lines = [plain(group.known.reason)] if group.known else []
    for check in group.shown[:1]:
        lines += [f"{code(check.case)}: {plain(check.message)}"]
        lines += [code(check.reproduce)] if check.reproduce else []
    return "\n\n".join([title, where, *lines])
