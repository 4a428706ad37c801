"""What a record says besides how checks were judged: specs, what each case asks, and some scripts."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from normcheck.adapters.targets import Target, built_in
from normcheck.reports.described import ArgumentText, CaseText, ScriptText, SpecText, StepText
from normcheck.specs.grammar import Argument
from normcheck.specs.values import per_dialect

from ..case import Case, CaseStep
from ..scripts.case_script import case_script
from ..scripts.script import Unwritten
from ..suite import Suite

LONGEST_SCRIPT = 5000
TRIED = 4
WRONG = ("fail", "known", "error")


@dataclass
class Describing:
    """described: the cases that the record describes already. wrong: by target and finding the cases that show it."""

    by_id: Mapping[str, Case]
    described: set[str] = field(default_factory=set)
    wrong: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)

    def first_of(self, case: str) -> CaseText | None:
        """What a case asks, the first time; None for one that no spec has."""
        if case in self.described or case not in self.by_id:
            return None
        self.described.add(case)
        return case_text(self.by_id[case])

    def met(self, check: Mapping[str, Any]) -> None:
        """Remember a check of which a script may be wanted."""
        if check["outcome"] in WRONG and check["case"] in self.by_id:
            finding = check.get("known") or check.get("symptom") or ""
            self.wrong.setdefault((check["target"], finding), {})[check["case"]] = None

    def scripts(self, targets: Callable[[], Sequence[Target]]) -> Iterator[ScriptText]:
        """For each finding on each target the script of a small case that shows it, where one can be written."""
        found = {target.id: target for target in targets() if built_in(target)} if self.wrong else {}
        written: set[tuple[str, str]] = set()
        for (name, _), cases in self.wrong.items():
            if name not in found or any((name, case) in written for case in cases):
                continue
            smallest = sorted((self.by_id[case] for case in cases), key=_size)[:TRIED]
            text = next(filter(None, (script_text(case, found[name]) for case in smallest)), None)
            if text is not None:
                written.add((name, text.case))
                yield text


def script_text(case: Case, target: Target) -> ScriptText | None:
    """What `normcheck reproduce` prints; None where there is no script, or only a long one."""
    try:
        text = case_script(case, target)
    except Unwritten:
        return None
    except Exception:  # a case that cannot even be made has failed by that, and must not end the run
        return None
    return ScriptText(case=case.id, target=target.id, text=text) if len(text) <= LONGEST_SCRIPT else None


def _size(case: Case) -> int:
    return math.prod(case.shape) * max(len(case.steps), 1)


def spec_texts(suite: Suite) -> dict[str, SpecText]:
    """The definition of each layer and topic, and the arguments of each layer, for the record's header."""
    layers = {
        name: SpecText(
            definition=spec.definition, arguments={one: _argument(text) for one, text in spec.arguments.items()}
        )
        for name, spec in suite.specs.layers.items()
    }
    return layers | {name: SpecText(definition=spec.definition) for name, spec in suite.specs.topics.items()}


def _argument(one: Argument) -> ArgumentText:
    by_dialect = one.default if per_dialect(one) else dict.fromkeys(one.only or ("",), one.default)
    defaults = {str(dialect): as_json(value) for dialect, value in by_dialect.items()}
    return ArgumentText(type=one.type, defaults=defaults, description=one.description)


def case_text(case: Case) -> CaseText:
    """What a case asks, for the record."""
    settings: dict[str, object] = {
        "precision": case.precision if case.precision != "plain" else None,
        "threads": case.threads if case.threads != 1 else None,
        "axes of unknown size": list(case.dynamic) or None,
        "saved as": list(case.formats) if "persistence" in case.aspects else None,
    }
    return CaseText(
        case=case.id,
        layer=case.layer,
        arguments={name: as_json(value) for name, value in case.arguments.items()},
        settings={name: as_json(value) for name, value in settings.items() if value is not None},
        weights=case.weights if isinstance(case.weights, str) else as_json(case.weights),
        seed="" if case.seed == case.id else case.seed,
        steps=[_step(step) for step in case.steps],
    )


def _step(step: CaseStep) -> StepText:
    return StepText(
        do=step.do,
        input=step.input if isinstance(step.input, str) else as_json(step.input),
        shape=list(step.shape),
        training=step.training,
        layout=step.layout,
    )


def as_json(value: object) -> str:
    """A value as a spec holds it."""
    return json.dumps(value, default=str)
