"""Judgement of derivatives in a direction (forward mode, second order) and of what is mapped over a stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial

from normcheck.adapters.arrays import Array
from normcheck.adapters.interface import Observation, StepSeen

from ..arithmetic.exact import Floats
from ..bounds.normalization import Bounds
from ..case import Case
from ..oracle.answered import Answered
from ..oracle.direction import Along, of_formula, of_mean_and_variance
from ..oracle.expected import ANSWERS, StepExpected, asked, expected_steps, steps_by, values_of
from ..oracle.normalization import solve
from ..requests.ask import request_for
from ..requests.conventions import convention
from .finding import Finding
from .structure import said
from .values import judged

OF_ROLES: Mapping[str, str] = {"scale": "gradient_gamma"}
OF_GRADIENTS = ("reverse-over-reverse", "forward-over-reverse", "reverse-over-forward")


def forward_mode(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    """The derivative of the output in a direction, of every call."""
    for index, label, got in _calls(case, dialect, seen):
        lost = list(_lost("forward_mode", "forward", label, seen, got))
        yield from lost or _along("forward_mode", label, along(case, dialect, index), "output", got, "forward")


def second_order(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    """The derivatives of the gradients, and of the derivative of the output, of every call."""
    meant = convention(case, dialect)
    sources: dict[str, str] = {"input": "gradient_input"}
    sources |= {w.name: OF_ROLES.get(w.role, f"gradient_{w.role}") for w in meant.weights if w.trainable}
    wanted: dict[str, dict[str, str]] = dict.fromkeys(OF_GRADIENTS, sources) | {
        "forward-over-forward": {"output": "output_twice"}
    }
    for index, label, got in _calls(case, dialect, seen):
        bounds = along(case, dialect, index)
        for way, subjects in wanted.items():
            lost = list(_lost("second_order", way, label, seen, got))
            yield from lost
            for name, which in {} if lost else subjects.items():
                yield from _along("second_order", label, bounds, which, got, f"{way} {name}")


def vectorized(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    """The output of every sample of a stack, held against the exact answer for that sample alone."""
    for index, label, got in _calls(case, dialect, seen):
        lost = list(_lost("vectorized", "vectorized", label, seen, got))
        yield from lost or _samples(label, _stack(case, dialect, index), got.derived.get("vectorized"))


def _calls(case: Case, dialect: str, seen: Observation) -> Iterator[tuple[int, str, StepSeen]]:
    """Every call whose weights carry no error, with what is said of it where there are several."""
    for index, (step, got) in enumerate(zip(expected_steps(case, dialect), seen.steps, strict=False)):
        if step.bounds is not None and step.do == "call" and step.inherited is None:
            yield index, f"step {index + 1} " if len(case.steps) > 1 else "", got


def _lost(aspect: str, kind: str, label: str, seen: Observation, got: StepSeen) -> Iterator[Finding]:
    """Why there is nothing of a kind to be judged."""
    if kind in seen.unsupported:
        yield Finding(aspect, "unsupported", f"{label}{kind}", message=seen.unsupported[kind])
    elif kind in got.failed:
        raised = got.failed[kind]
        yield Finding(
            aspect,
            "error",
            f"{label}{kind}",
            symptom=f"raised {raised.types[0]}",
            message=f"raised {raised.types[0]} in {kind} differentiation: {said(raised)}",
            cause=(raised.traceback.strip().splitlines() or [""])[-1],
        )


@lru_cache(maxsize=128)
def along(case: Case, dialect: str, index: int, finely: bool = False) -> Along:
    """The derivatives of a call in the direction that its step is asked for. Raises TypeError where none are known."""
    tangent = _tangent(case, dialect, index)
    bounds = _expected(case, dialect, index, finely).bounds
    if isinstance(bounds, Bounds):
        return of_mean_and_variance(bounds, tangent, finely)
    call, formula = asked(case, dialect, index, finely), ANSWERS[case.layer]
    return of_formula(call, tangent, formula(replace(call, x=tangent, structured=False))[0])


def _expected(case: Case, dialect: str, index: int, finely: bool) -> StepExpected:
    steps = list(steps_by(case, dialect, finely=True)) if finely else expected_steps(case, dialect)
    return steps[index]


@lru_cache(maxsize=128)
def _stack(case: Case, dialect: str, index: int) -> tuple[Answered, Answered]:
    """The bounds of the two samples of a stack, the step's input and its tangent."""
    tangent, bounds = _tangent(case, dialect, index), expected_steps(case, dialect)[index].bounds
    assert bounds is not None
    if isinstance(bounds, Bounds):
        return bounds, Bounds(solve(replace(bounds.answer.problem, x=tangent, structured=False)))
    call = asked(case, dialect, index)
    return bounds, ANSWERS[case.layer](replace(call, x=tangent, upstream=None, structured=False))[0]


def _tangent(case: Case, dialect: str, index: int) -> Floats:
    tangent = request_for(case, dialect).steps[index].tangent
    assert tangent is not None
    return values_of(tangent)


def _along(aspect: str, label: str, bounds: Along, which: str, got: StepSeen, name: str) -> Iterator[Finding]:
    array, subject = got.derived.get(name), f"{label}{name}"
    if array is None:
        yield Finding(aspect, "wrong", subject, "no derivative", "the target gave no derivative of it", "F")
        return
    tolerance = partial(bounds.tolerance, which)
    yield from judged(aspect, subject, array, bounds.exact(which), tolerance, bounds.masks(which), bounds.dtype)


def _samples(label: str, stack: tuple[Answered, Answered], got: Array | None) -> Iterator[Finding]:
    shape = stack[0].exact("output").shape
    if got is None or got.shape != (2, *shape):
        text = "the target gave no stack of outputs" if got is None else f"the shape of the stack is {list(got.shape)}"
        yield Finding("vectorized", "wrong", label.strip(), "no stack", text, "F")
        return
    half = len(got.data) // 2
    for number, (bounds, data) in enumerate(zip(stack, (got.data[:half], got.data[half:]), strict=True), 1):
        one, exact = Array(got.dtype, shape, data), bounds.exact("output")
        tolerance = partial(bounds.tolerance, "output")
        where, dtype = bounds.masks("output"), bounds.dtype
        yield from judged("vectorized", f"{label}sample {number}", one, exact, tolerance, where, dtype)
