"""The numeric lint: a case that hunts a mistake with epsilon must have an input on which epsilon shows.

Epsilon is drowned where the variance is so large that twice the epsilon moves no output beyond its bound: such a case
passes whatever is done with epsilon, and proves nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from .bounds import Bounds
from .case import Case
from .domain import masks
from .expected import expected_steps
from .oracle import solve

DIALECTS = ("keras", "torch")


def drowned(cases: Iterable[Case]) -> Iterator[str]:
    """A sentence for every case that hunts a mistake with epsilon and cannot show one."""
    for case in cases:
        if any("epsilon" in hunted for hunted in case.hunts) and case.raises is None:
            for dialect in case.dialects or DIALECTS:
                if not _shows(case, dialect):
                    yield (
                        f"{case.id}: in the {dialect} dialect twice the epsilon moves no output beyond its bound, so "
                        "the case cannot show a mistake with epsilon; take an input of smaller variance"
                    )


def _shows(case: Case, dialect: str) -> bool:
    found = [step.bounds for step in expected_steps(case, dialect) if step.bounds is not None]
    telling = [bounds for bounds in found if bounds.answer.problem.epsilon > 0]
    return not telling or any(_moves(bounds) for bounds in telling)


def _moves(bounds: Bounds) -> bool:
    """Whether twice the epsilon moves a judged output beyond its bound."""
    problem = bounds.answer.problem
    other = solve(replace(problem, epsilon=2 * problem.epsilon)).output
    moved = np.abs((other - bounds.answer.output).nearest)
    return bool((moved > bounds.tolerance("output", "A"))[masks(bounds, "output").judged].any())
