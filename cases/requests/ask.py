"""From a case to the request that a target is sent: inputs, weights and upstream gradients made concrete.

The same case gives every target of a dialect the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from normcheck.adapters.arrays import FLOATING, Array, decode, encode
from normcheck.adapters.interface import Derived, Request, Step
from normcheck.specs.expressions import evaluate
from normcheck.specs.grammar import ModelSpec

from ..case import Case, CaseStep
from .conventions import Convention, convention, layer_spec
from .inputs import drawn, generate
from .transforms import TRANSFORMATIONS, changed

DERIVED: Mapping[str, tuple[Derived, ...]] = {
    "forward_mode": ("forward",),
    "second_order": ("reverse-over-reverse", "forward-over-reverse", "reverse-over-forward", "forward-over-forward"),
    "vectorized": ("vectorized",),
}
DIFFERENTIATED = frozenset({"gradient", "process_agreement", "device_agreement", "transplant", *DERIVED})


@lru_cache(maxsize=512)
def request_for(case: Case, dialect: str) -> Request:
    """What a target that speaks `dialect` is asked for `case`."""
    if isinstance(case.spec, ModelSpec):
        return _model_request(case, case.spec)
    return _layer_request(case, dialect)


def _model_request(case: Case, spec: ModelSpec) -> Request:
    return Request(
        case=case.id,
        layer=spec.form,
        arguments={},
        shape=(2, *spec.input),
        dtype="float32",
        layers=tuple((layer.layer, layer.arguments) for layer in spec.layers),
    )


def _layer_request(case: Case, dialect: str) -> Request:
    return Request(
        case=case.id,
        layer=case.layer,
        arguments=case.arguments,
        shape=case.shape,
        dtype=case.dtype,
        weights={} if case.raises else weight_values(convention(case, dialect)),
        steps=tuple(_step(case, index, dialect) for index in range(len(case.steps))),
        repeat="determinism" in case.aspects,
        restore=case.formats if "persistence" in case.aspects else (),
        precision=case.precision,
        threads=case.threads,
        dynamic=case.dynamic,
        carry="transplant" in case.aspects,
    )


@lru_cache(maxsize=512)
def weight_values(meant: Convention) -> dict[str, Array]:
    """The values to assign, by the dialect's own names; none where the initial ones are to be kept."""
    values = _first_weights(meant)
    if meant.case.origin is None:
        return values
    turn = TRANSFORMATIONS[meant.case.origin.change].weights
    return {name: encode(turn(decode(value).astype(np.float64)), value.dtype) for name, value in values.items()}


def _first_weights(meant: Convention) -> dict[str, Array]:
    """Those of the first side of a comparison, before they are changed as its input is."""
    given = meant.case.weights
    if given == "initial":
        return {}
    if given == "drawn":
        fine = meant.case.precision in ("mixed", "autocast")
        return {one.name: drawn(one.role, one.shape, one.dtype, meant.case.seed, fine) for one in meant.weights}
    return {
        weight.name: encode(np.broadcast_to(np.asarray(given[weight.role], np.float64), weight.shape), weight.dtype)
        for weight in meant.weights
        if weight.role in given
    }


def _step(case: Case, index: int, dialect: str) -> Step:
    step = case.steps[index]
    upstream = _upstream(case, step, index) if _wanted(case, step) else None
    derived = tuple(kind for aspect, kinds in DERIVED.items() if aspect in case.aspects for kind in kinds)
    x = _input(case, index, dialect)
    return Step(
        step.do,
        x,
        step.training,
        upstream,
        step.learning_rate,
        step.layout,
        mask=None if step.mask is None else encode(np.asarray(step.mask, np.bool_)),
        tangent=drawn("tangent", step.shape, case.input_dtype, f"{case.id}/{index}") if derived else None,
        derived=derived,
    )


def _input(case: Case, index: int, dialect: str) -> Array:
    """The input of a step; that of the second side of a comparison is made from the first side's."""
    first = case.origin.case if case.origin else case
    x = step_input(first, index, epsilon_of(first))
    return changed(convention(case, dialect), index, x) if case.origin else x


def _upstream(case: Case, step: CaseStep, index: int) -> Array:
    """The incoming gradient: of mixed sign, or positive, so that a sum of it grows with every term."""
    mixed = drawn("upstream", output_shape(case, step.shape), case.output_dtype, f"{case.seed}/{index}")
    made = mixed if step.upstream == "drawn" else encode(np.abs(decode(mixed)), mixed.dtype)
    return _repeated(made) if step.layout == "broadcast" else made


def output_shape(case: Case, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the output for an input of `shape`."""
    spec = layer_spec(case)
    names = {**dict.fromkeys(spec.arguments), **case.arguments, "input": shape}
    return tuple(evaluate(spec.output, names))


def _wanted(case: Case, step: CaseStep) -> bool:
    called = step.do == "call" and not DIFFERENTIATED.isdisjoint(case.aspects)
    return case.dtype in FLOATING and (step.do == "update" or called)


@lru_cache(maxsize=512)
def step_input(case: Case, index: int, epsilon: float) -> Array:
    """The input of a step. Where one call must equal another, every step is given the same."""
    step = case.steps[index]
    if isinstance(step.input, list):
        given = encode(np.asarray(step.input, np.float64).reshape(step.shape), case.input_dtype)
        return _repeated(given) if step.layout == "broadcast" else given
    same = index == 0 or bool({"training_agreement", "repetition"} & set(case.aspects))
    dtype = case.dtype if case.precision == "converted" else case.input_dtype
    made = generate(step.input, step.shape, dtype, case.id if same else f"{case.id}/{index}", epsilon)
    made = made if made.dtype == case.input_dtype else encode(decode(made), case.input_dtype)
    return _repeated(made) if step.layout == "broadcast" else made


def _repeated(array: Array) -> Array:
    """The first slice along axis 0, again and again: what can lie in memory once, and be read with a stride of 0."""
    slices = array.shape[0]
    return replace(array, data=array.data[: len(array.data) // max(slices, 1)] * slices)


def epsilon_of(case: Case) -> float:
    """The epsilon that input families scale to: the case's own, else 1e-3."""
    value: Any = case.arguments.get("epsilon")
    return float(value) if isinstance(value, (int, float)) and value > 0 else 1e-3
