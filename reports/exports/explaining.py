"""What a record knows of one case, as plain text."""

from __future__ import annotations

from ..described import CaseText
from ..page.data import recipe, settled
from ..page.figures import figure
from ..reading import Record
from ..record import UNEXPLAINED, Check
from ..summary import printable
from ..views import around


def cases_like(record: Record, name: str, most: int = 10) -> list[str]:
    """Names of cases that `name` may have meant: those it is a part of."""
    found = dict.fromkeys(check.case for check in record.checks if name.lower() in check.case.lower())
    return list(found)[:most]


def explained(record: Record, case: str, target: str = "") -> str:
    """What was asked, what must hold, and for each check that fails or deviates its evidence; empty without a check.

    target: the id of one target, or a part of it.
    """
    checks = [check for check in record.checks if check.case == case and target in check.target]
    if not checks:
        return ""
    names = dict.fromkeys(name for check in checks for name in check.requirements)
    blocks = [[case, *outcomes(checks)], ["What must hold:", *(sentence(record, name) for name in names)]]
    blocks += [asked(one) for one in record.cases if one.case == case][:1]
    worth = [check for check in checks if check.outcome in UNEXPLAINED or check.outcome == "known"]
    blocks += [evidence(record, check) for check in sorted(worth, key=lambda check: check.outcome == "known")]
    return "\n\n".join("\n".join(map(printable, block)) for block in blocks)


def outcomes(checks: list[Check]) -> list[str]:
    """One line for each target: which aspects had which outcome."""
    found: dict[str, dict[str, list[str]]] = {}
    for check in checks:
        found.setdefault(check.target, {}).setdefault(check.outcome, []).append(about(check))
    return [
        f"  {name}: " + "; ".join(f"{outcome} {', '.join(dict.fromkeys(which))}" for outcome, which in row.items())
        for name, row in found.items()
    ]


def about(check: Check) -> str:
    """What a check looked at."""
    return f"{check.aspect} of {check.subject}" if check.subject else check.aspect


def asked(one: CaseText) -> list[str]:
    """The arguments of a case, one a line, then its steps and where its weights come from."""
    lines = [*settled(one).splitlines(), *recipe(one).splitlines()]
    return [f"What was asked of {one.layer}:", *(f"  {line}" for line in lines)]


def sentence(record: Record, name: str) -> str:
    """A requirement in one line."""
    text = record.header.requirements.get(name)
    return f"  {name} ({text.level}): {text.sentence} {text.source}" if text else f"  {name}"


def evidence(record: Record, check: Check) -> list[str]:
    """What was found of one check."""
    lines = [f"{check.outcome}: {about(check)} on {check.target}, {check.dtype}", f"  {check.message}"]
    if check.known:
        text = record.header.ledger.get(check.known)
        lines.append(f"  known: {check.known}{f': {text.reason}' if text else ''}")
    if check.cause:
        lines.append(f"  likely cause: {check.cause}")
    if check.failed:
        lines.append(f"  does not hold: {', '.join(check.failed)}")
    if check.worst:
        one = check.worst
        lines.append(f"  worst element [{', '.join(map(str, one.index))}]: expected {one.expected}, got {one.got}")
        ulps = f", {figure(one.ulps)} ulps" if one.ulps is not None else ""
        lines.append(
            f"  bound {one.bound}{ulps}, headroom used {figure(check.headroom)}, grade {check.grade or 'none'}"
        )
    window = around(check)
    if window:
        for row in window.rows:
            lines.append(f"    {row.label} expected  {'  '.join(row.expected)}")
            lines.append(f"    {row.label} got       {'  '.join(row.got)}")
    return [*lines, *([f"  again: {check.reproduce}"] if check.reproduce else [])]
