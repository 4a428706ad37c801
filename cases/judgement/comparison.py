"""Two observations that must agree: the two sides of a relation, read against each other array by array.

Whether each side is right is for other cases to say. Where the definition gives both sides the same exact answer, they
may differ by the sum of their two bounds and no more; and by no bit where nothing that could round otherwise differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from normcheck.adapters.arrays import FLOATING, Array, arranged, decode
from normcheck.adapters.interface import Observation, StepSeen
from normcheck.adapters.process.transport import Loss
from normcheck.adapters.targets import Target
from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Exact, Floats, as_exact
from ..arithmetic.formats import format_of
from ..bounds.grades import Measure, measure
from ..case import Case
from ..oracle.answered import Answered, Subject, numbers
from ..oracle.expected import StepExpected, expected_steps
from ..requests.conventions import convention
from ..requests.transforms import TRANSFORMATIONS, UNCHANGED, Values
from .finding import Finding
from .judge import judge
from .transplant import by_role, returned
from .values import PROVES_NOTHING, worst_of

HARDLY = 2.0**-20
THROUGHOUT = frozenset({"process_agreement", "device_agreement", "transplant"})


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One side of a comparison: its case, the dialect it was asked in, what a message calls it, and what came back."""

    case: Case
    dialect: str
    name: str
    answer: Observation | Loss

    @property
    def seen(self) -> Observation:
        """What the target was seen to do; nothing, where it was lost."""
        return Observation(self.case.id) if isinstance(self.answer, Loss) else self.answer

    @property
    def steps(self) -> tuple[StepSeen, ...]:
        """What the steps left behind."""
        return self.seen.steps

    def read(self, index: int, values: Values) -> Values:
        """What is compared of an output, or of anything in its shape, elements put where the first side has them."""
        second = self.case.other.case if self.case.other else self.case
        change = UNCHANGED if second.origin is None else TRANSFORMATIONS[second.origin.change]
        way = change.part if self.case.other else change.back
        return way(convention(self.case, self.dialect), index, values)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """An array of one side, elements put in place. subject: of its exact answer, empty where it has none."""

    side: Side
    index: int
    subject: Subject
    dtype: str
    bits: Values

    @property
    def values(self) -> Values:
        """The numbers."""
        return decode(Array(self.dtype, self.bits.shape, self.bits.tobytes()))

    @property
    def exact(self) -> Exact:
        """The numbers, as what another array is measured against."""
        return as_exact(self.values.astype(np.float64))

    @property
    def expected(self) -> StepExpected:
        """What the step must give."""
        return expected_steps(self.side.case, self.side.dialect)[self.index]


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """How near an array is to its exact answer, elements put in place: where that can be said, and the bound."""

    seen: Seen
    bounds: Answered

    @property
    def judged(self) -> Values:
        """Where a number can be judged."""
        return self._laid(self.bounds.masks(self.seen.subject).judged)

    @property
    def vague(self) -> bool:
        """Whether the bound is too wide to prove anything."""
        return self.seen.subject == "output" and self.bounds.proves_nothing()

    def width(self, grade: Grade) -> Floats:
        """The bound of a grade."""
        inherited = self.seen.expected.inherited
        return self._laid(self.bounds.tolerance(self.seen.subject, grade) + (0.0 if inherited is None else inherited))

    def _laid(self, values: Values) -> Values:
        return self.seen.side.read(self.seen.index, values)


def stopped(side: Side) -> list[Finding]:
    """Why there is nothing to compare: what was lost, is not offered or raised, on one side."""
    found = judge(side.case, side.dialect, side.answer)
    return [replace(one, subject=f"{one.subject} {side.name}".strip()) for one in found]


def side_names(case: Case, target: Target | None, partner: Target | None) -> tuple[str, str]:
    """What messages call the two sides of a comparison. partner: the other target, where there is one."""
    other = case.other
    assert other is not None
    if target is not None and partner is not None:
        return target.id, partner.id
    if other.on == "process":
        return "one process", "another process"
    if other.case.layer != case.layer:
        return case.layer, other.case.layer
    change = other.case.origin.change if other.case.origin else None
    return "the input as it is", f"the input {change}" if change else "the other layer"


def beside(partner: Target | None, findings: Sequence[Finding]) -> list[Finding]:
    """Findings that say which other target was compared with: there may be several."""
    if partner is None:
        return list(findings)
    return [replace(one, subject=f"{one.subject} beside {partner.id}".strip()) for one in findings]


def compared(first: Side, second: Side) -> list[Finding]:
    """How the sides of the first one's case agree, aspect by aspect; where one gave no answer, what became of it.

    Where the target does not offer the layer of the case, nothing else of the case is charged to it.
    """
    mine = stopped(first)
    if mine and all(one.result == "unsupported" for one in mine):
        return mine
    lost = [*mine, *stopped(second)]
    return lost or [replace(one, aspect=aspect) for aspect in first.case.aspects for one in _findings(first, second)]


def _findings(first: Side, second: Side) -> Iterator[Finding]:
    assert first.case.other is not None
    close = _same if first.case.other.agree == "bits" else _near
    if first.case.other.on == "dialect":
        yield returned(*(by_role(side.case, side.dialect, side.seen) for side in (first, second)))
    pairs = list(_pairs(first, second))
    if not pairs:
        yield Finding("", "error", "", "no output", "the target gave no two outputs to compare")
    for label, one, other in pairs:
        if one.bits.shape != other.bits.shape or one.dtype != other.dtype:
            mine, theirs = (f"{seen.dtype} {list(seen.bits.shape)}" for seen in (one, other))
            text = f"{first.name} gives {mine}, and {second.name} {theirs}"
            yield Finding("", "wrong", label, "shape or dtype differs", text)
        else:
            yield from close(label, one, other)


def _pairs(first: Side, second: Side) -> Iterator[tuple[str, Seen, Seen]]:
    """Everything that both sides gave."""
    for index in range(min(len(first.steps), len(second.steps))):
        mine, theirs = _arrays(first, index), _arrays(second, index)
        step = f"step {index + 1} " if len(first.steps) > 1 else ""
        yield from ((f"{step}{name}", seen, theirs[name]) for name, seen in mine.items() if name in theirs)


def _arrays(side: Side, index: int) -> dict[str, Seen]:
    """The output of a step; gradients and weights by role too, where the layer, its input and weights are the same."""
    step = side.steps[index]
    found: dict[str, tuple[Array | None, Subject]] = {"output": (step.output, "output")}
    if not THROUGHOUT.isdisjoint(side.case.aspects):
        found |= {"differentiated output": (step.differentiated, "output"), **_others(side, index)}
    return {
        name: Seen(side, index, subject, array.dtype, side.read(index, bits) if name == "output" else bits)
        for name, (array, subject) in found.items()
        if array is not None
        for bits in [arranged(array, "contiguous").bits]
    }


def _others(side: Side, index: int) -> dict[str, tuple[Array, Subject]]:
    """Gradients, and weights after the step, by role."""
    step, bounds = side.steps[index], expected_steps(side.case, side.dialect)[index].bounds
    roles = {weight.name: weight.role for weight in convention(side.case, side.dialect).weights}
    subjects = {name: bounds.gradient_of(role) for name, role in roles.items() if bounds} | {"input": "gradient_input"}
    gradients = {
        f"gradient of {roles.get(name, name)}": (array, subjects.get(name, ""))
        for name, array in step.gradients.items()
    }
    return gradients | {f"{roles.get(name, name)} afterwards": (array, "") for name, array in step.weights.items()}


def _same(label: str, one: Seen, other: Seen) -> Iterator[Finding]:
    """The same bits."""
    if one.bits.tobytes() == other.bits.tobytes():
        yield Finding("", "right", label)
        return
    dtype = one.dtype if one.dtype in FLOATING else "float64"
    with np.errstate(all="ignore"):
        least = format_of(dtype).ulp(np.abs(one.exact.nearest)) * HARDLY
    everywhere = numbers(np.ones(one.bits.shape, np.bool_))
    found = measure(other.values, one.exact, lambda grade: least, everywhere, dtype)
    count = int((one.bits != other.bits).sum())
    finding = _wrong(label, "bits differ", one, other, found, f"{count} of {one.bits.size} elements differ")
    yield replace(finding, worst=finding.worst and finding.worst.model_copy(update={"bound": "0"}))


def _near(label: str, one: Seen, other: Seen) -> Iterator[Finding]:
    """No further apart than both bounds together: those of a grade, for the same grade of their difference."""
    near = [Near(seen, seen.expected.bounds) for seen in (one, other) if seen.subject and seen.expected.bounds]
    if len(near) < 2:
        return
    if any(side.judged.shape != side.seen.bits.shape for side in near):
        text = f"both sides give {list(one.bits.shape)}, and the exact answer has {list(near[0].judged.shape)}"
        yield Finding("", "wrong", label, "shape differs from the exact answer's", text)
        return
    judged = near[0].judged & near[1].judged
    if any(side.vague for side in near) or (judged.size and not judged.any()):
        yield Finding("", "error", label, "proves nothing", PROVES_NOTHING)
        return
    found = measure(other.values, one.exact, lambda grade: _together(near, grade), numbers(judged), one.dtype)
    finding = Finding("", "right", label, f"grade {found.grade}", f"the difference has grade {found.grade}")
    if found.grade == "F":
        together = f"their bounds together are {found.bound:.3g}"
        finding = _wrong(label, "beyond both bounds", one, other, found, together)
    yield replace(finding, grade=found.grade, headroom=found.headroom, ulps=found.ulps)


def _together(sides: Sequence[Near], grade: Grade) -> Floats:
    width: Floats = sides[0].width(grade) + sides[1].width(grade)
    return width


def _wrong(label: str, symptom: str, one: Seen, other: Seen, found: Measure, rest: str) -> Finding:
    first, second = f"{one.side.name} gives {found.expected:.9g}", f"{other.side.name} {found.got:.9g}"
    message = f"at {list(found.index)}, {first}, and {second}; {rest}"
    return Finding("", "wrong", label, symptom, message, worst=worst_of(other.values, one.exact, found))
