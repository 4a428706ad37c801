"""Keras' layers on PyTorch. To judge a layer of your own on this backend, extend `KerasTorchAdapter`; see keras.py."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, ClassVar

from ..arrays import Array
from ..interface import Request, Unsupported
from ..torch import arrays, derivatives, timing
from .base import Built, KerasBase, by_name, call_options
from .stateless import pure, trainable_values


class KerasTorchAdapter(KerasBase):
    """Keras on PyTorch; `layers` maps a layer's name to a factory that reads a `KerasArguments`."""

    name: ClassVar[str] = "keras-torch"
    backend: ClassVar[str] = "torch"
    requires: ClassVar[tuple[str, ...]] = ("torch", "keras")
    environment: ClassVar[Mapping[str, str]] = {"KERAS_BACKEND": "torch", "KERAS_TORCH_DEVICE": "cpu"}

    torch: Any = None

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """Layers made inside have the request's precision, and compute with its number of threads."""
        before = self.threads()
        with super().settings(replace(request, threads=1)), self.on_device():
            self.torch.set_num_threads(self.wanted_threads(request))
            try:
                yield
            finally:
                self.torch.set_num_threads(before)

    def start(self) -> None:
        """Import PyTorch and Keras, set the number of threads.

        Raises ImportError, or Unsupported where Keras runs on another backend.
        """
        torch = self.torch = importlib.import_module("torch")
        torch.set_num_threads(self.thread_count)
        if torch.get_num_interop_threads() != 1:
            torch.set_num_interop_threads(1)
        super().start()

    def versions(self) -> dict[str, str]:
        """Keras' and PyTorch's versions."""
        return {"keras": str(self.keras.__version__), "torch": str(self.torch.__version__)}

    def devices(self) -> Sequence[str]:
        """`cpu`, then every accelerator: `cuda`, `cuda:1`, … `xpu`, `mps`."""
        return arrays.devices(self.torch)

    def on_device(self) -> AbstractContextManager[Any]:
        """Where everything is made and computed; Keras makes `cpu:0` another device than PyTorch's `cpu`."""
        found: AbstractContextManager[Any] = self.keras.device(self.device)
        return found

    def threads(self) -> int:
        """The number of intra-op threads."""
        return int(self.torch.get_num_threads())

    def to_native(self, array: Array) -> Any:
        """A new tensor on the device."""
        return arrays.tensor(self.torch, array, self.device)

    def arrange(self, native: Any, layout: str) -> Any:
        """A tensor that lies as `layout` says. Raises Unsupported for one that PyTorch does not have."""
        return arrays.laid_out(self.torch, native, layout)

    def to_array(self, native: Any) -> Array:
        """The bits of a tensor or a weight."""
        return arrays.bits(self.torch, getattr(native, "value", native))

    def call(self, layer: Built, x: Any, training: bool | None) -> Any:
        """The layer's output, without a graph."""
        with self.on_device(), self.torch.no_grad():
            return layer.layer(x, **call_options(training))

    def gradient(self, layer: Built, x: Any, training: bool | None, upstream: Any) -> tuple[Any, dict[str, Any]]:
        """Output and gradients through autograd; what the output does not depend on has gradient zero."""
        if not x.is_floating_point():
            raise Unsupported(f"PyTorch has no gradient of a {x.dtype} input")
        sources = {"input": x.requires_grad_(), **trainable_values(layer.layer)}
        with self.on_device():
            output = layer.layer(x, **call_options(training))
            found = self.torch.autograd.grad(output, list(sources.values()), upstream, materialize_grads=True)
        return output, dict(zip(sources, found, strict=True))

    def forward(self, layer: Built, x: Any, training: bool | None, tangent: Any) -> Any:
        """By torch.func.jvp of the layer as a function of its weights."""
        with self.on_device():
            return derivatives.forward(self.torch, pure(self.keras, layer.layer, training), x, tangent)

    def second_order(
        self, layer: Built, x: Any, training: bool | None, upstream: Any, tangent: Any, way: str
    ) -> dict[str, Any]:
        """By autograd with create_graph, and by torch.func, of the layer as a function of its weights."""
        run, trainable = pure(self.keras, layer.layer, training), trainable_values(layer.layer)
        with self.on_device():
            return derivatives.second_order(self.torch, run, trainable, x, upstream, tangent, way)

    def vectorized(self, layer: Built, x: Any, training: bool | None) -> Any:
        """By torch.func.vmap of the layer as a function of its weights."""
        with self.on_device(), self.torch.no_grad(), derivatives.only_with_formulas():
            return self.torch.func.vmap(pure(self.keras, layer.layer, training))(x)

    def repeated(self, layer: Built, x: Any, training: bool, upstream: Any) -> Callable[[int], Any]:
        """Calls of the layer, on the device that Keras makes its constants on."""
        options, trainable = call_options(training), trainable_values(layer.layer)
        made = timing.repeated(
            self.torch, lambda given: layer.layer(given, **options), trainable, x, training, upstream
        )

        def run(calls: int) -> Any:
            with self.on_device():
                return made(calls)

        return run

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

    def update(self, layer: Built, x: Any, upstream: Any, learning_rate: float) -> tuple[Any, float]:
        """One step of keras.optimizers.SGD in training mode; the optimizer applies the constraints."""
        trainable = list(by_name(layer.layer.trainable_variables).values())
        with self.on_device():
            output = layer.layer(x, training=True)
            losses = list(layer.layer.losses)
            if trainable:
                ones = [self.torch.ones_like(loss) for loss in losses]
                values = [one.value for one in trainable]
                found = self.torch.autograd.grad([output, *losses], values, [upstream, *ones], materialize_grads=True)
                with self.torch.no_grad():
                    self.keras.optimizers.SGD(learning_rate).apply(list(found), trainable)
        return output, float(sum(float(loss) for loss in losses))
