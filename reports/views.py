"""What the page shows, taken from a record by pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .reading import Record
from .record import UNEXPLAINED, Check, KnownText, Outcome, RequirementText
from .summary import JUDGED, target_names

MOST_IN_FULL = 120
MOST_IN_GROUP = 10
MOST_OF_KNOWN = 2
MOST_ROWS = 7
MOST_COLUMNS = 16
FAILING: frozenset[Outcome] = frozenset(UNEXPLAINED)


@dataclass(frozen=True, slots=True)
class Matrix:
    """How many checks had each outcome, by layer (rows) and target (columns)."""

    targets: list[str]
    layers: list[str]
    cells: dict[tuple[str, str], Counter[Outcome]]


@dataclass(frozen=True, slots=True)
class Group:
    """Failures with one symptom, or one ledger entry. shown: those given in full; requirements: what failed.

    title: the symptom, or the entry's name; known: the entry's text, where the record has it.
    """

    outcome: Outcome
    title: str
    known: KnownText | None
    total: int
    shown: list[Check]
    targets: list[str]
    layers: list[str]
    requirements: list[tuple[str, RequirementText | None]]


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One row of a window. label: its index without the last axis; worst: the place of the worst element."""

    label: str
    expected: list[str]
    got: list[str]
    worst: int | None


@dataclass(frozen=True, slots=True)
class Window:
    """The elements around the worst. columns: their indices in the last axis."""

    columns: list[int]
    rows: list[WindowRow]


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """What became of a requirement; `not_judged` counts the checks without a verdict on it."""

    name: str
    text: RequirementText
    holds: int
    fails: int
    known: int
    not_judged: int


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A document's statement, and its verdict and the evidence for it on each target that has one."""

    name: str
    statement: str
    verdicts: dict[str, list[str]]
    evidence: dict[str, list[str]]


def matrix(record: Record) -> Matrix:
    """The matrix of a record."""
    cells: dict[tuple[str, str], Counter[Outcome]] = {}
    counted = Counter((check.layer, check.target, check.outcome) for check in record.checks)
    for (layer, target, outcome), number in counted.items():
        cells.setdefault((layer, target), Counter())[outcome] = number
    present = {layer for layer, _ in cells}
    listed = [layer for layer in record.header.layers if layer in present]
    layers = listed + sorted(present - set(listed))
    ran = [name for name in target_names(record) if any((layer, name) in cells for layer in layers)]
    return Matrix(targets=ran, layers=layers, cells=cells)


def groups(record: Record) -> list[Group]:
    """The unexplained failures by symptom, then the known ones by ledger entry; the most frequent first."""
    found: dict[tuple[Outcome, str], list[Check]] = {}
    for check in record.checks:
        if check.outcome in FAILING or check.outcome == "known":
            title = (check.known if check.outcome == "known" else None) or check.symptom
            found.setdefault((check.outcome, title), []).append(check)
    order = sorted(found, key=lambda kind: (kind[0] == "known", -len(found[kind])))
    result: list[Group] = []
    left = MOST_IN_FULL
    for kind in order:
        known = kind[0] == "known"
        shown = varied(found[kind])[: MOST_OF_KNOWN if known else min(MOST_IN_GROUP, left)]
        left -= 0 if known else len(shown)
        result.append(group(record, kind, found[kind], shown))
    return result


def varied(checks: list[Check]) -> list[Check]:
    """The checks, one of each target, layer and aspect first, so that a few of them show what there is."""
    seen: set[tuple[str, str, str]] = set()
    first: list[Check] = []
    rest: list[Check] = []
    for check in checks:
        kind = (check.target, check.layer, check.aspect)
        (rest if kind in seen else first).append(check)
        seen.add(kind)
    return first + rest


def group(record: Record, kind: tuple[Outcome, str], checks: Sequence[Check], shown: list[Check]) -> Group:
    """One group, with the texts of the requirements that its checks fail."""
    outcome, title = kind
    names = dict.fromkeys(name for check in checks for name in check.failed)
    texts = record.header.requirements
    return Group(
        outcome=outcome,
        title=title,
        known=record.header.ledger.get(title) if outcome == "known" else None,
        total=len(checks),
        shown=shown,
        targets=list(dict.fromkeys(check.target for check in checks)),
        layers=list(dict.fromkeys(check.layer for check in checks)),
        requirements=[(name, texts.get(name)) for name in names],
    )


def around(check: Check) -> Window | None:
    """What the page shows of the elements around the worst; None where the record has none."""
    worst = check.worst
    if worst is None or not worst.around_got:
        return None
    pairs = list(zip(worst.around_expected, worst.around_got, strict=False))[:MOST_ROWS]
    top, left = (0, 0, *worst.first)[-2:]
    at = (0, *worst.index)[-2:] if worst.first else None
    rows = [
        WindowRow(
            label=", ".join(map(str, [*worst.index[:-2], top + down][: max(0, len(worst.index) - 1)])),
            expected=expected.split()[:MOST_COLUMNS],
            got=got.split()[:MOST_COLUMNS],
            worst=at[1] - left if at and at[0] == top + down else None,
        )
        for down, (expected, got) in enumerate(pairs)
    ]
    width = max(len(row.got) for row in rows) if rows else 0
    return Window(columns=list(range(left, left + width)), rows=rows)


def requirements(record: Record) -> list[RequirementRow]:
    """What became of each requirement: those that fail first, otherwise in the order of the specs."""
    found: dict[str, Counter[str]] = {name: Counter() for name in record.header.requirements}
    for check in record.checks:
        for name in dict.fromkeys(check.requirements):
            if name in found:
                found[name][became(check, name)] += 1
    rows = [
        RequirementRow(
            name=name,
            text=record.header.requirements[name],
            holds=row["holds"],
            fails=row["fails"],
            known=row["known"],
            not_judged=row["not judged"],
        )
        for name, row in found.items()
    ]
    return sorted(rows, key=lambda row: not row.fails)


def by_layer(record: Record) -> dict[str, list[RequirementRow]]:
    """What became of the requirements of each layer: first those the matrix has, then whatever else a record names."""
    layers = [*matrix(record).layers, *record.header.layers, *(t.layer for t in record.header.requirements.values())]
    found: dict[str, list[RequirementRow]] = {layer: [] for layer in layers}
    for row in requirements(record):
        found[row.text.layer].append(row)
    return found


def idle_entries(record: Record) -> list[tuple[str, KnownText]]:
    """The ledger's entries that no check met."""
    met = {check.known for check in record.checks if check.outcome == "known"}
    return [(name, text) for name, text in record.header.ledger.items() if name not in met]


def became(check: Check, requirement: str) -> str:
    """What a check says of one of its requirements."""
    if check.outcome == "unsupported" or check.outcome not in JUDGED | FAILING:
        return "not judged"
    if check.outcome == "pass" or (check.failed and requirement not in check.failed):
        return "holds"
    return "known" if check.outcome == "known" else "fails"


def claims(record: Record) -> dict[str, list[ClaimRow]]:
    """The claims of each document, in the order of the header, with their verdicts by target."""
    verdicts: dict[str, dict[str, list[str]]] = {}
    evidence: dict[str, dict[str, list[str]]] = {}
    for line in record.claims:
        verdicts.setdefault(line.claim, {}).setdefault(line.target, []).append(line.verdict)
        evidence.setdefault(line.claim, {}).setdefault(line.target, []).extend(line.evidence)
    texts = record.header.claims
    names = [name for name in texts if name in verdicts] + [name for name in verdicts if name not in texts]
    found: dict[str, list[ClaimRow]] = {}
    for name in names:
        text = texts.get(name)
        row = ClaimRow(name, text.statement if text else "", verdicts[name], evidence[name])
        found.setdefault(f"{text.document} · {text.title}" if text else "Not described", []).append(row)
    return found


def claim_targets(record: Record) -> list[str]:
    """The targets that have a verdict on a claim, in the record's order."""
    present = {line.target for line in record.claims}
    listed = [name for name in target_names(record) if name in present]
    return listed + sorted(present - set(listed))


def unsupported(record: Record) -> list[tuple[str, str, int, list[str]]]:
    """Reason, target, number of checks and layers of what targets do not offer, the most frequent first."""
    found: dict[tuple[str, str], list[Check]] = {}
    for check in record.checks:
        if check.outcome == "unsupported":
            found.setdefault((check.message or check.symptom, check.target), []).append(check)
    rows = [
        (reason, target, len(checks), list(dict.fromkeys(check.layer for check in checks)))
        for (reason, target), checks in found.items()
    ]
    return sorted(rows, key=lambda row: -row[2])


def grades(record: Record) -> dict[str, Counter[str]]:
    """How many arrays met each grade, by target."""
    found: dict[str, Counter[str]] = {}
    for check in record.checks:
        if check.grade is not None:
            found.setdefault(check.target, Counter())[check.grade] += 1
    return found
