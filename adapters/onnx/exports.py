"""Every operator of ONNX that may be a normalization, and what its inputs and attributes stand for in the specs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import signatures
from ..interface import Export, Parameter
from ..signatures import Meaning, export

WEIGHTS = {"X": "input", "input": "input", "scale": "gamma", "Scale": "gamma", "B": "beta", "bias": "beta"}
EPSILON = {"epsilon": "epsilon"}
OPERATORS: Mapping[str, Meaning] = {
    "LayerNormalization": Meaning("layer_normalization", WEIGHTS | EPSILON | {"axis": "axis", "B": "center"}),
    "RMSNormalization": Meaning("rms_normalization", WEIGHTS | EPSILON | {"axis": "axis"}),
    "BatchNormalization": Meaning(
        "batch_normalization",
        WEIGHTS
        | EPSILON
        | {"input_mean": "moving_mean", "input_var": "moving_variance"}
        | {"momentum": "momentum", "training_mode": "training"},
    ),
    "GroupNormalization": Meaning("group_normalization", WEIGHTS | EPSILON | {"num_groups": "groups"}),
    "InstanceNormalization": Meaning("instance_normalization", WEIGHTS | EPSILON),
    "LpNormalization": Meaning("unit_normalization", WEIGHTS | {"p": "order", "axis": "axis"}),
    "LRN": Meaning(
        "local_response_normalization", {"X": "input", "size": "size", "alpha": "alpha", "beta": "beta", "bias": "k"}
    ),
}


def operators(definitions: Any, opset: int) -> Iterator[Export]:
    """The operators of onnx.defs in operator set `opset`, and those of other domains: inputs and attributes."""
    names = {one.name: one.domain for one in definitions.get_all_schemas()}
    for name in sorted(filter(signatures.may_normalize, names)):
        own = names[name]
        schema = definitions.get_schema(name, opset, own) if not own else definitions.get_schema(name, own)
        inputs = [Parameter(one.name, "input") for one in schema.inputs]
        attributes = [Parameter(one, "attribute", _default(value)) for one, value in schema.attributes.items()]
        yield export(f"{own or 'ai.onnx'}.{name}", [*inputs, *attributes], OPERATORS)


def _default(attribute: Any) -> str | None:
    """An attribute's default as ONNX writes it; None where it has none."""
    return " ".join(str(attribute.default_value).split()) or None
