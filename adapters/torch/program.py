"""Modules in the forms in which PyTorch hands them on: programs of torch.export, and ONNX models.

One is made for one mode of training and the sizes at hand, `dynamic` axes aside, and made again for others.
"""

from __future__ import annotations

import ctypes
import importlib
import itertools
import math
from collections.abc import Callable, Hashable
from typing import Any

from ..interface import Unsupported

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def program_of(torch: Any, module: Any, dynamic: tuple[int, ...]) -> Callable[[Any], Any]:
    """`module` as torch.export.export(...).module() runs it, on the weights that `module` has at each call."""
    programs: dict[Hashable, Any] = {}

    def run(x: Any) -> Any:
        key = module.training, _known(x, dynamic)
        if key not in programs:
            # A program that is made without gradients would have none later.
            with torch.enable_grad():
                made = torch.export.export(module, (x.detach(),), dynamic_shapes=_unknown(torch, dynamic))
            programs[key] = made.module()
        held = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        return torch.func.functional_call(programs[key], held, (x,))

    return run


def model_of(torch: Any, module: Any, device: str, dynamic: tuple[int, ...]) -> Callable[[Any], Any]:
    """`module` as ONNX Runtime runs what torch.onnx.export(dynamo=True) makes of it.

    Raises Unsupported where derivatives are asked for, statistics are to be moved, or ONNX Runtime lacks a kernel.
    """
    sessions: dict[Hashable, Any] = {}

    def run(x: Any) -> Any:
        if torch.is_grad_enabled():
            raise Unsupported("ONNX Runtime gives no derivatives")
        held = list(itertools.chain(module.parameters(), module.buffers()))
        if module.training and any(True for _ in module.buffers()):
            raise Unsupported("an ONNX model moves no statistics: it is exported for inference")
        # The weights are in the model, and a tensor counts how often it was written to.
        key = module.training, _known(x, dynamic), tuple(one._version for one in held)
        if key not in sessions:
            sessions.clear()
            sessions[key] = _session(torch, module, x, device, dynamic)
        return _run(torch, sessions[key], x)

    return run


def provider_of(device: str) -> str:
    """ONNX Runtime's name for a device. Raises Unsupported where it is not to be had."""
    runtime = importlib.import_module("onnxruntime")
    for name in ("onnx", "onnxscript"):
        importlib.import_module(name)
    provider = PROVIDERS.get(device.partition(":")[0], "")
    if provider not in runtime.get_available_providers():
        raise Unsupported(f"ONNX Runtime cannot run on {device}: install the package onnxruntime-gpu for cuda")
    return provider


def _session(torch: Any, module: Any, x: Any, device: str, dynamic: tuple[int, ...]) -> Any:
    runtime = importlib.import_module("onnxruntime")
    made = torch.onnx.export(module, (x,), dynamo=True, verbose=False, dynamic_shapes=_unknown(torch, dynamic))
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
    options.log_severity_level = 4
    try:
        return runtime.InferenceSession(made.model_proto.SerializeToString(), options, providers=[provider_of(device)])
    except Exception as error:
        if type(error).__name__ != "NotImplemented":
            raise
        raise Unsupported(f"ONNX Runtime lacks a kernel: {error}") from error


def _run(torch: Any, session: Any, x: Any) -> Any:
    """By address, because NumPy has no bfloat16."""
    onnx = importlib.import_module("onnx")
    kind = str(x.dtype).removeprefix("torch.")
    x = x.detach().cpu().contiguous()
    elements = getattr(onnx.TensorProto, {"float32": "FLOAT", "float64": "DOUBLE"}.get(kind, kind.upper()))
    binding = session.io_binding()
    binding.bind_input(session.get_inputs()[0].name, "cpu", 0, elements, tuple(x.shape), x.data_ptr())
    binding.bind_output(session.get_outputs()[0].name, "cpu")
    session.run_with_iobinding(binding)
    (value,) = binding.get_outputs()
    return _copied(torch, value, onnx.TensorProto.DataType.Name(value.element_type()))


def _copied(torch: Any, value: Any, kind: str) -> Any:
    dtype = getattr(torch, {"FLOAT": "float32", "DOUBLE": "float64"}.get(kind, kind.lower()))
    shape = tuple(value.shape())
    size = math.prod(shape) * dtype.itemsize
    if not size:
        return torch.empty(shape, dtype=dtype)
    buffer = (ctypes.c_uint8 * size).from_address(value.data_ptr())
    return torch.frombuffer(bytearray(buffer), dtype=dtype).reshape(shape)


def _known(x: Any, dynamic: tuple[int, ...]) -> tuple[Any, ...]:
    return x.dtype, tuple(None if axis in dynamic else size for axis, size in enumerate(x.shape))


def _unknown(torch: Any, dynamic: tuple[int, ...]) -> Any:
    """What both exporters take as the sizes that may change; None for none."""
    return (dict.fromkeys(dynamic, torch.export.Dim.DYNAMIC),) if dynamic else None
