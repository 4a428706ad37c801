"""ONNX's normalization operators on ONNX Runtime: a model of one node each, whose weights are inputs of the node.

So the node is what ONNX's own node cases are, and a weight can be set without making the model again.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from ..arguments import build_with
from ..arrays import Array, encode, storage
from ..interface import Adapter, Export, Request, Unsupported, Weight
from . import exports
from .operators import LAYERS, OnnxArguments, Operator

OPSET, IR_VERSION = 23, 10
STATISTICS = ("input_mean", "input_var")


@dataclass(slots=True)
class Built:
    """An operator, the dtype and the shape it was made for, its weights of now, and the sessions made so far.

    dynamic: the axes of the shape whose sizes the model does not say.
    """

    operator: Operator
    dtype: str
    shape: tuple[int, ...]
    dynamic: tuple[int, ...]
    weights: dict[str, Array]
    sessions: dict[tuple[tuple[int, ...], bool], Any] = field(default_factory=dict)


class OnnxRuntimeAdapter(Adapter):
    """ONNX Runtime's CPU provider."""

    name: ClassVar[str] = "onnxruntime"
    dialect: ClassVar[str] = "onnx"
    requires: ClassVar[tuple[str, ...]] = ("onnxruntime", "onnx")
    symbolic: ClassVar[bool] = True

    onnx: Any = None
    runtime: Any = None
    wanted: int = 1

    def start(self) -> None:
        """Import both packages. Raises ImportError."""
        self.onnx, self.runtime = importlib.import_module("onnx"), importlib.import_module("onnxruntime")
        self.runtime.set_default_logger_severity(4)
        self.wanted = self.thread_count

    def versions(self) -> dict[str, str]:
        """ONNX Runtime's version, and that of ONNX."""
        return {"onnxruntime": str(self.runtime.__version__), "onnx": str(self.onnx.__version__)}

    def exports(self) -> Sequence[Export]:
        """The operators of the operator set that the nodes are of, and ONNX's operators of machine learning."""
        return tuple(exports.operators(self.onnx.defs, OPSET))

    def threads(self) -> int:
        """The number of threads of the sessions that are made now."""
        return self.wanted

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """Sessions made inside have the request's number of threads."""
        with super().settings(replace(request, threads=1)):
            self.wanted = self.wanted_threads(request)
            try:
                yield
            finally:
                self.wanted = self.thread_count

    def construct(self, layer: str, arguments: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> Built:
        """The operator and its weights, all ones and zeros. Raises Unsupported for what ONNX does not express."""
        factory: Callable[[Any], Operator] | None = LAYERS.get(layer)
        if factory is None:
            raise Unsupported(f"ONNX has no operator that is {layer}")
        operator = build_with(factory, OnnxArguments(layer, arguments, shape, dtype), self.name)
        taken = self.onnx.defs.get_schema(operator.name, OPSET).inputs[0].types
        if self._tensor(dtype) not in taken:
            raise Unsupported(f"ONNX's {operator.name} takes no {dtype}")
        ones = {"scale", "Scale", "input_var"}
        first = {name: encode(np.full(own, float(name in ones)), dtype) for name, own in operator.weights.items()}
        return Built(operator, dtype, shape, self.dynamic, first)

    def build(self, layer: Built, shape: tuple[int, ...]) -> None:
        """Make the session of inference. Raises Unsupported where ONNX Runtime has no kernel."""
        self._session(layer, shape, training=False)

    def _tensor(self, dtype: str) -> str:
        own = {"float32": "float", "float64": "double"}.get(dtype, dtype)
        return f"tensor({own})"

    def _kind(self, dtype: str) -> int:
        names = {"float32": "FLOAT", "float64": "DOUBLE"}
        return int(getattr(self.onnx.TensorProto, names.get(dtype, dtype.upper())))

    def _session(self, layer: Built, shape: tuple[int, ...], training: bool) -> Any:
        if (shape, training) not in layer.sessions:
            options = self.runtime.SessionOptions()
            options.intra_op_num_threads, options.inter_op_num_threads = self.wanted, 1
            model = self._model(layer, shape, training).SerializeToString()
            try:
                made = self.runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            except self.runtime.capi.onnxruntime_pybind11_state.NotImplemented as error:
                raise Unsupported(f"ONNX Runtime says: {str(error).splitlines()[0]}") from error
            layer.sessions[shape, training] = made
        return layer.sessions[shape, training]

    def _model(self, layer: Built, shape: tuple[int, ...], training: bool) -> Any:
        helper, operator, kind = self.onnx.helper, layer.operator, self._kind(layer.dtype)
        outputs = ["Y", *(f"new_{name}" for name in STATISTICS)] if training else ["Y"]
        options = {**operator.attributes, **({"training_mode": 1} if training else {})}
        sizes = [None if axis in layer.dynamic else size for axis, size in enumerate(shape)]
        given = [helper.make_tensor_value_info("X", kind, sizes)]
        given += [helper.make_tensor_value_info(name, kind, one.shape) for name, one in layer.weights.items()]
        node = helper.make_node(operator.name, ["X", *layer.weights], outputs, **options)
        stated = [helper.make_tensor_value_info(name, kind, None) for name in outputs]
        graph = helper.make_graph([node], operator.name, given, stated)
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)

    def weights(self, layer: Built) -> Sequence[Weight]:
        """The inputs of the node after the first; those that training would move by gradients are trainable."""
        return [Weight(name, name not in STATISTICS, value) for name, value in layer.weights.items()]

    def parameters(self, layer: Built) -> tuple[int, int]:
        """Raises Unsupported: a node has inputs."""
        raise Unsupported("ONNX counts no parameters")

    def assign(self, layer: Built, values: Mapping[str, Array]) -> None:
        """Raises KeyError for an unknown name and ValueError for another shape."""
        for name, value in values.items():
            if name not in layer.weights:
                raise KeyError(f"no input is called {name}; the node has: {', '.join(layer.weights) or 'none'}")
            if layer.weights[name].shape != value.shape:
                raise ValueError(f"{name} has shape {layer.weights[name].shape}, not {value.shape}")
            layer.weights[name] = value

    def to_native(self, array: Array) -> Any:
        """A new OrtValue."""
        values = np.frombuffer(bytearray(array.data), storage(array.dtype)).reshape(array.shape)
        if array.dtype != "bfloat16":
            return self.runtime.OrtValue.ortvalue_from_numpy(values)
        return self.runtime.OrtValue.ortvalue_from_numpy_with_onnx_type(values, self._kind(array.dtype))

    def arrange(self, native: Any, layout: str) -> Any:
        """Raises Unsupported: there is one layout."""
        raise Unsupported("ONNX Runtime's tensors are always contiguous")

    def to_array(self, native: Any) -> Array:
        """The bits of an OrtValue."""
        told = native.data_type()[len("tensor(") : -1]
        empty = Array({"float": "float32", "double": "float64"}.get(told, told), tuple(native.shape()), b"")
        length = empty.size * storage(empty.dtype).itemsize
        return replace(empty, data=ctypes.string_at(native.data_ptr(), length) if length else b"")

    def call(self, layer: Built, x: Any, training: bool | None) -> Any:
        """Run the node; in training a node that keeps statistics gives the new ones."""
        moves = bool(training) and STATISTICS[0] in layer.weights
        session = self._session(layer, tuple(x.shape()), moves)
        given = {"X": x, **{name: self.to_native(value) for name, value in layer.weights.items()}}
        output, *kept = session.run_with_ort_values(None, given)
        layer.weights.update(zip(STATISTICS, map(self.to_array, kept), strict=False))
        return output
