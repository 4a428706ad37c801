"""Judgement of numbers: outputs, gradients, state and what an update leaves, each against its bound."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from normcheck.adapters.arrays import FLOATING, Array, decode
from normcheck.adapters.interface import Observation, StepSeen
from normcheck.reports.record import Worst
from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Exact, Floats
from ..bounds.grades import Measure, measure
from ..case import Case
from ..oracle.answered import Answered, Masks, Subject, numbers
from ..oracle.expected import StepExpected, expected_steps, first_values
from ..oracle.updates import penalty
from ..requests.conventions import ExpectedWeight, convention
from .finding import Finding

AROUND = 2
PROVES_NOTHING = "the bound is wider than 1e-2 |gamma| on this input, so that a wrong answer would pass: choose another"


def outputs(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    """The output of every step that gives one."""
    for label, step, got in _steps(case, dialect, seen):
        if step.bounds is None:
            continue
        if got.output is None:
            yield Finding("output", "error", label, "no output", "the target gave no output")
            continue
        yield from _array("output", label, step.bounds, "output", got.output, step.inherited)
        if got.differentiated not in (None, got.output):
            again = _joined(label, "when differentiated")
            yield from _array("output", again, step.bounds, "output", got.differentiated, step.inherited)


def gradients(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    """The gradient of the input and of every trainable weight, of every step that was asked for one."""
    meant = convention(case, dialect)
    trainable = [weight for weight in meant.weights if weight.trainable]
    for label, step, got in _steps(case, dialect, seen):
        # After an update the weights, and so the gradients, carry an error that no bound here accounts for.
        if step.bounds is None or step.do != "call" or step.inherited is not None:
            continue
        if "gradient_input" in step.bounds.subjects:
            of_input = got.gradients.get("input")
            yield from _gradient(_joined(label, "input"), step.bounds, "gradient_input", case.input_dtype, of_input)
            for weight in trainable:
                subject, of_weight = step.bounds.gradient_of(weight.role), got.gradients.get(weight.name)
                yield from _gradient(_joined(label, weight.name), step.bounds, subject, weight.dtype, of_weight)


def _gradient(label: str, bounds: Answered, subject: Subject, dtype: str, got: Array | None) -> Iterator[Finding]:
    if got is None:
        yield Finding("gradient", "wrong", label, "no gradient", "the target gave no gradient of it", "F")
    elif got.dtype != dtype:
        yield _mistyped("gradient", label, dtype, got)
    else:
        rounded_to = bounds.dtype if subject == "gradient_input" else dtype
        yield from _array("gradient", label, bounds, subject, got, rounded_to=rounded_to)


def _array(
    aspect: str,
    label: str,
    bounds: Answered,
    subject: Subject,
    got: Array,
    inherited: Floats | None = None,
    rounded_to: str = "",
) -> Iterator[Finding]:
    """What an array shows; nothing where no element can be judged, since that would pass whatever it holds."""
    exact = bounds.exact(subject)
    if got.shape != exact.shape:
        yield _misshapen(aspect, label, exact.shape, got)
        return
    where, vague = _judgeable(bounds, subject)
    if got.size and not where.any:
        return
    values = decode(got)
    dtype = rounded_to or bounds.dtype
    more = 0.0 if inherited is None else inherited
    found = measure(values, exact, lambda grade: bounds.tolerance(subject, grade) + more, where, dtype)
    if vague and found.grade != "F":
        yield Finding(aspect, "error", label, "proves nothing", PROVES_NOTHING)
        return
    cause = bounds.cause(subject, values) if found.grade in ("C", "F") else ""
    yield _finding(aspect, label, values, exact, found, got, cause, dtype)


@lru_cache(maxsize=512)
def _judgeable(bounds: Answered, subject: Subject) -> tuple[Masks, bool]:
    """Where a verdict can be given, and whether the output's bounds are too wide to prove anything."""
    return bounds.masks(subject), subject == "output" and bounds.proves_nothing()


def state(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    """Every non-trainable weight after every step, and a trainable one that the call itself was to change."""
    for label, step, got in _steps(case, dialect, seen):
        for weight in convention(case, dialect).weights:
            if not weight.trainable or weight.role in step.changed:
                yield from _held("state", label, weight, step, got)


def constraint(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    """Every weight after every update."""
    for label, step, got in _steps(case, dialect, seen):
        for weight in convention(case, dialect).weights:
            yield from _held("constraint", label, weight, step, got)


def regularization(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    """The layer's losses at the first update, and every trainable weight after it."""
    meant = convention(case, dialect)
    before = {role: held.value.nearest for role, held in first_values(meant).weights.items()}
    wanted, error = penalty(meant, before)
    got = seen.steps[0].loss
    good = got is not None and abs(got - wanted) <= error
    yield Finding(
        "regularization",
        "right" if good else "wrong",
        "loss",
        symptom="loss differs",
        message=f"the layer's losses are {got}, expected {wanted} within {error:.3g}",
    )
    for finding in constraint(case, dialect, seen):
        yield replace(finding, aspect="regularization")


def _held(aspect: str, label: str, weight: ExpectedWeight, step: StepExpected, seen: StepSeen) -> Iterator[Finding]:
    """What a weight shows after a step; nothing where no element of it can be judged."""
    held, got, label = step.weights[weight.role], seen.weights.get(weight.name), _joined(label, weight.name)
    if got is None:
        yield Finding(aspect, "wrong", label, "no such weight", "the target does not list it", "F")
    elif got.shape != held.value.shape:
        yield _misshapen(aspect, label, held.value.shape, got)
    elif got.dtype != weight.dtype:
        yield _mistyped(aspect, label, weight.dtype, got)
    elif held.judged.any() or not got.size:
        values = decode(got)
        dtype = weight.dtype if weight.dtype in FLOATING else "float64"
        found = measure(values, held.value, held.tolerance, numbers(held.judged), dtype)
        yield _finding(aspect, label, values, held.value, found, got, "", dtype)


def _finding(
    aspect: str,
    label: str,
    values: NDArray[np.generic],
    exact: Exact,
    found: Measure,
    got: Array,
    cause: str,
    dtype: str,
) -> Finding:
    wrong = found.grade == "F"
    return Finding(
        aspect,
        "wrong" if wrong else "right",
        label,
        symptom=f"grade {found.grade}" + (f": {cause}" if cause and wrong else ""),
        message="" if found.grade == "A" else f"the array has grade {found.grade}.",
        grade=found.grade,
        headroom=found.headroom,
        ulps=found.ulps,
        worst=worst_of(values, exact, found),
        cause=cause,
        dtype=dtype,
        fingerprint=hashlib.blake2b(got.data, digest_size=6).hexdigest(),
    )


def _mistyped(aspect: str, label: str, wanted: str, got: Array) -> Finding:
    return Finding(aspect, "wrong", label, f"dtype {got.dtype}", f"the dtype is {got.dtype}, expected {wanted}")


def _misshapen(aspect: str, label: str, wanted: tuple[int, ...], got: Array) -> Finding:
    text = f"the shape is {list(got.shape)}, expected {list(wanted)}"
    return Finding(aspect, "wrong", label, f"shape {list(got.shape)}", text, "F")


def worst_of(values: NDArray[np.generic], exact: Exact, found: Measure) -> Worst | None:
    """The worst element and what is around it; None where there is nothing to show."""
    if not found.index or found.grade == "A":
        return None
    index = found.index
    window = tuple(slice(max(0, at - AROUND), at + AROUND + 1) for at in index[-2:])
    here: tuple[int | slice, ...] = (*index[:-2], *window)
    return Worst(
        index=list(index),
        got=f"{found.got:.9g}",
        expected=f"{found.expected:.9g}",
        bound=f"{found.bound:.3g}",
        ulps=found.ulps if np.isfinite(found.ulps) else None,
        first=[part.start for part in window],
        around_got=_texts(values[here]),
        around_expected=_texts(exact.nearest[here]),
    )


def _texts(values: NDArray[np.generic]) -> list[str]:
    return [" ".join(f"{value:.7g}" for value in row) for row in np.atleast_2d(values).astype(np.float64)]


def _steps(case: Case, dialect: str, seen: Observation) -> list[tuple[str, StepExpected, StepSeen]]:
    several = len(case.steps) > 1
    return [
        (f"step {index}" if several else "", step, got)
        for index, (step, got) in enumerate(zip(expected_steps(case, dialect), seen.steps, strict=False), 1)
    ]


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def judged(
    aspect: str,
    label: str,
    got: Array,
    exact: Exact,
    tolerance: Callable[[Grade], Floats],
    where: Masks,
    dtype: str,
) -> Iterator[Finding]:
    """What an array of `dtype` shows against an exact one; nothing where no element can be judged."""
    if got.dtype != dtype:
        yield _mistyped(aspect, label, dtype, got)
    elif got.shape != exact.shape:
        yield _misshapen(aspect, label, exact.shape, got)
    elif where.any or not got.size:
        values = decode(got)
        found = measure(values, exact, tolerance, where, dtype)
        yield _finding(aspect, label, values, exact, found, got, "", dtype)
