"""Which cases a run asks: the quick list or all, and of these what the options select."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from normcheck.adapters.targets import Target
from normcheck.specs.aspects import ASPECTS
from normcheck.specs.sentences import suggestion

from ..case import Case
from ..suite import asked_of

UNTRACED = frozenset(
    ["persistence", "process_agreement", "device_agreement", "forward_mode", "second_order", "vectorized"]
)


@dataclass(frozen=True, slots=True)
class Selection:
    """The options --full, --case, --layer and --aspect; what is left empty selects everything.

    cases: patterns of ids; what they name is asked though it is on the full list alone.
    """

    full: bool = False
    cases: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ()

    @property
    def narrowed(self) -> bool:
        """Whether less than the list is asked."""
        return bool(self.cases or self.layers or self.aspects)

    def lists(self, case: Case) -> bool:
        """Whether a case is on the list, quick or full."""
        return self.full or not case.full

    def has(self, case: Case) -> bool:
        """Whether a case is asked."""
        if self.layers and case.layer not in self.layers:
            return False
        if self.aspects and not any(aspect in self.aspects for aspect in case.aspects):
            return False
        if self.cases:
            return any(fnmatchcase(case.id, pattern) for pattern in self.cases)
        return self.lists(case)

    def asks(self, case: Case, target: Target) -> bool:
        """Whether a target is asked a case that `has` selects.

        On the quick list a target that traces each case meets every argument and shape of a sweep once, with inputs of
        one family and one dtype, and nothing that is about files, other processes or derivatives of derivatives: its
        kernels are those of the same adapter without a trace, and what tracing can break is an argument, a step or a
        shape. On JAX there is no mode without one: what else its numbers depend on is asked on the full list.
        """
        traced = case.traced and UNTRACED.isdisjoint(case.aspects)
        return asked_of(case, target) and (traced or not target.traces or self.full or bool(self.cases))

    def judges(self, aspect: str) -> bool:
        """Whether an aspect is judged."""
        return not self.aspects or aspect in self.aspects

    def wrong(self, layers: Iterable[str]) -> str:
        """The first name that is neither one of `layers` nor an aspect, as a sentence; empty where all are known."""
        found = (*_unknown("layer", self.layers, layers), *_unknown("aspect", self.aspects, ASPECTS))
        return found[0] if found else ""


def _unknown(kind: str, given: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    names = list(known)
    for name in given:
        if name not in names:
            near = suggestion(name, names) or f"; there are {', '.join(sorted(names))}"
            yield f"--{kind} {name}: there is no {kind} of this name{near}"
