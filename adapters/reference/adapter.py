"""The reference adapter: the textbook's formulas in NumPy, in Keras' dialect, judged like every other.

Results are rounded once, at the end. An integer input is computed in float32 and gives a float32 output.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from ..arguments import KerasArguments, build_with
from ..arrays import FLOATING, Array, View, arranged, decode, encode
from ..by_python import WAYS, get, take
from ..interface import Request, Unsupported, Weight
from ..precision import Precise
from . import derivatives, file
from .file import told
from .filter_response import FILTER, build_filter, filter_backward, filter_forward, make_filter
from .formula_derivatives import (
    formula_derivative,
    formula_gradient_derivatives,
    formula_second_derivative,
)
from .formulas import FORMULAS, formula_backward, formula_forward, make_formula
from .kernels import KERNELS, build_kernel, kernel_backward, kernel_forward, make_kernel
from .layer import Layer, Pass, adapt, backward, build, descend, forward, make, move_statistics
from .textbook import Values

KINDS = (
    "layer_normalization",
    "rms_normalization",
    "batch_normalization",
    "group_normalization",
    "instance_normalization",
    "feature_normalization",
    *FORMULAS,
    *KERNELS,
    FILTER,
)
TRAINABLE = ("gamma", "beta", "scale", "g", "kernel", "learned_epsilon", "tau")
MAKERS = {
    **dict.fromkeys(FORMULAS, make_formula),
    **dict.fromkeys(KERNELS, make_kernel),
    FILTER: make_filter,
}


class ReferenceAdapter(Precise):
    """The layers in NumPy. Its native arrays are `Array`s, and `View`s where a layout is asked for."""

    name: ClassVar[str] = "reference"
    requires: ClassVar[tuple[str, ...]] = ("numpy",)
    symbolic: ClassVar[bool] = True

    def versions(self) -> dict[str, str]:
        """NumPy's version."""
        return {"numpy": np.__version__}

    def construct(self, layer: str, arguments: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> Layer:
        """A layer of checked arguments; see `make`."""
        if layer not in KINDS:
            raise Unsupported(f"the reference offers no {layer}")
        given = {key: value for key, value in arguments.items() if key != "name"}
        made: Layer = build_with(MAKERS.get(layer, make), KerasArguments(layer, given, shape, dtype), self.name)
        made.arguments = given
        made.dtype = "float32" if self.precision == "autocast" else made.dtype
        made.stored = "float32" if self.precision == "mixed" else made.dtype
        return made

    def build(self, layer: Layer, shape: tuple[int, ...]) -> None:
        """Create the weights."""
        if layer.kind in KERNELS:
            build_kernel(layer, shape)
            return
        known = tuple(None if axis in self.dynamic else size for axis, size in enumerate(shape))
        (build_filter if layer.kind == FILTER else build)(layer, known)

    def weights(self, layer: Layer) -> Sequence[Weight]:
        """In order: gamma, beta, moving_mean, moving_variance; or scale; or mean, variance, count."""
        return [Weight(name, _is_trainable(layer, name), value) for name, value in layer.weights.items()]

    def parameters(self, layer: Layer) -> tuple[int, int]:
        """(trainable, non-trainable) elements."""
        sizes = {name: math.prod(value.shape) for name, value in layer.weights.items()}
        trainable = sum(size for name, size in sizes.items() if _is_trainable(layer, name))
        return trainable, sum(sizes.values()) - trainable

    def assign(self, layer: Layer, values: Mapping[str, Array]) -> None:
        """Set weights. Raises KeyError for an unknown name and ValueError for another shape."""
        for name, value in values.items():
            if name not in layer.weights:
                raise KeyError(f"no weight is called {name}; the layer has: {', '.join(layer.weights) or 'none'}")
            old = layer.weights[name]
            if old.shape != value.shape:
                raise ValueError(f"{name} has shape {old.shape}, not {value.shape}")
            layer.weights[name] = encode(decode(value), old.dtype)

    def to_native(self, array: Array) -> Array:
        """A new `Array` of the same bits."""
        return Array(array.dtype, array.shape, bytes(bytearray(array.data)))

    def arrange(self, native: Array, layout: str) -> View:
        """A NumPy array with the strides of `layout`, on which the formulas are computed as it lies."""
        return arranged(native, layout)

    def to_array(self, native: Array | View) -> Array:
        """The `Array` itself, which cannot change, or the elements of a `View` as they are now."""
        if isinstance(native, View):
            return Array(native.dtype, native.bits.shape, native.bits.tobytes())
        return native

    def call(self, layer: Layer, x: Array | View, training: bool | None) -> Array:
        """The output, in the layer's dtype; batch normalization in training moves its statistics."""
        return encode(self._forward(layer, x, training).output, layer.dtype)

    def gradient(
        self, layer: Layer, x: Array | View, training: bool | None, upstream: Array | View
    ) -> tuple[Array, dict[str, Array]]:
        """Output and analytic gradients. Raises Unsupported for an input that is no floating-point array."""
        if x.dtype not in FLOATING:
            raise Unsupported(f"there is no gradient of a {x.dtype} input")
        seen = self._forward(layer, x, training)
        with np.errstate(all="ignore"):
            found = self._backward(layer, seen, x, upstream)
        dtypes = {"input": x.dtype, **{name: one.dtype for name, one in layer.weights.items()}}
        return encode(seen.output, layer.dtype), {name: encode(one, dtypes[name]) for name, one in found.items()}

    @staticmethod
    def _forward(layer: Layer, x: Array | View, training: bool | None) -> Pass:
        with np.errstate(all="ignore"):
            if layer.kind in KERNELS:
                return kernel_forward(layer, x, training)
            if layer.kind == FILTER:
                return filter_forward(layer, x)
            seen = formula_forward(layer, x) if layer.kind in FORMULAS else forward(layer, x, training)
            if "moving_mean" in layer.weights and seen.axes and seen.output.size:
                move_statistics(layer, seen)
        return seen

    @staticmethod
    def _backward(layer: Layer, seen: Pass, x: Array | View, upstream: Array | View) -> dict[str, Values]:
        if layer.kind in FORMULAS:
            return formula_backward(layer, seen, x, upstream)
        if layer.kind in KERNELS:
            return kernel_backward(layer, seen, x, upstream)
        if layer.kind == FILTER:
            return filter_backward(layer, seen, upstream)
        return backward(layer, seen, upstream)

    def forward(self, layer: Layer, x: Array | View, training: bool | None, tangent: Array | View) -> Array:
        """The derivative of the output in a direction."""
        seen = self._forward(layer, x, training)
        with np.errstate(all="ignore"):
            if layer.kind in MAKERS:
                return encode(formula_derivative(layer, seen, x, tangent), layer.dtype)
            return encode(derivatives.forward_derivative(layer, seen, tangent), layer.dtype)

    def second_order(
        self,
        layer: Layer,
        x: Array | View,
        training: bool | None,
        upstream: Array | View,
        tangent: Array | View,
        way: str,
    ) -> dict[str, Array]:
        """By formula, whatever the way."""
        seen = self._forward(layer, x, training)
        twice = way == "forward-over-forward"
        with np.errstate(all="ignore"):
            if layer.kind in MAKERS and twice:
                found = {"output": formula_second_derivative(layer, seen, x, tangent)}
            elif layer.kind in MAKERS:
                found = formula_gradient_derivatives(layer, seen, x, upstream, tangent)
            elif twice:
                found = {"output": derivatives.second_derivative(layer, seen, tangent)}
            else:
                found = derivatives.derivatives_of_gradients(layer, seen, upstream, tangent)
        return {name: encode(one, layer.dtype) for name, one in found.items()}

    def vectorized(self, layer: Layer, x: Array | View, training: bool | None) -> Array:
        """The outputs of one sample after the other."""
        samples = [encode(one, x.dtype) for one in decode(x)]
        outputs = [decode(self.call(layer, one, training)) for one in samples]
        return encode(np.stack(outputs), layer.dtype)

    def masked(self, layer: Layer, x: Array | View, training: bool | None, mask: Array) -> tuple[Array, Array]:
        """The output, and the mask as it came: every position of the output belongs to one of the input."""
        with _masking(layer, x, mask):
            return self.call(layer, x, training), mask

    def masked_gradient(
        self, layer: Layer, x: Array | View, training: bool | None, mask: Array, upstream: Array | View
    ) -> tuple[Array, dict[str, Array]]:
        """As `gradient`, with the statistics of the elements that count."""
        with _masking(layer, x, mask):
            return self.gradient(layer, x, training, upstream)

    def adapt(self, layer: Layer, data: Array | View) -> None:
        """Mean and population variance of `data`. Raises Unsupported for a layer that has none to adapt."""
        if layer.kind != "feature_normalization" or layer.given:
            raise Unsupported(f"{layer.kind} with these arguments has nothing to adapt")
        adapt(layer, data)

    def update(
        self, layer: Layer, x: Array | View, upstream: Array | View, learning_rate: float
    ) -> tuple[Array, float]:
        """One step of gradient descent in training; the losses as they were before it."""
        seen = self._forward(layer, x, True)
        gradients = self._backward(layer, seen, x, upstream)
        del gradients["input"]
        return encode(seen.output, layer.dtype), descend(layer, gradients, learning_rate)

    def arguments(self, layer: Layer) -> Mapping[str, Any]:
        """The arguments that were given."""
        return layer.arguments

    def save(self, layer: Layer, folder: str, how: str) -> None:
        """The layer, in every way but `legacy` and `whole`."""
        file.save(layer, folder, how)

    def load(self, folder: str, request: Request, how: str) -> Layer:
        """A layer made from what was saved, and from nothing else; of `weights`, with the request's own arguments."""
        if how in WAYS:
            loaded: Layer = get(folder, how)
            return loaded
        saved = told(take(folder)) if how == "configuration" else file.read(folder)
        if how == "weights":
            saved["arguments"] = request.arguments
        layer = self.construct(saved["layer"], saved["arguments"], saved["shape"], saved["dtype"])
        self.build(layer, saved["shape"])
        self.assign(layer, saved["weights"])
        return layer


@contextmanager
def _masking(layer: Layer, x: Array | View, mask: Array) -> Iterator[None]:
    """The layer computes with `mask`, which names the first axes of `x`."""
    shape = np.shape(decode(x))
    layer.mask = np.broadcast_to(decode(mask).reshape(*mask.shape, *(1,) * (len(shape) - len(mask.shape))), shape)
    try:
        yield
    finally:
        layer.mask = None


def _is_trainable(layer: Layer, name: str) -> bool:
    return layer.trainable and name in TRAINABLE
