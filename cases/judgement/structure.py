"""Judgement of everything but numbers: weights, counts, dtypes, exceptions, agreement, and literal expectations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from normcheck.adapters.arrays import FLOATING, decode, encode
from normcheck.adapters.interface import Observation, Raised, Weight
from normcheck.specs.grammar import ErrorSpec, Expectation, ModelSpec, ModelWeight

from ..case import Case
from ..requests.ask import request_for
from ..requests.conventions import ExpectedWeight
from .finding import Finding

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def expected_model_weights(spec: ModelSpec, dialect: str) -> tuple[tuple[ExpectedWeight, ...], int, int]:
    """The weights of a model in order, and its trainable and non-trainable counts."""
    weights: Sequence[ModelWeight] = next(listed for name, listed in spec.weights.items() if name == dialect)
    listed = tuple(
        ExpectedWeight(weight.name, weight.name, tuple(weight.shape), weight.dtype, float("nan"), weight.trainable)
        for weight in weights
    )
    return listed, _count(spec.trainable, dialect), _count(spec.non_trainable, dialect)


def _count(count: int | Mapping[Any, int], dialect: str) -> int:
    return count if isinstance(count, int) else count[dialect]


def weights(expected: Sequence[ExpectedWeight], seen: Observation) -> Iterator[Finding]:
    """Ordered names, then shape, dtype, trainable flag and first value of each weight."""
    names, wanted = [weight.name for weight in seen.weights], [weight.name for weight in expected]
    yield compared("weights", "names", wanted, names)
    if names != wanted:
        return
    for want, got in zip(expected, seen.weights, strict=True):
        yield compared("weights", f"{want.name} shape", list(want.shape), list(got.value.shape))
        yield compared("weights", f"{want.name} dtype", want.dtype, got.value.dtype)
        yield compared("weights", f"{want.name} trainable", want.trainable, got.trainable)
        if not np.isnan(want.initial):
            yield _initial(want, got)


def _initial(want: ExpectedWeight, got: Weight) -> Finding:
    values = decode(got.value).astype(np.float64)
    as_stored = float(decode(encode(np.asarray(want.initial), want.dtype)))
    wrong = values[values != as_stored]
    first = float(wrong.flat[0]) if wrong.size else as_stored
    return compared("weights", f"{want.name} initial value", as_stored, first)


def parameters(trainable: int, rest: int, seen: Observation) -> Finding:
    """Counts of trainable and non-trainable parameters, as the framework gives them."""
    if seen.parameters is None:
        return Finding("parameters", "unsupported", message="the target does not count parameters")
    return compared("parameters", "", [trainable, rest], list(seen.parameters))


def dtype(case: Case, seen: Observation) -> Iterator[Finding]:
    """The output has the dtype that the layer computes in; for an integer input, a floating one."""
    allowed = (case.output_dtype,) if case.dtype in FLOATING else FLOATING
    wanted = case.output_dtype if case.dtype in FLOATING else "a floating dtype"
    arrays = [array for step in seen.steps for array in (step.output, step.differentiated) if array is not None]
    wrong = [array.dtype for array in arrays if array.dtype not in allowed]
    if arrays:
        yield Finding(
            "dtype",
            "wrong" if wrong else "right",
            symptom=f"dtype {wrong[0]}" if wrong else "",
            message=f"the output of a {case.input_dtype} input has dtype {wrong[0]}; expected {wanted}"
            if wrong
            else "",
        )


def input_kept(seen: Observation) -> Finding:
    """The layer left its input as it was."""
    bad = [index for index, step in enumerate(seen.steps, 1) if not step.input_kept]
    text = "the input of step {} has other bytes after the call than before"
    return _kept("input_kept", bad, "input overwritten", text)


def weights_kept(seen: Observation) -> Finding:
    """No call changed a trainable weight."""
    bad = [index for index, step in enumerate(seen.steps, 1) if not step.weights_kept]
    text = "a trainable weight has other bytes after the call of step {} than before"
    return _kept("weights_kept", bad, "trainable weights changed", text)


def _kept(aspect: str, bad: Sequence[int], symptom: str, text: str) -> Finding:
    """Whether nothing is overwritten. bad: numbers of the steps that did it, of which `text` names the first."""
    message = text.format(bad[0] if bad else 0)
    return Finding(aspect, "wrong" if bad else "right", symptom=symptom, message=message)


def training_agreement(seen: Observation) -> Finding:
    """The outputs of the first and the last call are the same bits, though they differ in `training`."""
    outputs = [step.output for step in seen.steps if step.output is not None]
    if len(outputs) < 2:
        return Finding("training_agreement", "error", "", "no output", "the target gave no two outputs to compare")
    same = outputs[0] == outputs[-1]
    return Finding(
        "training_agreement",
        "right" if same else "wrong",
        symptom="training differs from inference",
        message="the last call, which differs from the first in `training` alone, gave other bits",
    )


def masks(case: Case, dialect: str, seen: Observation) -> Iterator[Finding]:
    """The mask came out as it went in; and where nothing counts, every number is finite for all that."""
    several = len(case.steps) > 1
    for index, (asked, got) in enumerate(zip(request_for(case, dialect).steps, seen.steps, strict=False), 1):
        if asked.mask is None:
            continue
        where = f"step {index}" if several else ""
        lost = "no mask came out" if got.mask is None else "another mask came out than went in"
        yield Finding("mask", "right" if got.mask == asked.mask else "wrong", where, lost, lost)
        if not decode(asked.mask).any():
            arrays = [array for array in (got.output, *got.weights.values()) if array is not None]
            finite = all(np.isfinite(decode(array)).all() for array in arrays)
            said = "a batch of which nothing counts gave NaN or infinity"
            yield Finding("mask", "right" if finite else "wrong", f"{where} finite".strip(), "not finite", said)


def repetition(seen: Observation) -> Finding:
    """Every call of one instance gave the same bits."""
    outputs = [step.output for step in seen.steps if step.output is not None]
    if len(outputs) < 2:
        return Finding("repetition", "error", "", "no output", "the target gave no two outputs to compare")
    other = next((index for index, output in enumerate(outputs, 1) if output != outputs[0]), 0)
    return Finding(
        "repetition",
        "wrong" if other else "right",
        symptom="another call gives other bits",
        message=f"call {other} of the layer, given the same input as the first, gave other bits",
    )


def determinism(seen: Observation) -> Finding:
    """A second instance, given the same, gave the same bits."""
    return Finding(
        "determinism",
        "right" if seen.repeats else "wrong",
        symptom="bits differ when repeated",
        message="a second instance, built and called in the same way, gave other bits",
    )


def error(asked: ErrorSpec, dialect: str, raised: Raised | None) -> Finding:
    """What was raised is one of the types asked for, in a phase it may be raised in, and names the culprit."""
    types = next(types for name, types in asked.raises.items() if name == dialect)
    wanted = f"{' or '.join(types)} in phase {' or '.join(asked.phase)}"
    if raised is None:
        return Finding("error", "wrong", symptom="accepted", message=f"nothing was raised; expected {wanted}")
    got = f"{raised.types[0]} in phase {raised.phase}"
    message = f"raised {got} ({said(raised)}); expected {wanted}"
    if not set(types) & set(raised.types):
        return Finding("error", "wrong", symptom=f"raised {raised.types[0]}", message=message)
    if raised.phase not in asked.phase:
        return Finding("error", "wrong", symptom=f"raised in phase {raised.phase}", message=message)
    if asked.names and asked.names.lower() not in raised.message.lower():
        message = f"{message}; the message should name '{asked.names}'"
        return Finding("error", "wrong", symptom=f"message does not name {asked.names}", message=message)
    return Finding("error", "right")


def raised(aspect: str, seen: Raised, subject: str = "") -> Finding:
    """An exception where there should have been none."""
    where = seen.phase if seen.step is None else f"{seen.phase} (step {seen.step + 1})"
    frames = seen.traceback.strip().splitlines()
    return Finding(
        aspect,
        "error",
        subject,
        symptom=f"raised {seen.types[0]}",
        message=f"raised {seen.types[0]} in phase {where}: {said(seen)}",
        cause=frames[-1] if frames else "",
    )


def said(raised: Raised) -> str:
    """The message of an exception on one line, without terminal colours, cut to a readable length."""
    plain = " ".join(COLOUR.sub("", raised.message).split())
    return _shortened(plain, 300) or "no message"


def literal(expect: Expectation, case: Case, seen: Observation) -> Iterator[Finding]:
    """Every literal expectation, as a document states it."""
    if expect.output is not None:
        yield _literal_output(expect, case, seen)
    if expect.weight_names is not None:
        yield compared("weights", "names as stated", expect.weight_names, [w.name for w in seen.weights])
    if expect.weight_count is not None:
        yield compared("weights", "count as stated", expect.weight_count, len(seen.weights))
    for name, shape in (expect.weights or {}).items():
        found = [list(weight.value.shape) for weight in seen.weights if weight.name == name]
        yield compared("weights", f"{name} shape as stated", shape, found[0] if found else "no such weight")
    if expect.parameters is not None:
        yield compared("parameters", "as stated", expect.parameters, list(seen.parameters or ()))
    if expect.fixed_state is not None:
        yield compared("state", "fixed as stated", True, _fixed(expect.fixed_state, seen))
    if expect.agreement is not None:
        outputs = [step.output for step in seen.steps if step.output is not None]
        yield compared("training_agreement", "as stated", expect.agreement, outputs[0] == outputs[-1])
    if expect.completes is not None:
        yield compared("output", "completes as stated", expect.completes, seen.raised is None)


def _fixed(since: int, seen: Observation) -> bool:
    """Whether no non-trainable weight has moved since a step."""
    first, last = seen.steps[since].weights, seen.steps[-1].weights
    return all(first.get(one.name) == last.get(one.name) for one in seen.weights if not one.trainable)


def _literal_output(expect: Expectation, case: Case, seen: Observation) -> Finding:
    output = seen.steps[-1].output if seen.steps else None
    if output is None:
        return Finding("output", "error", "as stated", "no output", "the target gave no output to compare")
    got = np.round(decode(output).astype(np.float64), expect.decimals) + 0.0
    wanted = np.round(np.asarray(expect.output, np.float64), expect.decimals) + 0.0
    return compared("output", "as stated", wanted.tolist(), got.tolist())


def compared(aspect: str, subject: str, wanted: object, got: object) -> Finding:
    """A finding that two plain values are, or are not, the same."""
    same = wanted == got
    what = subject or aspect
    return Finding(
        aspect,
        "right" if same else "wrong",
        subject,
        symptom=f"{what} differs" if aspect == "output" else _shortened(f"{what} {got}", 120),
        message=_shortened(f"{what}: expected {wanted}, got {got}", 600),
    )


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
