"""What the suite catches: every mutant, in every layer and dtype it makes sense in, against every case.

    python -m normcheck.tests.power [--processes 2] [--output reports/power.json]

The exit status is 1 where a mutant survives that no reason excuses, or an excused one dies.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from multiprocessing import get_context
from pathlib import Path

from normcheck.adapters.interface import Adapter, Observation, Request
from normcheck.adapters.observe import observe
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.cases.case import Case
from normcheck.cases.judgement.comparison import Side, compared, side_names
from normcheck.cases.judgement.finding import Finding, check_line
from normcheck.cases.judgement.judge import judge
from normcheck.cases.requests.ask import request_for
from normcheck.cases.suite import suite

DIALECT = ReferenceAdapter.dialect
FOLDER = Path(__file__).resolve().parent / "mutants"
OUTPUT = Path(__file__).resolve().parent.parent / "reports" / "power.json"
UNCOUNTED = ("pass", "unsupported")


@dataclass(frozen=True, slots=True)
class Kill:
    """A case that a mutant failed; position: of the case among those of its layer; requirements: which failed."""

    case: str
    position: int
    requirements: tuple[str, ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant in one layer at one dtype: every case that killed it, in the suite's order."""

    mutant: str
    layer: str
    dtype: str
    excuse: str
    kills: tuple[Kill, ...]


@lru_cache(maxsize=1)
def mutants() -> dict[str, type[Adapter]]:
    """Every mutant by its id, file by file. Raises ValueError for an id that is given twice."""
    found: dict[str, type[Adapter]] = {}
    for path in sorted(FOLDER.glob("*.py")):
        module = importlib.import_module(f"normcheck.tests.mutants.{path.stem}")
        for place, kind in vars(module).items():
            if not isinstance(kind, type) or "fault" not in vars(kind):
                continue
            if found.setdefault(kind.fault.id, kind) is not kind:
                raise ValueError(f"two mutants are called {kind.fault.id}; rename one")
            kind.target = f"tests/mutants/{path.name}:{place}"
    return found


def layers() -> tuple[str, ...]:
    """The names of all layers that there are specs of."""
    return tuple(suite().specs.layers)


@lru_cache(maxsize=1)
def asked() -> dict[str, list[Case]]:
    """The cases of every layer on the quick list that are asked in the reference's dialect, in the suite's order."""
    found: dict[str, list[Case]] = {layer: [] for layer in layers()}
    for case in suite().cases:
        here = case.other is None or case.other.on in (None, "process")
        if case.layer in found and here and not case.full and (case.dialects is None or DIALECT in case.dialects):
            found[case.layer].append(case)
    return found


def layer_trials(layer: str, names: Iterable[str] | None = None) -> list[Trial]:
    """The trials of one layer. Mutants live through all cases, as a target does; each is asked in the suite's order."""
    try:
        return _layer_trials(layer, names)
    finally:  # a process of the pool that still has a child when it ends waits for it for ever
        second_process().shutdown()
        second_process.cache_clear()


def _layer_trials(layer: str, names: Iterable[str] | None) -> list[Trial]:
    living = _living(layer, names)
    kills: dict[tuple[str, str], list[Kill]] = {(name, dtype): [] for name in living for dtype in _dtypes(living[name])}
    right = ReferenceAdapter()
    for position, case in enumerate(asked()[layer], 1):
        wanted = seen_of(right, case)
        for name, adapter in living.items():
            if case.dtype in adapter.fault.dtypes:
                kill = _killed(adapter, case, position, wanted)
                kills[name, case.dtype] += [kill] if kill else []
    return [
        Trial(name, layer, dtype, living[name].fault.excused(layer, dtype), tuple(found))
        for (name, dtype), found in kills.items()
    ]


def _living(layer: str, names: Iterable[str] | None) -> dict[str, Adapter]:
    wanted = None if names is None else set(names)
    return {
        name: kind()
        for name, kind in mutants().items()
        if layer in kind.fault.layers and (wanted is None or name in wanted)
    }


def _dtypes(adapter: Adapter) -> tuple[str, ...]:
    return adapter.fault.dtypes


def _killed(adapter: Adapter, case: Case, position: int, right: Sequence[Observation]) -> Kill | None:
    """How a mutant dies on a case; what it does exactly as the reference does needs no judgement."""
    seen = seen_of(adapter, case)
    if seen == right:
        return None
    lines = [check_line(finding, case, adapter.fault.id) for finding in judged(case, seen)]
    bad = [line for line in lines if line.outcome not in UNCOUNTED]
    if not bad:
        return None
    failed = dict.fromkeys(name for line in bad for name in line.failed)
    return Kill(case.id, position, tuple(failed), bad[0].outcome)


def seen_of(adapter: Adapter, case: Case) -> list[Observation]:
    """What an adapter does with a case, and with the other side of it where it is a comparison."""
    seen = [_timeless(observe(adapter, request_for(case, DIALECT)))]
    if case.other is None:
        return seen
    request = request_for(case.other.case, DIALECT)
    if case.other.on == "process" and hasattr(adapter, "fault"):
        return [*seen, _timeless(second_process().submit(observed_there, adapter.fault.id, request).result())]
    return [*seen, _timeless(observe(adapter, request))]


def judged(case: Case, seen: Sequence[Observation]) -> list[Finding]:
    """What is found of a case, or of the two sides of a comparison."""
    if case.other is None:
        return judge(case, DIALECT, seen[0])
    names = side_names(case, None, None)
    sides = zip((case, case.other.case), names, seen, strict=True)
    return compared(*(Side(one, DIALECT, name, answer) for one, name, answer in sides))


@lru_cache(maxsize=1)
def second_process() -> ProcessPoolExecutor:
    """A process of its own, in which mutants live as they do in this one; a fork finds the clone's modules."""
    return ProcessPoolExecutor(1, mp_context=get_context("fork"))


def observed_there(name: str, request: Request) -> Observation:
    """What a mutant does with a request, asked in the second process."""
    return observe(_there(name), request)


@cache
def _there(name: str) -> Adapter:
    return mutants()[name]()


def _timeless(seen: Observation) -> Observation:
    return replace(seen, seconds=0.0)


def trials(processes: int = 2) -> list[Trial]:
    """Every trial, layer by layer in one process each: state that mutants share lives as it would in a target."""
    if processes == 1:
        return [trial for layer in layers() for trial in layer_trials(layer)]
    asked()  # read before the processes start, so that all judge the same
    with ProcessPoolExecutor(processes) as pool:
        return [trial for found in pool.map(layer_trials, layers()) for trial in found]


def survivors(found: Iterable[Trial]) -> list[Trial]:
    """Trials that no case killed and nothing excuses."""
    return [trial for trial in found if not trial.kills and not trial.excuse]


def wrongly_excused(found: Iterable[Trial]) -> list[Trial]:
    """Trials that are said to be equivalent and were killed."""
    return [trial for trial in found if trial.kills and trial.excuse]


def carriers(found: Iterable[Trial]) -> dict[str, list[str]]:
    """By case, the trials that it alone kills: without the case they survive."""
    alone: dict[str, list[str]] = defaultdict(list)
    for trial in found:
        if len(trial.kills) == 1:
            alone[trial.kills[0].case].append(f"{trial.mutant} {trial.layer} {trial.dtype}")
    return dict(sorted(alone.items()))


def idle(found: Iterable[Trial]) -> list[str]:
    """Cases that kill nothing and cover no requirement that the others leave uncovered."""
    busy = {kill.case for trial in found for kill in trial.kills}
    every = ((case, layer) for layer in layers() for case in asked()[layer])
    return [case.id for case, layer in every if case.id not in busy and not _needed(case, layer)]


def _needed(case: Case, layer: str) -> bool:
    """Whether a requirement is covered by this case alone (`everywhere` ones are covered by all)."""
    others = {name for other in asked()[layer] if other is not case for name in _covered(other)}
    return not _covered(case) <= others


def _covered(case: Case) -> set[str]:
    return {name for names in case.requirements.values() for name in names}


def entries(layer: str) -> dict[str, list[Case]]:
    """The cases of a layer by the entry of its file that they came from."""
    found: dict[str, list[Case]] = defaultdict(list)
    for case in asked()[layer]:
        found["/".join(case.id.split("/")[:2])].append(case)
    return dict(found)


def hunted() -> Iterator[tuple[str, str, str]]:
    """(layer, entry, name) for every name that an entry says it hunts, in the reference's dialect."""
    for layer in layers():
        for entry, cases in entries(layer).items():
            for name in cases[0].hunts:
                yield layer, entry, name


def escaped(found: Iterable[Trial]) -> list[str]:
    """Mutants that live through an entry that says it hunts them, in a layer they make sense in."""
    faulty = {(name, layer) for name, kind in mutants().items() for layer in kind.fault.layers}
    dead = {(kill.case.split("/")[1], trial.layer, trial.mutant) for trial in found for kill in trial.kills}
    return [
        f"{name} on {entry}"
        for layer, entry, name in hunted()
        if (name, layer) in faulty and (entry.split("/")[1], layer, name) not in dead
    ]


def other_bugs() -> list[str]:
    """Names that are hunted and are no mutant's: known bugs that only another target can have."""
    return sorted({name for case in suite().cases for name in case.hunts} - set(mutants()))


def document(found: list[Trial]) -> dict[str, object]:
    """What the run found, as plain data that two runs of the same suite agree on."""
    return {
        "spec_digest": suite().specs.digest,
        "figures": figures(found),
        "mutants": [_described(name, kind, found) for name, kind in mutants().items()],
        "survivors": [f"{one.mutant} {one.layer} {one.dtype}" for one in survivors(found)],
        "carried_by_one_case": carriers(found),
        "wrongly_excused": [f"{one.mutant} {one.layer} {one.dtype}" for one in wrongly_excused(found)],
        "escaped": escaped(found),
        "idle_cases": idle(found),
        "hunted_and_no_mutant": other_bugs(),
    }


def text_of(told: dict[str, object]) -> str:
    """A document as JSON with one line for each mutant and each entry, so that a change of one shows as one line."""
    parts = [f" {json.dumps(name)}: {_lines(value)}" for name, value in told.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n  " + ",\n  ".join(json.dumps(one) for one in value) + "\n ]"
    if isinstance(value, dict) and value:
        return "{\n  " + ",\n  ".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in value.items()) + "\n }"
    return json.dumps(value)


def figures(found: list[Trial]) -> dict[str, object]:
    """Counts: of mutants, and of trials by layer and by dtype as [killed, of those that are no equivalents]."""
    counted = [trial for trial in found if not trial.excuse]
    return {
        "mutants": len({trial.mutant for trial in found}),
        "mutants_killed": len({one.mutant for one in found}) - len({one.mutant for one in survivors(found)}),
        "trials": _share(counted),
        "equivalent": len(found) - len(counted),
        "cases": sum(len(cases) for cases in asked().values()),
        "by_layer": {layer: _share([one for one in counted if one.layer == layer]) for layer in layers()},
        "by_dtype": {
            dtype: _share([one for one in counted if one.dtype == dtype])
            for dtype in sorted({one.dtype for one in counted})
        },
    }


def _share(found: list[Trial]) -> list[int]:
    return [sum(bool(trial.kills) for trial in found), len(found)]


def _described(name: str, kind: type[Adapter], found: list[Trial]) -> dict[str, object]:
    own = [trial for trial in found if trial.mutant == name]
    first = _first(own)
    return {
        "id": name,
        "description": kind.fault.description,
        "stands_for": kind.fault.stands_for,
        "target": kind.target,
        "trials": _share([trial for trial in own if not trial.excuse]),
        "killers": len({kill.case for trial in own for kill in trial.kills}),
        "first": first.case if first else "",
        "position": first.position if first else 0,
        "requirements": list(first.requirements) if first else [],
        "first_by_trial": {_where(trial): trial.kills[0].case for trial in own if trial.kills},
        "equivalent": {_where(trial): trial.excuse for trial in own if trial.excuse},
    }


def _where(trial: Trial) -> str:
    return f"{trial.layer} {trial.dtype}"


def _first(own: Iterable[Trial]) -> Kill | None:
    """The kill that stands first among the cases of its layer, of those that count."""
    kills = (kill for trial in own if not trial.excuse for kill in trial.kills[:1])
    return min(kills, key=lambda kill: kill.position, default=None)


def table(found: list[Trial]) -> str:
    """A line for every mutant: its first killer by position among its layer's cases, and how many trials died."""
    lines = []
    for name in mutants():
        own = [trial for trial in found if trial.mutant == name]
        counted = [trial for trial in own if not trial.excuse]
        dead = [trial for trial in counted if trial.kills]
        first = _first(own)
        where = f"{first.case} ({', '.join(first.requirements)})" if first else "nothing"
        lines.append(f"{name:36} {len(dead):>2}/{len(counted):<2} {where}")
    return "\n".join(lines)


def summary(found: list[Trial]) -> str:
    """The figure, and everything that is not as it should be."""
    counts = figures(found)
    killed, of = counts["trials"]
    lines = [
        f"{counts['mutants_killed']} of {counts['mutants']} mutants killed; "
        f"{killed} of {of} in their layers and dtypes, {counts['equivalent']} equivalents aside"
    ]
    lines += [f"survives: {one.mutant} in {one.layer} at {one.dtype}" for one in survivors(found)]
    lines += [f"excused and killed: {one.mutant} in {one.layer} at {one.dtype}" for one in wrongly_excused(found)]
    lines += [f"escapes: {text}" for text in escaped(found)]
    lines += [f"kills nothing: {case}" for case in idle(found)]
    lines += [f"alone: {case} kills {', '.join(names)}" for case, names in carriers(found).items()]
    return "\n".join([*lines, f"hunted, and no mutant's name: {', '.join(other_bugs()) or 'none'}"])


def main(words: list[str] | None = None) -> int:
    """Run everything, print the table and the figure, write the document."""
    parser = argparse.ArgumentParser(description="What the suite catches.")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(words)
    found = trials(options.processes)
    options.output.write_text(text_of(document(found)), encoding="utf-8")
    print(table(found), summary(found), sep="\n\n")
    return 1 if survivors(found) or wrongly_excused(found) or escaped(found) else 0


if __name__ == "__main__":
    sys.exit(main())
