"""What a comparison found, as lines for a person and as values for a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from .decision import Decision, Verdict, fails
from .gate import Comparison, Held

ORDER: tuple[Verdict, ...] = ("slower", "undecided", "faster", "same")


def table(found: Comparison) -> Iterator[str]:
    """One line per benchmark, the slower ones first; then why others were not timed, and the sum of it."""
    base, new = found.targets
    decided = [one for one in found.held if one.decision is not None and not one.refused]
    yield f"base: {base.title}"
    yield f"new:  {new.title}"
    width = max((len(one.benchmark.id) for one in decided), default=0)
    for one in sorted(decided, key=_rank):
        assert one.decision is not None
        yield f"  {one.decision.verdict:9}  {one.benchmark.id:{width}}  {sentence(one.decision)}"
    for one in found.held:
        if one.refused:
            yield f"  not timed  {one.benchmark.id}: {one.refused}"
    if found.ended:
        yield f"ended early: {found.ended}"
    counted = Counter(one.decision.verdict for one in decided if one.decision)
    told = ", ".join(f"{counted[name]} {name}" for name in ORDER if counted[name]) or "nothing was timed"
    yield f"{told}; {found.launches} launches of both in {found.seconds:.0f} s"


def sentence(one: Decision) -> str:
    """The ratio as a change in time, its interval, and what could have been seen."""
    change = f"{one.ratio - 1:+7.1%} ({one.low - 1:+.1%} to {one.high - 1:+.1%})"
    return f"{change}, a slowdown of {one.detectable:.1%} would have been seen, {one.launches} launches"


def failed(found: Comparison, slowdown: float | None) -> bool:
    """Whether the exit status says so: something is slower, a side is wrong where it would be timed, or it ended early.

    Nor does a comparison pass in which nothing was timed.
    """
    slower = slowdown is not None and any(one.decision and fails(one.decision, slowdown) for one in found.held)
    timed = any(one.decision for one in found.held)
    return slower or bool(found.ended) or not timed or any(one.wrong for one in found.held)


def as_values(found: Comparison) -> dict[str, Any]:
    """All of it for a JSON file: block times too, by launch, side, place and block."""
    base, new = ({"id": target.id, "title": target.title} for target in found.targets)
    told = [{"versions": one.versions, "threads": one.threads, "machine": one.machine} for one in found.ready]
    return {
        "base": base | (told[0] if told else {}),
        "new": new | (told[1] if told else {}),
        "rules": asdict(found.plan.rules),
        "budget": found.plan.budget,
        "ended": found.ended,
        "launches": found.launches,
        "seconds": found.seconds,
        "benchmarks": [_values(one) for one in found.held],
    }


def _values(one: Held) -> dict[str, Any]:
    return {
        "id": one.benchmark.id,
        "refused": one.refused,
        "decision": None if one.decision is None else asdict(one.decision),
        "blocks": [blocks.tolist() for blocks in one.blocks],
    }


def _rank(one: Held) -> tuple[int, float]:
    assert one.decision is not None
    return ORDER.index(one.decision.verdict), -one.decision.ratio
