"""The text of a failure: what was asked, which requirement, the worst element, the likely cause, how to repeat it."""

from __future__ import annotations

from collections.abc import Sequence

from normcheck.reports.record import Check, Worst

from ..case import Case, Other


def failure_text(case: Case, title: str, checks: Sequence[Check]) -> str:
    """What pytest shows for an item whose `checks` failed on the target with `title`."""
    head = f"{case.id} on {title}\n  asked: {asked(case)}"
    return "\n".join([head, *(_check_text(case, check) for check in checks), f"  again: {checks[0].reproduce}"])


def asked(case: Case) -> str:
    """The case in one line."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in case.arguments.items())
    steps = "; ".join(
        f"{step.do} on {'literal values' if isinstance(step.input, list) else step.input} {list(step.shape)}"
        f"{'' if step.layout == 'contiguous' else f', {step.layout} in memory'}"
        for step in case.steps
    )
    unknown = f", with the sizes of axes {list(case.dynamic)} unknown" if case.dynamic else ""
    beside = "" if case.other is None else f"\n  beside: {_other(case.other)}"
    return f"{case.layer}({arguments}) {case.dtype}; {steps or 'built'}{unknown}{beside}"


def _other(other: Other) -> str:
    change = other.case.origin.change if other.case.origin else None
    where = f" on another {other.on}" if other.on else ""
    return f"{asked(other.case)}{f', {change}' if change else ''}{where}, to agree by {other.agree}"


def _check_text(case: Case, check: Check) -> str:
    sentences = [f"    {name}: {case.spec.requirements[name].sentence}" for name in check.failed]
    what = " ".join(part for part in (check.aspect, check.subject) if part)
    lines = [f"  {what}: {check.outcome}: {check.symptom}. {check.message}".rstrip(), *sentences]
    if check.worst:
        lines.append(_worst_text(check.worst, check.headroom))
    if check.cause:
        lines.append(f"    likely cause: {check.cause}")
    return "\n".join(lines)


def _worst_text(worst: Worst, headroom: float | None) -> str:
    ulps = "" if worst.ulps is None else f", {worst.ulps:.3g} ulps"
    share = "" if headroom is None else f", {headroom:.3g} times the bound"
    return (
        f"    worst element {worst.index}: got {worst.got}, expected {worst.expected}, bound {worst.bound}{ulps}{share}"
    )
