"""The whole suite in memory: the specs, every case by its id, every claim with its cases."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from normcheck.adapters.targets import Target
from normcheck.reports.record import ClaimText, RequirementText
from normcheck.specs.grammar import ClaimSpec, LayerSpec, ModelSpec
from normcheck.specs.reader import Specs, read_all

from .case import Case
from .judgement.claims import case_ids
from .requests.expand import claim_cases, layer_cases, model_case

PLAIN = ("eager", "jit")
"""How a framework is used most; JAX through jit."""
LONE = {
    "device": "No device was compared with another: no two devices were found for one target.",
    "dialect": "No weights were carried to another framework: all targets that were found speak one dialect.",
}


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """A claim with the ids of the cases that decide it."""

    id: str
    document: str
    title: str
    spec: ClaimSpec
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Suite:
    """cases: those judged for their own sake; by_id: these and the documents' own."""

    specs: Specs
    cases: tuple[Case, ...]
    by_id: Mapping[str, Case]
    claims: Mapping[str, Claim]

    @property
    def subjects(self) -> dict[str, LayerSpec | ModelSpec]:
        """The layers and models by name."""
        return {**self.specs.layers, **self.specs.models}


@lru_cache(maxsize=1)
def suite() -> Suite:
    """The packaged specs, expanded. Raises SpecError for a file that is wrong.

    What is made here lives as long as the process. It is kept from the collector of garbage, which would walk over all
    of it again and again while pytest makes its items: a quarter of the time that a collection takes.
    """
    gc.disable()
    try:
        return expanded(read_all())
    finally:
        gc.freeze()
        gc.enable()


def expanded(specs: Specs) -> Suite:
    """Every case and claim of `specs`."""
    cases = (
        *chain.from_iterable(layer_cases(spec, specs.layers) for spec in specs.layers.values()),
        *(model_case(spec) for spec in specs.models.values()),
    )
    named: dict[str, LayerSpec | ModelSpec] = {**specs.layers, **specs.models}
    stated = chain.from_iterable(claim_cases(claims, named) for claims in specs.claims.values())
    by_id = {case.id: case for case in chain(cases, stated)}
    return Suite(specs, cases, by_id, _claims(specs, by_id))


def asked_of(case: Case, target: Target) -> bool:
    """Whether a target is asked a case: in a dialect the case has, and cheap enough where each case is compiled."""
    spoken = case.dialects is None or target.dialect in case.dialects
    return spoken and (case.compiled or not target.compiles)


def partners(case: Case, target: Target, found: Sequence[Target]) -> list[Target | None]:
    """What a target is compared with in a case: others of `found`, each of them once, or nothing but itself.

    A device is compared with the cpu; a layer that is called plainly with one target of each other dialect: with a
    framework where there is one.
    """
    on = case.other.on if case.other else None
    if on == "device":
        alike = [
            one
            for one in found
            if (one.adapter, one.python, one.host, one.mode)
            == (target.adapter, target.python, target.host, target.mode)
        ]
        return [one for one in alike if one.device == "cpu" and target.device != "cpu"]
    if on == "dialect":
        plain = [one for one in found if one.mode in PLAIN and target.mode in PLAIN and asked_of(case, one)]
        first: dict[str, Target | None] = {}
        for one in sorted(plain, key=lambda one: not one.versions):
            first.setdefault(one.dialect, one)
        return [one for dialect, one in first.items() if dialect != target.dialect]
    return [None]


def lone(cases: Iterable[Case], found: Sequence[Target]) -> list[str]:
    """A sentence for every kind of comparison that no two of the targets found can be held to."""
    every = [(case, case.other.on) for case in cases if case.other and case.other.on in LONE]
    held = {on for case, on in every for target in found if asked_of(case, target) and partners(case, target, found)}
    return [text for on, text in LONE.items() if on not in held and any(on == other for _, other in every)]


def settled_on(claim: Claim, target: Target) -> bool:
    """Whether a claim is settled on a target: the document speaks of its adapter, and cases are not compiled."""
    return target.name in claim.spec.about and not target.compiles


def requirement_texts(suite: Suite) -> dict[str, RequirementText]:
    """Every requirement, for the record's header."""
    owners = {**suite.subjects, **suite.specs.topics}
    return {
        name: RequirementText(
            layer=owner,
            level=requirement.level,
            sentence=requirement.sentence,
            source=spec.sources[requirement.source].title,
        )
        for owner, spec in owners.items()
        for name, requirement in spec.requirements.items()
    }


def claim_texts(suite: Suite) -> dict[str, ClaimText]:
    """Every claim, for the record's header."""
    return {
        claim.id: ClaimText(document=claim.document, title=claim.title, statement=claim.spec.statement)
        for claim in suite.claims.values()
    }


def _claims(specs: Specs, by_id: Mapping[str, Case]) -> dict[str, Claim]:
    return {
        name: Claim(name, document.document, document.title, claim, tuple(case_ids(claim, by_id)))
        for document in specs.claims.values()
        for name, claim in document.claims.items()
    }
