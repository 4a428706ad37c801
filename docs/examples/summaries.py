"""Writes what each example is found to be, as NAME.txt beside it: `python docs/examples/summaries.py RECORD...`."""

import sys
from pathlib import Path

from normcheck.reports.reading import read

HERE = Path(__file__).resolve().parent


def summary(record):
    """One line for every aspect: how it came out, and what went wrong, without counts, which grow with the suite."""
    found = {}
    for check in read(record).checks:
        said = check.outcome if check.outcome in ("pass", "unsupported") else f"{check.outcome}: {check.symptom}"
        found.setdefault(check.aspect, set()).add(said)
    return "".join(f"{aspect:22}{', '.join(sorted(said))}\n" for aspect, said in sorted(found.items()))


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        (HERE / f"{path.stem}.txt").write_text(summary(path), encoding="utf-8")
