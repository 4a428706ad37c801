"""A comparison as JSON: every entry with every difference, for other programs."""

from __future__ import annotations

import json
from typing import Any

from .classes import WORDS
from .difference import Comparison, Difference, Entry, Pair

VERSION = 1


def as_json(comparison: Comparison) -> str:
    """The whole comparison. The same records give the same text."""
    done = comparison.compared
    content = {
        "version": VERSION,
        "before": comparison.before,
        "after": comparison.after,
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "notes": list(comparison.notes),
        "compared": {
            "cases": done.cases,
            "checks": done.checks,
            "arrays": done.arrays,
            "alike": done.same,
            "asked_otherwise": list(done.asked_otherwise),
            "judged_otherwise": list(done.judged_otherwise),
        },
        "classes": dict(WORDS),
        "entries": [_entry(entry) for entry in comparison.entries],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _pair(pair: Pair) -> dict[str, Any]:
    versions = {name: list(both) for name, both in pair.versions.items()}
    return {"name": pair.name, "before": pair.before.id, "after": pair.after.id, "versions": versions}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "class": entry.kind,
        "title": entry.title,
        "layers": list(entry.layers),
        "aspects": list(entry.aspects),
        "dtypes": list(entry.dtypes),
        "pairs": [pair.name for pair in entry.pairs],
        "cases": entry.cases,
        "counts": dict(entry.counts),
        "commands": {"before": entry.commands[0], "after": entry.commands[1]},
        "example": _difference(entry.example),
        "differences": [_difference(one) for one in entry.differences],
    }


def _difference(one: Difference) -> dict[str, Any]:
    found = {
        "class": one.kind,
        "layer": one.layer,
        "case": one.case,
        "pair": one.pair.name,
        "aspect": one.aspect,
        "subject": one.subject,
        "dtype": one.dtype,
        "before": one.before,
        "after": one.after,
        "failed": list(one.failed),
        "sentence": one.sentence,
    }
    return {name: value for name, value in found.items() if value}
