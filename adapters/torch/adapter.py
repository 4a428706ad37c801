"""PyTorch's layers, eager, compiled, exported, or as ONNX models, on every device it finds.

To judge a module of your own, give the layers it stands for:

    class Adapter(TorchAdapter):
        name = "mine"
        layers = {"layer_normalization": lambda a: MyLayerNorm(a.normalized_shape, eps=a.epsilon)}
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ..arguments import Factory, build_with, plain
from ..arrays import Array
from ..interface import Adapter, Export, Request, Unsupported, Weight
from . import arrays, derivatives, exports, files, program, timing
from .layers import LAYERS, TorchArguments
from .precision import TorchPrecision, precision_of

COMPILERS = ("g++", "clang++", "c++", "cl")


@dataclass(frozen=True, slots=True)
class Built:
    """A module, and what is called in its place: itself, or its compiled form."""

    module: Any
    run: Callable[[Any], Any]


class TorchAdapter(Adapter):
    """torch.nn's layers; `layers` maps a layer's name to a factory that reads a `TorchArguments`."""

    name: ClassVar[str] = "torch"
    dialect: ClassVar[str] = "torch"
    requires: ClassVar[tuple[str, ...]] = ("torch",)
    modes: ClassVar[tuple[str, ...]] = ("eager", "compile", "export", "onnx")
    compiling: ClassVar[tuple[str, ...]] = ("compile", "export", "onnx")
    full_modes: ClassVar[tuple[str, ...]] = ("export", "onnx")
    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"onnx": ("onnx", "onnxscript", "onnxruntime")}
    symbolic: ClassVar[bool] = True
    environment: ClassVar[Mapping[str, str]] = {"TORCHINDUCTOR_COMPILE_THREADS": "1"}
    own_layers: ClassVar[Mapping[str, Factory]] = LAYERS
    layers: ClassVar[Mapping[str, Factory]] = own_layers

    torch: Any = None
    precision: TorchPrecision = TorchPrecision()

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """Layers made inside have the request's precision, and compute with its number of threads."""
        before = self.threads()
        with super().settings(replace(request, precision="plain", threads=1)):
            self.precision = precision_of(request)
            self.torch.set_num_threads(self.wanted_threads(request))
            try:
                yield
            finally:
                self.torch.set_num_threads(before)
                self.precision = TorchPrecision()

    def start(self) -> None:
        """Import PyTorch, set the number of threads. Raises ImportError, or Unsupported where `compile` cannot work."""
        torch = self.torch = importlib.import_module("torch")
        torch.set_num_threads(self.thread_count)
        if torch.get_num_interop_threads() != 1:
            torch.set_num_interop_threads(1)
        if self.mode == "compile":
            self._check_compiler()
        if self.mode == "onnx":
            program.provider_of(self.device)

    def _check_compiler(self) -> None:
        if not any(shutil.which(name) for name in (os.environ.get("CXX", ""), *COMPILERS) if name):
            raise Unsupported("torch.compile needs a C++ compiler: install g++ or clang, or set CXX")
        if self.device.startswith("cuda") and importlib.util.find_spec("triton") is None:
            raise Unsupported("torch.compile on CUDA needs Triton: install the package triton")

    def versions(self) -> dict[str, str]:
        """PyTorch's version, and CUDA's on such a device."""
        found = {"torch": str(self.torch.__version__)}
        if self.device.startswith("cuda"):
            found["cuda"] = str(self.torch.version.cuda)
        if self.mode == "onnx":
            found |= {name: importlib.import_module(name).__version__ for name in ("onnxruntime", "onnxscript")}
        return found

    def devices(self) -> Sequence[str]:
        """`cpu`, then every accelerator: `cuda`, `cuda:1`, … `xpu`, `mps`."""
        return arrays.devices(self.torch)

    def exports(self) -> Sequence[Export]:
        """The modules of torch.nn, and what wraps a module."""
        return tuple(exports.modules(self.torch))

    def threads(self) -> int:
        """The number of intra-op threads."""
        return int(self.torch.get_num_threads())

    def construct(self, layer: str, arguments: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> Built:
        """The module; raises Unsupported for a layer or an argument that PyTorch does not have."""
        if layer not in self.layers:
            raise Unsupported(f"{self.name} offers no {layer}")
        return self._place(self._make(layer, arguments, shape, dtype), dtype)

    def construct_model(
        self,
        form: str,
        layers: Sequence[tuple[str, Mapping[str, Any]]],
        shape: tuple[int, ...],
        dtype: str,
    ) -> Built:
        """An nn.Sequential; activations are modules of their own. Initial values are drawn from seed 0."""
        if form != "sequential":
            raise Unsupported(f"PyTorch has no {form} models")
        self.torch.manual_seed(0)
        modules = list(self._modules(layers, shape, dtype))
        return self._place(self.torch.nn.Sequential(*modules), dtype)

    def _modules(
        self, layers: Sequence[tuple[str, Mapping[str, Any]]], shape: tuple[int, ...], dtype: str
    ) -> Iterator[Any]:
        nn = self.torch.nn
        activations = {"relu": nn.ReLU, "softmax": lambda: nn.Softmax(dim=-1)}
        for layer, arguments in layers:
            if layer != "dense":
                yield self._make(layer, arguments, shape, dtype)
                continue
            unknown = set(arguments) - {"units", "activation"}
            activation = arguments.get("activation", "linear")
            if unknown or activation not in {"linear", *activations}:
                raise Unsupported(f"dense takes units and activation (linear, relu, softmax), not {dict(arguments)}")
            yield nn.Linear(shape[-1], arguments["units"])
            shape = (*shape[:-1], arguments["units"])
            if activation != "linear":
                yield activations[activation]()

    def _make(self, layer: str, arguments: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> Any:
        factory = self.layers.get(layer) or self.own_layers.get(layer)
        if factory is None:
            raise Unsupported(f"{self.name} offers no {layer}")
        return build_with(factory, TorchArguments(layer, arguments, shape, dtype), self.name)

    def _place(self, module: Any, dtype: str) -> Built:
        kind = getattr(self.torch, self.precision.stored or dtype, None)
        if kind is not None and kind.is_floating_point:
            module = module.to(dtype=kind)
        return self._ready(module.to(device=self.device))

    def _ready(self, module: Any) -> Built:
        if self.mode == "compile":
            return Built(module, self._compiled(module))
        if self.mode == "export":
            return Built(module, program.program_of(self.torch, module, self.dynamic))
        if self.mode == "onnx":
            return Built(module, program.model_of(self.torch, module, self.device, self.dynamic))
        return Built(module, module)

    def _compiled(self, module: Any) -> Callable[[Any], Any]:
        # Instances share one code object: without a reset, the ninth would silently run uncompiled.
        self.torch._dynamo.reset()
        compiled: Callable[[Any], Any] = self.torch.compile(module, dynamic=None if self.dynamic else False)
        axes = list(self.dynamic)

        def run(x: Any) -> Any:
            if axes:
                self.torch._dynamo.mark_dynamic(x, axes)
            return compiled(x)

        return run

    def build(self, layer: Built, shape: tuple[int, ...]) -> None:
        """Call a lazy module once, in inference and on zeros, so that it makes its weights; others have them."""
        if any(hasattr(one, "_initialize_hook") for one in layer.module.modules()):
            kind = next((one.dtype for one in self._held(layer) if one.is_floating_point()), None)
            training = layer.module.training
            with self.torch.no_grad():
                layer.module.eval()(self.torch.zeros(shape, dtype=kind, device=self.device))
            layer.module.train(training)

    @staticmethod
    def _held(layer: Built) -> Iterator[Any]:
        return itertools.chain(layer.module.parameters(), layer.module.buffers())

    def weights(self, layer: Built) -> Sequence[Weight]:
        """Parameters, then buffers. Raises Unsupported for a lazy module's that have no values yet."""
        if any(map(self.torch.nn.parameter.is_lazy, self._held(layer))):
            raise Unsupported("the weights of a lazy module have no values before its first call")
        parameters = [
            Weight(name, bool(one.requires_grad), self.to_array(one)) for name, one in layer.module.named_parameters()
        ]
        return parameters + [Weight(name, False, self.to_array(one)) for name, one in layer.module.named_buffers()]

    def parameters(self, layer: Built) -> tuple[int, int]:
        """Elements of the parameters that require gradients, and of those that do not; a buffer is no parameter."""
        trainable = sum(one.numel() for one in _trainable(layer.module).values())
        return trainable, sum(one.numel() for one in layer.module.parameters()) - trainable

    def assign(self, layer: Built, values: Mapping[str, Array]) -> None:
        """Copy values in place. Raises KeyError for an unknown name and ValueError for another shape."""
        held = {**dict(layer.module.named_parameters()), **dict(layer.module.named_buffers())}
        for name, value in values.items():
            if name not in held:
                raise KeyError(f"no weight is called {name}; the layer has: {', '.join(held) or 'none'}")
            if tuple(held[name].shape) != value.shape:
                raise ValueError(f"{name} has shape {tuple(held[name].shape)}, not {value.shape}")
            with self.torch.no_grad():
                held[name].copy_(self.to_native(value))

    def to_native(self, array: Array) -> Any:
        """A new tensor on the device."""
        return arrays.tensor(self.torch, array, self.device)

    def arrange(self, native: Any, layout: str) -> Any:
        """A tensor that lies as `layout` says. Raises Unsupported for one that PyTorch does not have."""
        return arrays.laid_out(self.torch, native, layout)

    def to_array(self, native: Any) -> Array:
        """The tensor's bits."""
        return arrays.bits(self.torch, native)

    def call(self, layer: Built, x: Any, training: bool | None) -> Any:
        """The module's output, without a graph; a module is in training mode until told otherwise."""
        with self.torch.no_grad():
            return self._run(layer, x, training)

    def gradient(self, layer: Built, x: Any, training: bool | None, upstream: Any) -> tuple[Any, dict[str, Any]]:
        """Output and gradients through autograd; what the output does not depend on has gradient zero."""
        if not x.is_floating_point():
            raise Unsupported(f"PyTorch has no gradient of a {x.dtype} input")
        sources = {"input": x.requires_grad_()} | _trainable(layer.module)
        output = self._run(layer, x, training)
        found = self.torch.autograd.grad(output, list(sources.values()), upstream, materialize_grads=True)
        return output, dict(zip(sources, found, strict=True))

    def forward(self, layer: Built, x: Any, training: bool | None, tangent: Any) -> Any:
        """By torch.func.jvp."""
        self._set_mode(layer, training)
        return derivatives.forward(self.torch, derivatives.pure(self.torch, layer.module), x, tangent)

    def second_order(
        self, layer: Built, x: Any, training: bool | None, upstream: Any, tangent: Any, way: str
    ) -> dict[str, Any]:
        """By autograd with create_graph, and by torch.func."""
        self._set_mode(layer, training)
        run, trainable = derivatives.pure(self.torch, layer.module), _trainable(layer.module)
        return derivatives.second_order(self.torch, run, trainable, x, upstream, tangent, way)

    def vectorized(self, layer: Built, x: Any, training: bool | None) -> Any:
        """By torch.func.vmap."""
        self._set_mode(layer, training)
        return derivatives.vectorized(self.torch, layer.module, x)

    def update(self, layer: Built, x: Any, upstream: Any, learning_rate: float) -> tuple[Any, float]:
        """One step of torch.optim.SGD in training mode; modules have no losses of their own."""
        trainable = list(_trainable(layer.module).values())
        output = self._run(layer, x, True)
        if trainable:
            optimizer = self.torch.optim.SGD(trainable, lr=learning_rate)
            optimizer.zero_grad()
            output.backward(upstream)
            optimizer.step()
        return output, 0.0

    def save(self, layer: Built, folder: str, how: str) -> None:
        """The module, in every way but `weights` and `configuration`."""
        files.save(self.torch, layer.module, folder, how)

    def load(self, folder: str, request: Request, how: str) -> Built:
        """What was saved; a state_dict goes into a new module of the same arguments."""
        new = self.construct(request.layer, request.arguments, request.shape, request.dtype).module
        return self._ready(files.load(self.torch, new, self.device, folder, how))

    def arguments(self, layer: Built) -> Mapping[str, Any]:
        """What the module keeps of its arguments: the attributes that it names in `__constants__`."""
        names = getattr(layer.module, "__constants__", ())
        return {name: plain(getattr(layer.module, name)) for name in names if hasattr(layer.module, name)}

    def repeated(self, layer: Built, x: Any, training: bool, upstream: Any) -> Callable[[int], Any]:
        """Calls of the module, whose mode is set once."""
        self._set_mode(layer, training)
        return timing.repeated(self.torch, layer.run, _trainable(layer.module), x, training, upstream)

    def wait(self, result: Any) -> None:
        """For the device."""
        timing.wait(self.torch, self.device)

    def copying(self, count: int) -> Callable[[], Any] | None:
        """Between two tensors."""
        return timing.copying(self.torch, self.device, count)

    def device_memory(self) -> tuple[int, Callable[[], int]] | None:
        """Of CUDA's allocator."""
        return timing.device_memory(self.torch, self.device)

    def accelerator(self) -> str:
        """As PyTorch names it."""
        return timing.accelerator(self.torch, self.device)

    def _run(self, layer: Built, x: Any, training: bool | None) -> Any:
        self._set_mode(layer, training)
        with self.precision.casts(self.torch, self.device):
            return layer.run(x)

    @staticmethod
    def _set_mode(layer: Built, training: bool | None) -> None:
        if training is not None:
            layer.module.train(training)


def _trainable(module: Any) -> dict[str, Any]:
    return {name: one for name, one in module.named_parameters() if one.requires_grad}
