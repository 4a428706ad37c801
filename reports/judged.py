"""What was judged: on every target, how many aspects of each layer, and which entries of the ledger were met."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from .reading import Record
from .record import UNEXPLAINED, Check
from .summary import JUDGED, printable, target_names

SHORTENED = "_normalization"
NOTHING = "-"
MODELS = "models"


def table(record: Record) -> str:
    """Targets by layers: the aspects that were judged; the checks; and below, the known deviations of each target."""
    asked = {_column(check) for check in record.checks}
    layers = [name for name in (*record.header.layers, MODELS) if name in asked]
    names = target_names(record)
    by_target: dict[str, list[Check]] = defaultdict(list)
    for check in record.checks:
        by_target[check.target].append(check)
    heads = ["target", *map(_short, layers), "checks judged", "known", "unexplained", "unsupported"]
    rows = [_row(name, layers, by_target[name]) for name in names]
    return "\n".join([*_aligned([heads, *rows]), "", *_findings(names, by_target)])


def _row(name: str, layers: Sequence[str], checks: Sequence[Check]) -> list[str]:
    judged = [check for check in checks if check.outcome in JUDGED]
    aspects: dict[str, set[str]] = defaultdict(set)
    for check in judged:
        aspects[_column(check)].add(check.aspect)
    outcomes = Counter(check.outcome for check in checks)
    figures = [len(judged), outcomes["known"], sum(outcomes[one] for one in UNEXPLAINED), outcomes["unsupported"]]
    return [printable(name), *(_cell(len(aspects[layer])) for layer in layers), *map(_cell, figures)]


def _column(check: Check) -> str:
    """The layer that a check is about; models of several layers share one column."""
    return MODELS if check.case.startswith(f"{MODELS}/") else check.layer


def _findings(names: Iterable[str], by_target: dict[str, list[Check]]) -> list[str]:
    """A line for every entry of the ledger that a target's checks matched, the most frequent first."""
    lines: list[str] = []
    for name in names:
        entries = Counter(check.known for check in by_target[name] if check.known)
        lines.append(f"{printable(name)}: {len(entries)} entries of the ledger")
        lines += [f"{count:>9,}  {printable(str(entry))}" for entry, count in entries.most_common()]
    return lines


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        f"{first:<{wide[0]}}" + "".join(f"  {cell:>{width}}" for cell, width in zip(rest, wide[1:], strict=True))
        for first, *rest in rows
    ]


def _short(layer: str) -> str:
    return printable(layer.removesuffix(SHORTENED).replace("_", " "))


def _cell(number: int) -> str:
    return f"{number:,}" if number else NOTHING
