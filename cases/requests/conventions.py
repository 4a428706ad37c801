"""A case as one dialect means it: arguments with their defaults, the weights that exist, and their shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

import numpy as np

from normcheck.specs.expressions import evaluate
from normcheck.specs.grammar import LayerSpec, WeightSpec
from normcheck.specs.vocabulary import Dialect

from ..case import Case

INITIAL = {"zeros": 0.0, "ones": 1.0}


@dataclass(frozen=True, slots=True)
class ExpectedWeight:
    """A weight that must exist: its role, the dialect's own name, shape, dtype, first value, trainable or not."""

    role: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    initial: float
    trainable: bool


@dataclass(frozen=True, slots=True, eq=False)
class Convention:
    """A case in one dialect.

    arguments: every argument the dialect has, defaults filled in, axes counted from the front.
    weights: what must exist, in the dialect's order. trainable, non_trainable: the parameter counts.
    """

    case: Case
    dialect: str
    arguments: Mapping[str, Any]
    weights: tuple[ExpectedWeight, ...]
    trainable: int
    non_trainable: int

    def weight(self, role: str) -> ExpectedWeight | None:
        """The weight with this role, if there is one."""
        return next((weight for weight in self.weights if weight.role == role), None)


@lru_cache(maxsize=1024)
def convention(case: Case, dialect: str) -> Convention:
    """What `case` means in `dialect`. Raises ExpressionError if a formula of the spec does not fit the case."""
    spec = layer_spec(case)
    arguments = {
        name: _resolved(name, case.arguments.get(name, _default(argument.default, dialect)), case.shape, dialect)
        for name, argument in spec.arguments.items()
        if argument.only is None or dialect in argument.only
    }
    names: dict[str, Any] = {**dict.fromkeys(spec.arguments), **arguments, "input": case.shape}
    features = evaluate(spec.features, names)
    names["features"] = math.prod(features) if isinstance(features, tuple) else features
    return Convention(
        case,
        dialect,
        arguments,
        tuple(
            _weight(role, weight, names, dialect, case.weight_dtype)
            for role, weight in spec.weights.items()
            if _present(weight, names, dialect)
        ),
        _count(spec.parameters.trainable, names, dialect),
        _count(spec.parameters.non_trainable, names, dialect),
    )


def layer_spec(case: Case) -> LayerSpec:
    """The spec of a case that is about a layer. Raises TypeError for one about a model."""
    if isinstance(case.spec, LayerSpec):
        return case.spec
    raise TypeError(f"{case.id} is about a model")


def machine_epsilon(dtype: str) -> float:
    """What `epsilon: null` means in PyTorch's RMSNorm: the machine epsilon of the dtype computed in."""
    return 2.0**-52 if dtype == "float64" else 2.0**-23


def _default(default: Any, dialect: str) -> Any:
    per_dialect = isinstance(default, dict) and set(default) <= set(get_args(Dialect))
    return default.get(dialect) if per_dialect else default


def _resolved(name: str, value: Any, shape: tuple[int, ...], dialect: str) -> Any:
    """Axes counted from the front; real numbers as the dialect holds them, which in ONNX is in float32."""
    if dialect == "onnx" and isinstance(value, float):
        return float(np.float32(value))
    if name != "axis" or value is None:
        return value
    if isinstance(value, list):
        return tuple(sorted(axis % len(shape) for axis in value))
    return value % len(shape)


def _present(weight: WeightSpec, names: Mapping[str, Any], dialect: str) -> bool:
    return weight.spoken(dialect) and (weight.when is None or bool(evaluate(weight.when, names)))


def _weight(role: str, weight: WeightSpec, names: Mapping[str, Any], dialect: str, dtype: str) -> ExpectedWeight:
    shape = evaluate(weight.shape_in(dialect), names)
    return ExpectedWeight(
        role=role,
        name=dict(weight.names).get(dialect, role),  # type: ignore[call-overload]
        shape=tuple(shape) if isinstance(shape, tuple) else (shape,),
        dtype=dtype if weight.dtype == "layer" else weight.dtype,
        initial=math.sqrt(_initial(weight.initial, names)) if weight.rooted else _initial(weight.initial, names),
        trainable=bool(names[weight.trainable] if isinstance(weight.trainable, str) else weight.trainable),
    )


def _initial(initial: float | str | None, names: Mapping[str, Any]) -> float:
    """The first value; NaN where it is drawn at random."""
    if initial is None:
        return math.nan
    value = names[initial] if isinstance(initial, str) else initial
    if isinstance(value, dict):
        return float(value.get("value", 0.0))
    return INITIAL[value] if isinstance(value, str) else float(value)


def _count(formula: str | Mapping[Any, str], names: Mapping[str, Any], dialect: str) -> int:
    return int(evaluate(formula if isinstance(formula, str) else formula[dialect], names))
