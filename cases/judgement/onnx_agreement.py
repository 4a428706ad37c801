"""Whether a target agrees with ONNX, as ONNX's own test runner compares; and ONNX's outputs held against our bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normcheck.adapters.arrays import Array, decode, encode
from normcheck.adapters.interface import Observation, StepSeen
from normcheck.adapters.process.transport import Loss

from ..requests.conventions import convention
from ..requests.onnx_vectors import Vector
from .finding import Finding
from .judge import judge

THEIRS = "as ONNX expects"
STATE = {"running_mean": "moving_mean", "running_var": "moving_variance"}
UNBIASED = "PyTorch's running_var divides by n - 1, ONNX's by n"
BFLOAT16_RTOL = 2.0**-6


def agreement(vector: Vector, dialect: str, answer: Observation | Loss) -> list[Finding]:
    """What `answer` shows of every output that ONNX states."""
    if isinstance(answer, Loss) or answer.unsupported or answer.raised is not None:
        return [replace(finding, subject=THEIRS) for finding in judge(vector.stated, dialect, answer)]
    return list(_outputs(vector, dialect, answer.steps[0]))


def own_grades(vector: Vector, dialect: str = "keras") -> list[Finding]:
    """ONNX's own outputs judged by our bound, as if a target of `dialect` had given them.

    dialect: the one the vector was translated for; moving variances must divide by n in it, as in ONNX.
    """
    meant = convention(vector.case, dialect)
    names = {weight.role: weight.name for weight in meant.weights}
    arrays = {name: encode(values) for name, values in vector.node.outputs.items()}
    weights = {names[role]: arrays[name] for name, role in STATE.items() if name in arrays}
    step = StepSeen(output=next(iter(arrays.values())), weights=weights)
    return judge(vector.case, dialect, Observation(vector.case.id, steps=(step,)))


def _outputs(vector: Vector, dialect: str, seen: StepSeen) -> Iterator[Finding]:
    """The first output is the layer's; batch normalization's others are its moving statistics."""
    meant = convention(vector.case, dialect)
    for place, (name, wanted) in enumerate(vector.node.outputs.items()):
        subject = f"{THEIRS} {name}"
        weight = meant.weight(STATE.get(name, ""))
        if place == 0:
            yield _compared(vector, "output", subject, wanted, seen.output)
        elif weight is None:
            yield Finding("output", "unsupported", subject, message=f"no layer here gives {name} as an output")
        elif dialect == "torch" and weight.role == "moving_variance":
            yield Finding("state", "unsupported", subject, message=UNBIASED)
        else:
            yield _compared(vector, "state", subject, wanted, seen.weights.get(weight.name))


def _compared(vector: Vector, aspect: str, subject: str, wanted: NDArray[Any], got: Array | None) -> Finding:
    """As `numpy.testing.assert_allclose` compares, shape and dtype included; a NaN equals a NaN."""
    if got is None:
        return Finding(aspect, "wrong", subject, "no such array", "the target gave no array to compare")
    if (got.shape, got.dtype) != (wanted.shape, wanted.dtype.name):
        there, here = f"{wanted.dtype.name} {list(wanted.shape)}", f"{got.dtype} {list(got.shape)}"
        return Finding(aspect, "wrong", subject, "other shape or dtype", f"expected {there}, got {here}")
    values, exact = decode(got).astype(np.float64), wanted.astype(np.float64)
    rtol = max(vector.node.rtol, BFLOAT16_RTOL) if got.dtype == "bfloat16" else vector.node.rtol
    close = np.isclose(values, exact, rtol=rtol, atol=vector.node.atol, equal_nan=True)
    if close.all():
        return Finding(aspect, "right", subject)
    return Finding(aspect, "wrong", subject, "differs from ONNX", _difference(vector, values, exact, close))


def _difference(vector: Vector, values: NDArray[Any], exact: NDArray[Any], close: NDArray[np.bool_]) -> str:
    """How many elements differ, the first of them, and what our bound says of ONNX's outputs."""
    first = tuple(int(one) for one in np.argwhere(~close)[0])
    count = int(np.count_nonzero(~close))
    tolerance = f"rtol {vector.node.rtol:g} and atol {vector.node.atol:g}"
    pair = f"got {values[first]:.9g}, ONNX expects {exact[first]:.9g}"
    return f"{count} of {values.size} elements differ by more than {tolerance}; at {list(first)} {pair}."
