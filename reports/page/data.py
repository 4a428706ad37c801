"""The page's data: every check, column by column, as gzipped JSON in base64.

A column is `{values, at}`: its different texts, and for each check which of them is its own. A filter so has to look
at each text once, and not at each check.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from ..described import CaseText, StepText
from ..reading import Record
from ..record import Check
from ..summary import printable
from ..views import FAILING, around
from .figures import figure

LONGEST_MESSAGE = 600
MOST_WORST = 5000
MOST_WINDOWS = 1500
MOST_OF_SCRIPTS = 100_000
CASE = "\x01"
COLUMNS: dict[str, Callable[[Check], str]] = {
    "outcome": lambda check: check.outcome,
    "target": lambda check: check.target,
    "layer": lambda check: check.layer,
    "case": lambda check: check.case,
    "aspect": lambda check: check.aspect,
    "subject": lambda check: check.subject,
    "dtype": lambda check: check.dtype,
    "headroom": lambda check: figure(check.headroom),
    "ulps": lambda check: figure(check.worst.ulps if check.worst and check.ulps is None else check.ulps),
    "grade": lambda check: check.grade or "",
    "level": lambda check: check.level,
    "requirement": lambda check: " ".join(check.requirements),
    "failed": lambda check: " ".join(check.failed),
    "known": lambda check: check.known or "",
    "symptom": lambda check: check.symptom,
    "message": lambda check: check.message[:LONGEST_MESSAGE] if check.outcome != "pass" else "",
    "cause": lambda check: check.cause,
}


def packed(record: Record, views: Mapping[str, str]) -> str:
    """The data of `record`, and beside it `views`: by an element's id the HTML to put in there, escaped as on the page.

    The same record gives the same text.
    """
    whole = {
        "columns": {name: column(map(of, record.checks)) for name, of in COLUMNS.items()}
        | {"reproduce": column(map(pattern, record.checks), restored)},
        "worst": worst(record),
        "views": dict(views),
        "cases": cases(record),
        "scripts": scripts(record),
        "outcomes": list(FAILING),
        "targets": {
            printable(line.id): {"title": printable(line.title), "device": printable(line.device)}
            for line in record.targets
        },
        "layers": {printable(name): printable(title) for name, title in record.header.layers.items()},
        "requirements": {
            printable(name): [printable(part) for part in (text.layer, text.level, text.sentence, text.source)]
            for name, text in record.header.requirements.items()
        },
        "ledger": {
            printable(name): [printable(part) for part in (text.reason, text.link, text.script)]
            for name, text in record.header.ledger.items()
        },
    }
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=7, mtime=0)).decode()


def column(texts: Iterable[str], shown: Callable[[str], str] = printable) -> dict[str, list[Any]]:
    """The different texts in order of appearance, and for each of `texts` its place among them."""
    places: dict[str, int] = {}
    at = [places.setdefault(text, len(places)) for text in texts]
    return {"values": [shown(text) for text in places], "at": at}


def cases(record: Record) -> dict[str, Any]:
    """What each case asks: its id, and in columns what it is made with and what it is given."""
    return {
        "case": [printable(one.case) for one in record.cases],
        "arguments": column(map(settled, record.cases)),
        "recipe": column(map(recipe, record.cases)),
    }


def settled(one: CaseText) -> str:
    """The arguments and settings of a case, each on a line."""
    return "\n".join(f"{name} = {value[:LONGEST_MESSAGE]}" for name, value in (one.arguments | one.settings).items())


def recipe(one: CaseText) -> str:
    """The steps of a case, each on a line, and where its weights and its random numbers come from."""
    lines = [*map(given, one.steps), f"weights: {one.weights[:LONGEST_MESSAGE]}"]
    return "\n".join([*lines, *([f"drawn as in {one.seed}"] if one.seed else [])])


def given(step: StepText) -> str:
    """A step in words."""
    training = "" if step.training is None else f", training={step.training}"
    layout = "" if step.layout == "contiguous" else f", {step.layout} in memory"
    return f"{step.do}: input {step.input[:LONGEST_MESSAGE]}, shape {step.shape}{training}{layout}"


def scripts(record: Record) -> list[list[str]]:
    """Case, target and text of the scripts, until they are `MOST_OF_SCRIPTS` long; one of each case first."""
    first = {one.case: one for one in reversed(record.scripts)}
    found: list[list[str]] = []
    left = MOST_OF_SCRIPTS
    for one in sorted(record.scripts, key=lambda one: first[one.case] is not one):
        left -= len(one.text)
        if left < 0:
            break
        found.append([printable(one.case), printable(one.target), printable(one.text)])
    return found


def pattern(check: Check) -> str:
    """The line that runs a check again, with its case left out: so there are few different ones."""
    return check.reproduce.replace(CASE, "").replace(check.case, CASE) if check.case else check.reproduce


def restored(text: str) -> str:
    """A pattern with only characters that show, but for the place of the case."""
    return CASE.join(map(printable, text.split(CASE)))


def worst(record: Record) -> dict[str, Any]:
    """The worst elements by the check's number, those that no ledger entry explains first; the first with a window.

    Each is index, got, expected, bound, ulps, and of a window its columns and its rows.
    """
    numbered = [(place, check) for place, check in enumerate(record.checks) if check.worst is not None]
    order = chain(
        (pair for pair in numbered if pair[1].outcome in FAILING),
        (pair for pair in numbered if pair[1].outcome not in FAILING),
    )
    return {
        str(place): element(check, windowed=number < MOST_WINDOWS)
        for number, (place, check) in enumerate(order)
        if number < MOST_WORST
    }


def element(check: Check, *, windowed: bool) -> list[Any]:
    """The worst element of a check that has one."""
    assert check.worst is not None
    one = check.worst
    found: list[Any] = [", ".join(map(str, one.index)), *map(printable, (one.got, one.expected, one.bound))]
    found.append(figure(one.ulps))
    window = around(check) if windowed else None
    if window is None:
        return found
    rows = [
        [printable(row.label), [*map(printable, row.expected)], [*map(printable, row.got)], row.worst]
        for row in window.rows
    ]
    return [*found, window.columns, rows]
