"""How near right ways to the derivatives in a direction come to their bounds, and that none crosses one.

    python -m normcheck.tests.derivative_alarms [--problems 400]

The problems are those of `false_alarms`, in float32 and float64. The exit status is 1 if anything is outside its bound.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import numpy as np

from normcheck.adapters.arrays import decode
from normcheck.cases.bounds.derivatives import DerivativeBounds
from normcheck.cases.bounds.grades import measure
from normcheck.cases.bounds.normalization import Bounds
from normcheck.cases.oracle.derivatives import derivatives
from normcheck.cases.oracle.normalization import solve
from normcheck.cases.requests.inputs import drawn

from .false_alarms import Check
from .trials import trial
from .variants.derivatives import WAYS, derived

WIDE = ("float32", "float64")


def checks(number: int) -> Iterator[Check]:
    """Every derivative by every way of one trial; none where its dtype has 16 bits."""
    asked = trial(number)
    if asked.dtype not in WIDE:
        return
    problem = asked.problems[0]
    tangent = decode(drawn("tangent", problem.layout.shape, "float32", asked.name)).astype(np.float64)
    bounds = Bounds(solve(problem))
    with np.errstate(all="ignore"):
        exact = DerivativeBounds(bounds, derivatives(bounds.answer, tangent))
        for name, way in WAYS.items():
            for which, got in derived(way, problem, tangent).items():
                bound = exact.tolerance(which, "A")
                found = measure(got, exact.found.exact(which), lambda _, t=bound: t, exact.masks(which), asked.dtype)
                yield Check(name, asked.name, asked.kind, asked.dtype, which, found.headroom, found.judged)


def main(words: list[str] | None = None) -> int:
    """Print the largest headroom by way and derivative; 1 if there is a false alarm."""
    parser = argparse.ArgumentParser(description="Right derivatives against their bounds.")
    parser.add_argument("--problems", type=int, default=400)
    asked = parser.parse_args(words)
    found = [check for number in range(asked.problems) for check in checks(number)]
    for key in sorted({(check.subject, check.variant) for check in found}):
        used = [one.headroom for one in found if (one.subject, one.variant) == key and one.judged]
        print(f"{key[0]:16}{key[1]:32}{len(used):6}{np.median(used):9.4f}{max(used):9.3f}")
    alarms = [check for check in found if check.alarm]
    for check in alarms[:20]:
        print("false alarm:", check)
    judged = sum(check.judged for check in found)
    trials = len({check.trial for check in found})
    print(f"{trials} problems, {len(WAYS)} ways, {len(found):,} arrays, {judged:,} numbers: {len(alarms)} false alarms")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
