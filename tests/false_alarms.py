"""How near right implementations come to the bounds, and that none crosses one.

    python -m normcheck.tests.false_alarms [--problems 1200] [--processes 2] [--table headroom.json]

Every variant answers every problem: shapes, layouts, inputs, parameters, epsilons and dtypes are drawn by hashing the
problem's number. The exit status is 1 if anything is outside the bound of the grade that is asked.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from normcheck.adapters.reference.textbook import Values
from normcheck.cases.bounds.domain import masks
from normcheck.cases.bounds.grades import Measure, measure
from normcheck.cases.bounds.normalization import Bounds, exact_of
from normcheck.cases.oracle.answered import Subject, numbers
from normcheck.cases.oracle.moving import State, first_state, moving
from normcheck.cases.oracle.normalization import Answer, solve
from normcheck.specs.vocabulary import Grade

from .trials import Trial, trial
from .variants import VARIANTS
from .variants.method import Found, Method, answered
from .variants.rows import narrowed, working

QUANTILES = (0.5, 0.9, 0.99)
OUTPUT = Path(__file__).resolve().parent.parent / "reports" / "false_alarms.json"


@dataclass(frozen=True, slots=True)
class Check:
    """One array of one variant: how much of the bound it used, and how many numbers had a verdict."""

    variant: str
    trial: str
    kind: str
    dtype: str
    subject: str
    headroom: float
    judged: int

    @property
    def alarm(self) -> bool:
        """Whether the array is outside the bound."""
        return not self.headroom <= 1


def checks(asked: Trial, variants: dict[str, Method] | None = None) -> Iterator[Check]:
    """Every array of every variant on one trial, judged as the suite would judge it."""
    with np.errstate(all="ignore"):
        steps = [Bounds(solve(problem)) for problem in asked.problems]
        states = _states(asked, [bounds.answer for bounds in steps])
        later = _inference(asked, states)
        for name, method in (variants or VARIANTS).items():
            for subject, found in _variant(asked, method, steps, states, later):
                yield Check(name, asked.name, asked.kind, asked.dtype, subject, found.headroom, found.judged)


def asked_grade(subject: str, dtype: str) -> Grade:
    """The grade that specs ask: A, and A2 for gradients in a half type."""
    return "A2" if subject.startswith("gradient") and dtype in ("float16", "bfloat16") else "A"


def judged(bounds: Bounds, subject: Subject, got: Values) -> Measure:
    """The measure of `got` against the bound of the grade that is asked."""
    dtype = bounds.stored(subject)
    bound = bounds.tolerance(subject, asked_grade(subject, dtype))
    return measure(got, exact_of(bounds.answer, subject), lambda _: bound, masks(bounds, subject), dtype)


def _states(asked: Trial, answers: list[Answer]) -> list[State]:
    """The exact moving statistics: as assigned, and after every step."""
    if asked.moves is None:
        return []
    states = [first_state(asked.moves.mean, asked.moves.variance)]
    for answer in answers:
        states.append(moving(answer, states[-1], asked.moves.alpha, asked.moves.factor, asked.stored))
    return states


def _inference(asked: Trial, states: list[State]) -> Bounds | None:
    """The last problem once more, with the statistics that the steps have left."""
    if not states:
        return None
    last = asked.problems[-1]
    return Bounds(solve(replace(last, layout=last.layout.per_parameter, statistics=states[-1].statistics())))


def _variant(
    asked: Trial, method: Method, steps: list[Bounds], states: list[State], later: Bounds | None
) -> Iterator[tuple[str, Measure]]:
    held = (asked.moves.mean, asked.moves.variance) if asked.moves else None
    for place, bounds in enumerate(steps):
        found = answered(method, bounds.answer.problem)
        yield from ((subject, judged(bounds, subject, got)) for subject, got in found.arrays.items())
        if held is not None:
            held = _moved(asked, method, held, found)
            yield from _held(asked, states[place + 1], held)
    if later is not None and held is not None:
        problem = later.answer.problem
        own = replace(problem.statistics, mean=held[0].astype(np.float64), variance=held[1].astype(np.float64))
        found = answered(method, replace(problem, statistics=own))
        yield from ((f"{subject} in inference", judged(later, subject, got)) for subject, got in found.arrays.items())


def _moved(asked: Trial, method: Method, held: tuple[Values, Values], found: Found) -> tuple[Values, Values]:
    """A variant's own moving statistics after a step, in the dtype they are stored in."""
    kind = np.dtype(working(asked.dtype)).type
    channels = asked.problems[0].layout.parameter_shape[0]
    new = (found.mean, found.variance * kind(asked.moves.factor))
    ready = [(method.prepared(old.astype(kind)), method.prepared(value)) for old, value in zip(held, new, strict=True)]
    moved = (method.moved(old, value.reshape(-1, channels).T, asked.moves.alpha) for old, value in ready)
    mean, variance = (narrowed(one, asked.stored) for one in moved)
    return mean, variance


def _held(asked: Trial, state: State, held: tuple[Values, Values]) -> Iterator[tuple[str, Measure]]:
    flags = numbers(state.judged)
    bounds = (state.mean_tolerance("A"), state.variance_tolerance("A"))
    for name, got, exact, bound in zip(("mean", "variance"), held, (state.mean, state.variance), bounds, strict=True):
        yield f"moving_{name}", measure(got, exact, lambda _, t=bound: t, flags, asked.stored)


def table(found: list[Check]) -> list[dict[str, object]]:
    """The largest headroom and the quantiles for every variant, kind of layer, dtype and subject."""
    groups: dict[tuple[str, ...], list[Check]] = defaultdict(list)
    for check in found:
        groups[check.variant, check.kind, check.dtype, check.subject].append(check)
    return [
        dict(zip(("variant", "layer", "dtype", "subject"), key, strict=True)) | _spread(members)
        for key, members in sorted(groups.items())
    ]


def _spread(members: list[Check]) -> dict[str, Any]:
    used = [check.headroom for check in members if check.judged]
    quantiles = np.quantile(used, QUANTILES, method="inverted_cdf") if used else [0.0] * len(QUANTILES)
    return {
        "arrays": len(members),
        "judged": sum(check.judged for check in members),
        "alarms": sum(check.alarm for check in members),
        "largest": round(max(used, default=0.0), 4),
        **{f"q{100 * q:g}": round(float(value), 4) for q, value in zip(QUANTILES, quantiles, strict=True)},
    }


def _printed(found: list[Check]) -> None:
    """The same by variant and by subject, and by layer and dtype.

    The first two leave the half types out: of their bounds the one rounding to the dtype alone takes almost all.
    """
    wide = [check for check in found if check.dtype in ("float32", "float64")]
    for title, members, key in (
        ("variant, float32 and float64", wide, lambda check: check.variant),
        ("subject, float32 and float64", wide, lambda check: check.subject),
        ("layer and dtype", found, lambda check: f"{check.kind} {check.dtype}"),
    ):
        groups: dict[str, list[Check]] = defaultdict(list)
        for check in members:
            groups[key(check)].append(check)
        print(f"\n{title:32}{'arrays':>9}{'alarms':>8}{'median':>9}{'90 %':>9}{'99 %':>9}{'largest':>9}")
        for name, members in sorted(groups.items()):
            line = _spread(members)
            numbers = "".join(f"{line[column]:9.3f}" for column in ("q50", "q90", "q99", "largest"))
            print(f"{name:32}{line['arrays']:9}{line['alarms']:8}{numbers}")


def document(found: list[Check], problems: int) -> dict[str, Any]:
    """What every page shows: a line per variant, spreads over float32 and float64 alone."""
    variants: dict[str, list[Check]] = defaultdict(list)
    for check in found:
        variants[check.variant].append(check)
    return {
        "problems": problems,
        "variants": [_described(name, members) for name, members in sorted(variants.items())],
    }


def _described(name: str, members: list[Check]) -> dict[str, Any]:
    wide = _spread([check for check in members if check.dtype in ("float32", "float64")])
    return {
        "id": name,
        "arrays": len(members),
        "numbers": sum(check.judged for check in members),
        "alarms": sum(check.alarm for check in members),
        "headroom": [wide["q50"], wide["q99"], wide["largest"]],
    }


def numbered(number: int) -> list[Check]:
    """The checks of one trial."""
    return list(checks(trial(number)))


def _all(problems: int, processes: int) -> list[Check]:
    if processes == 1:
        return [check for number in range(problems) for check in numbered(number)]
    with ProcessPoolExecutor(processes) as pool:
        return [check for one in pool.map(numbered, range(problems), chunksize=20) for check in one]


def main(words: list[str] | None = None) -> int:
    """Print the tables, write the short one for the page and the full one if asked; 1 if there is a false alarm."""
    parser = argparse.ArgumentParser(description="Right implementations against the bounds.")
    parser.add_argument("--problems", type=int, default=1200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    asked = parser.parse_args(words)
    start = time.perf_counter()
    found = _all(asked.problems, asked.processes)
    _printed(found)
    alarms = [check for check in found if check.alarm]
    for check in alarms[:20]:
        print("false alarm:", json.dumps(asdict(check)))
    numbers = sum(check.judged for check in found)
    print(
        f"\n{len(VARIANTS)} variants, {asked.problems} problems, {len(found):,} arrays, {numbers:,} numbers: "
        f"{len(alarms)} false alarms, in {time.perf_counter() - start:.0f} s"
    )
    asked.output.write_text(json.dumps(document(found, asked.problems), indent=1) + "\n", encoding="utf-8")
    if asked.table:
        asked.table.write_text(json.dumps(table(found), indent=1) + "\n", encoding="utf-8")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
