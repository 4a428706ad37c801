"""ONNX's backend node cases as cases of this suite: vectors that nobody here wrote.

A node case is a model of one node, its inputs, and the outputs that ONNX states for them. `read_node_cases` takes them
from the package `onnx`, which is imported there and nowhere else; the rest is a translation of plain values.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normcheck.adapters.arrays import FLOATING
from normcheck.reports.record import RequirementText
from normcheck.specs.grammar import LayerSpec, Requirement

from ..case import Case, CaseStep

LAYER = "onnx"
TITLE = "ONNX backend node cases"
AGREES = "ONNX-1"
REQUIREMENT = Requirement(
    must="Every output is the one that ONNX states, within the tolerance of ONNX's own test runner.",
    aspect=["output", "state"],
    source="onnx",
    since="1.0",
)
MISSING = "--onnx needs the package onnx: `pip install normcheck[onnx]` brings it."
FLOAT = 1  # onnx.TensorProto.FLOAT
ROLES = ("gamma", "beta", "moving_mean", "moving_variance")
EXPRESSED = {"axis", "epsilon", "momentum", "num_groups", "stash_type", "training_mode"}
NOT_ASKED = {
    "MeanVarianceNormalization": "it adds 1e-9 to the standard deviation, and every layer here adds epsilon to the "
    "variance: none expresses it exactly",
    "LpNormalization": "it divides by a norm, and no layer here does",
}


class OnnxMissing(Exception):  # noqa: N818 - a statement, not an error
    """The package onnx is not installed; the message says how to get it."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One node case, in plain values.

    attributes: those of the node, and the operator's defaults. inputs: in the operator's order, None for one left out.
    outputs: those that are stated, by the operator's own names and in its order. rtol, atol: of ONNX's runner.
    """

    name: str
    operator: str
    attributes: Mapping[str, Any]
    inputs: tuple[NDArray[Any] | None, ...]
    outputs: Mapping[str, NDArray[Any]]
    rtol: float = 1e-3
    atol: float = 1e-7

    @property
    def x(self) -> NDArray[Any]:
        """The input that is normalized."""
        assert self.inputs[0] is not None
        return self.inputs[0]


@dataclass(frozen=True, slots=True)
class NodeCases:
    """The node cases of the normalization operators, and the version of ONNX that they come from."""

    version: str = ""
    nodes: tuple[Node, ...] = ()

    @property
    def layers(self) -> dict[str, str]:
        """The name and title under which a record has them."""
        return {LAYER: TITLE} if self.nodes else {}

    @property
    def requirements(self) -> dict[str, RequirementText]:
        """The requirement that ONNX's outputs stand for, as a record has it."""
        source, asked = f"ONNX {self.version}, {TITLE}", REQUIREMENT
        text = RequirementText(layer=LAYER, level=asked.level, sentence=asked.sentence, source=source)
        return {AGREES: text} if self.nodes else {}


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """A node case in one dialect. case: judged by our bound; stated: the same, held to what ONNX states."""

    node: Node
    case: Case
    stated: Case


def read_node_cases() -> NodeCases:
    """The node cases of the installed ONNX, without the expanded variants. Raises OnnxMissing."""
    try:
        onnx, backend = import_module("onnx"), import_module("onnx.backend.test.case.node")
    except ImportError as error:
        raise OnnxMissing(MISSING) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # every operator's cases are made, those with overflows too
        tests = [test for test in backend.collect_testcases(None) if "_expanded" not in test.name]
    known = {*OPERATORS, *NOT_ASKED}
    ours = [test for test in tests if [node.op_type in known for node in test.model.graph.node] == [True]]
    return NodeCases(onnx.__version__, tuple(_node(onnx, test) for test in ours))


def _node(onnx: Any, test: Any) -> Node:
    (node,), ((given, stated),) = test.model.graph.node, test.data_sets
    schema = onnx.defs.get_schema(node.op_type, test.model.opset_import[0].version, node.domain)
    value = onnx.helper.get_attribute_value
    defaults = {name: one.default_value for name, one in schema.attributes.items() if one.default_value.name}
    attributes = {**defaults, **{one.name: one for one in node.attribute}}
    outputs = [formal.name for formal, name in zip(schema.outputs, node.output, strict=False) if name]
    arrays = iter(given)
    return Node(
        name=test.name,
        operator=node.op_type,
        attributes={name: value(one) for name, one in attributes.items()},
        inputs=tuple(np.asarray(next(arrays)) if name else None for name in node.input),
        outputs=dict(zip(outputs, map(np.asarray, stated), strict=True)),
        rtol=test.rtol,
        atol=test.atol,
    )


def reason_not_asked(node: Node) -> str:
    """Why no layer is asked a node case; empty where one is."""
    if node.operator in NOT_ASKED:
        return NOT_ASKED[node.operator]
    unknown = sorted(set(node.attributes) - EXPRESSED)
    if unknown:
        return f"no layer here has what it calls {', '.join(unknown)}"
    if node.attributes.get("stash_type", FLOAT) != FLOAT:
        return "it says in which dtype statistics are kept, and no layer here can be told"
    if node.x.dtype.name not in FLOATING:
        return f"no layer here computes in {node.x.dtype.name}"
    scale = node.inputs[1]
    if node.operator == "GroupNormalization" and scale is not None and scale.shape != node.x.shape[1:2]:
        return "its scale is one per group, as before opset 21; here it is one per channel"
    return ""


def translated(node: Node, layers: Mapping[str, LayerSpec], dialect: str) -> Vector:
    """A node case that is asked, as the targets of a dialect are asked it."""
    layer, arguments = OPERATORS[node.operator]
    given = dict(zip(ROLES, node.inputs[1:], strict=False))
    training = bool(node.attributes.get("training_mode", False))
    spec = layers[layer]
    aspects = ("output", "state") if training else ("output",)
    case = Case(
        id=f"{LAYER}/{node.name}",
        spec=spec.model_copy(update={"requirements": {**spec.requirements, AGREES: REQUIREMENT}}),
        arguments=arguments(node, dialect),
        shape=node.x.shape,
        dtype=node.x.dtype.name,
        steps=(CaseStep("call", node.x.shape, node.x.astype(np.float64).tolist(), training),),
        weights={role: values.astype(np.float64).tolist() for role, values in given.items() if values is not None},
        requirements={aspect: _everywhere(spec, aspect) for aspect in aspects},
        dialects=(dialect,),
    )
    return Vector(node, case, replace(case, requirements=dict.fromkeys(aspects, (AGREES,))))


def _everywhere(spec: LayerSpec, aspect: str) -> tuple[str, ...]:
    return tuple(name for name, one in spec.requirements.items() if one.everywhere and aspect in one.aspects)


def _over_last_axes(node: Node, dialect: str) -> dict[str, Any]:
    """ONNX's `axis` is the first of those that are normalized over, up to the last."""
    rank = node.x.ndim
    axes = list(range(node.attributes["axis"] % rank, rank))
    return {"axis": axes, "epsilon": node.attributes["epsilon"]}


def _layer(node: Node, dialect: str) -> dict[str, Any]:
    """The third input, B, may be left out."""
    beta = node.inputs[2] if len(node.inputs) > 2 else None
    return _over_last_axes(node, dialect) | ({"center": False} if beta is None else {})


def _batch(node: Node, dialect: str) -> dict[str, Any]:
    """ONNX's momentum weighs the old value, as Keras' does; PyTorch's weighs the new one."""
    momentum = node.attributes["momentum"]
    there = {"axis": 1, "epsilon": node.attributes["epsilon"]}
    return there | {"momentum": 1.0 - momentum if dialect == "torch" else momentum}


def _grouped(node: Node, dialect: str) -> dict[str, Any]:
    """A node without `num_groups` normalizes every instance of a channel by itself."""
    groups = node.attributes.get("num_groups", node.x.shape[1])
    return {"groups": groups, "axis": 1, "epsilon": node.attributes["epsilon"]}


Arguments = Callable[[Node, str], dict[str, Any]]
OPERATORS: Mapping[str, tuple[str, Arguments]] = {
    "LayerNormalization": ("layer_normalization", _layer),
    "RMSNormalization": ("rms_normalization", _over_last_axes),
    "BatchNormalization": ("batch_normalization", _batch),
    "GroupNormalization": ("group_normalization", _grouped),
    "InstanceNormalization": ("group_normalization", _grouped),
}
