"""How often the gate's rules are wrong, and what they find, on noise that is made up.

    python benchmarks/gate_simulation.py

Prints the table of docs/track-benchmarks.md.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from gate_power import importable

NOISE = ((0.01, 0.002), (0.06, 0.015), (0.15, 0.0), (0.03, 0.03), (0.15, 0.05), (0.02, 0.05), (0.15, 0.09))
"""From place to place and from launch to launch, as standard deviations of the logarithm."""
COUNTS = {0.0: 3000, 0.05: 1500, 0.10: 1500}
BENCHMARKS = 12
SEED = 20261122


def counted(slowdown: float, within: float, between: float, count: int) -> tuple[Counter[str], float]:
    """The verdicts on so many benchmarks, and how many launches they took on average."""
    from normcheck.cases.benchmarks.decision import Rules, decide, summarised
    from normcheck.cases.benchmarks.gate import LOOKS, PLACES

    rules = Rules(benchmarks=BENCHMARKS, looks=len(LOOKS))
    chance = np.random.default_rng(SEED)
    verdicts: Counter[str] = Counter()
    launched = 0
    for _ in range(count):
        shifts = chance.normal(math.log1p(slowdown), between, LOOKS[-1])
        launches = [summarised(chance.normal(shift, within, PLACES)) for shift in shifts]
        for look in LOOKS:
            found = decide(launches[:look], rules)
            if found.verdict != "undecided":
                break
        verdicts[found.verdict] += 1
        launched += found.launches
    return verdicts, launched / count


def main() -> None:
    """Print a row for each noise."""
    importable()
    for noise in NOISE:
        found = {slowdown: counted(slowdown, *noise, count) for slowdown, count in COUNTS.items()}
        cells = [
            found[0.0][0]["slower"] / COUNTS[0.0],
            found[0.0][0]["same"] / COUNTS[0.0],
            found[0.10][0]["slower"] / COUNTS[0.10],
            *(found[0.05][0][name] / COUNTS[0.05] for name in ("slower", "undecided", "same")),
        ]
        spent = f"{found[0.0][1]:.1f}, {found[0.10][1]:.1f}"
        print(f"| {noise[0]:.1%}, {noise[1]:.1%} |", " | ".join(f"{cell:.2%}" for cell in cells), f"| {spent} |")


if __name__ == "__main__":
    main()
