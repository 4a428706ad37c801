"""The judgement of a case: from what it must give and what a target was seen to do, to findings. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from normcheck.adapters.interface import Observation
from normcheck.adapters.process.transport import Loss
from normcheck.specs.grammar import ModelSpec

from ..case import Case
from ..requests.conventions import convention
from . import derived, persistence, structure, values
from .finding import Finding

Judge = Callable[[Case, str, Observation], Iterator[Finding]]


def judge(case: Case, dialect: str, answer: Observation | Loss) -> list[Finding]:
    """What `answer` shows of every aspect of `case`."""
    if isinstance(answer, Loss):
        return [Finding(aspect, answer.kind, symptom=answer.kind, message=answer.message) for aspect in case.aspects]
    if "layer" in answer.unsupported:
        reason = answer.unsupported["layer"]
        return [Finding(aspect, "unsupported", message=reason) for aspect in case.aspects]
    if case.raises is not None:
        return [structure.error(case.raises, dialect, answer.raised)]
    if not case.exact:
        return _stated(case, answer)
    return _judged(case, dialect, answer)


def _stated(case: Case, seen: Observation) -> list[Finding]:
    """A document's own case: its literal expectations alone."""
    assert case.expect is not None
    lacking = {aspect: reason for aspect in case.aspects if (reason := _lacking(aspect, case, seen))}
    if lacking:
        return [Finding(aspect, "unsupported", message=reason) for aspect, reason in lacking.items()]
    if seen.raised is not None and case.expect.completes is None:
        return [_raised(next(iter(case.aspects)), seen)]
    return list(structure.literal(case.expect, case, seen))


def _judged(case: Case, dialect: str, seen: Observation) -> list[Finding]:
    findings = []
    for aspect in case.aspects:
        lacking = _lacking(aspect, case, seen)
        if lacking:
            findings.append(Finding(aspect, "unsupported", message=lacking))
        elif seen.raised is not None and not _settled_before(aspect, seen):
            findings.append(_raised(aspect, seen))
        else:
            findings += list(JUDGES[aspect](case, dialect, seen))
    if case.expect is not None and seen.raised is None and len(seen.steps) == len(case.steps):
        lost = {finding.aspect for finding in findings if finding.result == "unsupported"}
        findings += [one for one in structure.literal(case.expect, case, seen) if one.aspect not in lost]
    return findings


def _lacking(aspect: str, case: Case, seen: Observation) -> str:
    """Why a target offers no answer on this aspect; empty where it does."""
    if aspect in seen.unsupported:
        return seen.unsupported[aspect]
    read = aspect in ("state", "weights_kept", "regularization", "constraint")
    if "weights" in seen.unsupported and (read or case.weights != "initial"):
        return seen.unsupported["weights"]
    if aspect == "parameters" and seen.parameters is None and seen.raised is None:
        return "the target does not count parameters"
    steps = {step.do for step in case.steps} & set(seen.unsupported)
    early = aspect in ("weights", "parameters")
    return "" if early or not steps else seen.unsupported[min(steps)]


def _settled_before(aspect: str, seen: Observation) -> bool:
    """Whether an aspect was seen in full before the target raised."""
    raised = seen.raised
    if raised is None or raised.phase in ("construct", "build"):
        return False
    after_the_steps = raised.step is None and raised.phase != "assign"
    return aspect in ("weights", "parameters") or (after_the_steps and aspect != "persistence")


def _raised(aspect: str, seen: Observation) -> Finding:
    assert seen.raised is not None
    return structure.raised(aspect, seen.raised)


def _weights(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    if isinstance(case.spec, ModelSpec):
        yield from structure.weights(structure.expected_model_weights(case.spec, dialect)[0], seen)
    else:
        yield from structure.weights(convention(case, dialect).weights, seen)


def _parameters(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    if isinstance(case.spec, ModelSpec):
        _, trainable, rest = structure.expected_model_weights(case.spec, dialect)
    else:
        meant = convention(case, dialect)
        trainable, rest = meant.trainable, meant.non_trainable
    yield structure.parameters(trainable, rest, seen)


def _dtype(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    yield from structure.dtype(case, seen)


def _input_kept(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    yield structure.input_kept(seen)


def _weights_kept(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    yield structure.weights_kept(seen)


def _training_agreement(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    yield structure.training_agreement(seen)


def _persistence(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    yield from persistence.persistence(case, seen)


def _mask(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    yield from structure.masks(case, dialect, seen)


def _repetition(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    yield structure.repetition(seen)


def _determinism(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    yield structure.determinism(seen)


def _one_side(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    """One side of a comparison shows nothing by itself, unless it could not be asked."""
    yield from ()


JUDGES: Mapping[str, Judge] = {
    "output": values.outputs,
    "gradient": values.gradients,
    "forward_mode": derived.forward_mode,
    "second_order": derived.second_order,
    "vectorized": derived.vectorized,
    "state": values.state,
    "regularization": values.regularization,
    "constraint": values.constraint,
    "weights": _weights,
    "parameters": _parameters,
    "dtype": _dtype,
    "input_kept": _input_kept,
    "weights_kept": _weights_kept,
    "training_agreement": _training_agreement,
    "determinism": _determinism,
    "repetition": _repetition,
    "mask": _mask,
    "persistence": _persistence,
    "invariance": _one_side,
    "relation": _one_side,
    "transplant": _one_side,
    "process_agreement": _one_side,
    "device_agreement": _one_side,
}
