"""What a record says of an upgrade: the comparison, a script for every entry, and the files that are written of it."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from normcheck.adapters.targets import Target
from normcheck.cases.requests.ask import request_for
from normcheck.cases.runs.run import reproduce
from normcheck.cases.scripts.filing import ENDINGS, filing
from normcheck.cases.scripts.script import Unwritten, script, signature, titled
from normcheck.cases.suite import suite
from normcheck.reports.comparing.as_json import as_json
from normcheck.reports.comparing.classes import Kind
from normcheck.reports.comparing.compare import compare
from normcheck.reports.comparing.difference import Comparison, Difference, Entry
from normcheck.reports.comparing.junit import junit
from normcheck.reports.comparing.markdown import markdown
from normcheck.reports.comparing.page import render
from normcheck.reports.reading import Record

SCRIPTS = "scripts"
PAGE = "upgrade.html"
TRIED = 50


def compared(record: Record, before: Sequence[Target], after: Sequence[Target], folder: Path) -> Comparison:
    """What changed from the targets `before` to those `after`, with scripts in `folder`. Raises CompareError."""
    there = {line.id for line in record.targets}
    old, new = ([target.id for target in side if target.id in there] for side in (before, after))
    found = compare(record, record, old, new)
    shutil.rmtree(folder / SCRIPTS, ignore_errors=True)
    (folder / SCRIPTS).mkdir(parents=True)
    targets = {target.id: target for target in (*before, *after)}
    entries = (repeated(entry, number, targets, folder / SCRIPTS) for number, entry in enumerate(found.entries, 1))
    return replace(found, entries=tuple(entries))


def write(found: Comparison, failing: tuple[Kind, ...], folder: Path) -> None:
    """The page, and the same for machines."""
    texts = {
        PAGE: render(found, failing),
        "upgrade.json": as_json(found),
        "upgrade.xml": junit(found, failing),
        "upgrade.md": markdown(found, failing),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def repeated(entry: Entry, number: int, targets: Mapping[str, Target], folder: Path) -> Entry:
    """An entry with the commands that show its example on both sides; the scripts that they run go into `folder`.

    Where there is no script of the example, they show another of the differences, if there is one of that.
    """
    example = next((one for one in (entry.example, *entry.differences[:TRIED]) if told(one, targets)), entry.example)
    both = targets_of(example, targets)
    alike = both[0].name == both[1].name
    names = [f"{number:02}{'' if alike else f'-{side}'}.py" for side in ("before", "after")]
    texts = [source(example, target) for target in both]
    commands = [
        again(example.case, target)
        if text is None
        else shlex.join(
            [target.python or sys.executable, str(folder / name), *halves(example, target, folder / names[0])]
        )
        for target, text, name in zip(both, texts, names, strict=True)
    ]
    first, second = commands if not example.subject.endswith("backwards") else reversed(commands)
    title = f"{example.case or example.subject}: {example.sentence}\n\n    {first}\n    {second}\n"
    for text, name in zip(texts, names, strict=True):
        if text is not None:
            (folder / name).write_text(titled(text, title), encoding="utf-8", newline="\n")
    return replace(entry, commands=(commands[0], commands[1]))


def targets_of(example: Difference, targets: Mapping[str, Target]) -> tuple[Target, Target]:
    """The two targets that an example is of."""
    return targets[example.pair.before.id], targets[example.pair.after.id]


def told(example: Difference, targets: Mapping[str, Target]) -> bool:
    """Whether there is a script of an example on both sides."""
    return all(source(example, target) is not None for target in targets_of(example, targets))


def source(example: Difference, target: Target) -> str | None:
    """A script that shows an example with one target; None where there is none."""
    case = suite().by_id.get(example.case)
    try:
        if example.aspect == "signature":
            return signature(example.subject.split()[0], target.name)
        if case is None:
            return None
        request = request_for(case, target.dialect)
        if example.aspect == "files":
            return filing(request, target.name, form_of(example))
        return script(request, target.name, target.mode)
    except Unwritten:
        return None


def form_of(example: Difference) -> str:
    """The form of a file that did not open."""
    return example.subject.partition(",")[0]


def halves(example: Difference, target: Target, script_file: Path) -> list[str]:
    """What a script about a file is told: the side that saved it, and the other."""
    if example.aspect != "files":
        return []
    saves = (target.id == example.pair.before.id) == example.subject.endswith("forwards")
    return ["save" if saves else "open", str(script_file.with_suffix(ENDINGS[form_of(example)]))]


def again(case: str, target: Target) -> str:
    """The line that asks the suite itself again; empty where an entry is of no case."""
    return reproduce(case, target) if case in suite().by_id else ""
