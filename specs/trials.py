"""The expressions of a layer, tried on the arguments and the shape of each of its plain cases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from .expressions import ExpressionError, evaluate
from .grammar import CaseSpec, LayerSpec
from .source import Problem
from .values import extent, per_dialect

ANSWERING = ("keras", "torch")


def trial_problems(spec: LayerSpec) -> Iterator[Problem]:
    """Cases for which an expression has no value, or one that is no shape or no count.

    The expressions are taken to be readable and the arguments to fit.
    """
    for name, case in spec.cases.items():
        for dialect in case.dialects or ANSWERING:
            sentence = _trial(spec, case, dialect)
            if sentence:
                yield Problem(("cases", name), f"in {dialect}, {sentence}")
                break


def _trial(spec: LayerSpec, case: CaseSpec, dialect: str) -> str | None:
    names = _names(spec, case, dialect)
    try:
        features = evaluate(spec.features, names)
        names["features"] = math.prod(features) if isinstance(features, tuple) else features
        return _misfit(spec, names, dialect)
    except ExpressionError as error:
        return f"the expression {error}"


def _names(spec: LayerSpec, case: CaseSpec, dialect: str) -> dict[str, Any]:
    first = case.steps[0] if case.steps else None
    values = case.input if first is None or first.input is None else first.input
    lengths = case.shape if first is None or first.shape is None else first.shape
    names: dict[str, Any] = {"input": extent(values) if isinstance(values, list) else tuple(lengths or ())}
    for name, argument in spec.arguments.items():
        spoken = argument.only is None or dialect in argument.only
        default = argument.default.get(dialect) if per_dialect(argument) else argument.default
        names[name] = case.arguments.get(name, default) if spoken else None
    return names


def _misfit(spec: LayerSpec, names: Mapping[str, Any], dialect: str) -> str | None:
    for role, weight in spec.weights.items():
        if weight.spoken(dialect) and (weight.when is None or evaluate(weight.when, names)):
            text = weight.shape_in(dialect)
            shape = evaluate(text, names)
            if not all(_count(length) for length in (shape if isinstance(shape, tuple) else (shape,))):
                return f"{text!r} makes {shape!r}, which is not the shape of {role}"
    for formula in (spec.parameters.trainable, spec.parameters.non_trainable):
        text = formula if isinstance(formula, str) else dict(formula).get(dialect)  # type: ignore[call-overload]
        if text is not None and not _count(evaluate(text, names)):
            return f"{text!r} makes {evaluate(text, names)!r}, which is not a number of parameters"
    return None


def _count(value: Any) -> bool:
    return isinstance(value, int) and value >= 0
