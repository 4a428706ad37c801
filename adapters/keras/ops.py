"""The normalizations of keras.ops, each with its weights in a small layer, so that they can be set and judged.

`epsilon` is always passed: the functions' own default is keras.backend.epsilon(), and not that of the layers.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from ..arguments import Factory, KerasArguments, axes_of
from ..interface import Export, Request, Unsupported
from ..plain_functions import PlainFunctions
from . import exports
from .adapter import KerasAdapter


@cache
def _holding() -> Any:
    """The class of the layers that hold weights; made on first use, when Keras has been imported."""
    keras: Any = importlib.import_module("keras")

    class Holding(keras.layers.Layer):  # type: ignore[misc]
        def __init__(
            self, function: Callable[..., Any], weights: Mapping[str, tuple[Sequence[int], str, bool]]
        ) -> None:
            super().__init__()
            self.function = function
            self.wanted = weights

        def build(self, shape: Sequence[int]) -> None:
            self.held = {
                name: self.add_weight(name=name, shape=tuple(own), initializer=initial, trainable=trainable)
                for name, (own, initial, trainable) in self.wanted.items()
            }

        def call(self, x: Any, training: bool | None = None) -> Any:
            return self.function(x, training, **self.held)

    return Holding


def _ops(name: str) -> Callable[..., Any]:
    keras: Any = importlib.import_module("keras")
    if not hasattr(keras.ops, name):
        raise Unsupported(f"Keras {keras.__version__} has no keras.ops.{name}")
    function: Callable[..., Any] = getattr(keras.ops, name)
    return function


def _affine(a: KerasArguments, shape: Sequence[int]) -> dict[str, tuple[Sequence[int], str, bool]]:
    wanted = {"gamma": a.scale, "beta": a.center}
    return {name: (shape, "ones" if name == "gamma" else "zeros", True) for name, there in wanted.items() if there}


def _sizes(a: KerasArguments) -> tuple[int, ...]:
    return tuple(a.shape[axis] for axis in sorted(axes_of(a.axis, len(a.shape))))


def layer_normalization(a: KerasArguments) -> Any:
    """keras.ops.layer_normalization, with the axis and the epsilon of the layer."""
    function, options = _ops("layer_normalization"), {"axis": a.axis, "epsilon": a.epsilon}
    return _holding()(lambda x, training, **weights: function(x, **weights, **options), _affine(a, _sizes(a)))


def rms_normalization(a: KerasArguments) -> Any:
    """keras.ops.rms_normalization, with the axis and the epsilon of the layer."""
    function, options = _ops("rms_normalization"), {"axis": a.axis, "epsilon": a.epsilon}
    wanted = {"scale": (_sizes(a), "ones", True)}
    return _holding()(lambda x, training, **weights: function(x, **weights, **options), wanted)


def batch_normalization(a: KerasArguments) -> Any:
    """keras.ops.batch_normalization with given statistics. Raises Unsupported when called in training."""
    function, options = _ops("batch_normalization"), {"axis": a.axis, "epsilon": a.epsilon}
    sizes = _sizes(a)
    wanted = _affine(a, sizes) | {"moving_mean": (sizes, "zeros", False), "moving_variance": (sizes, "ones", False)}

    def call(x: Any, training: bool | None, moving_mean: Any, moving_variance: Any, **weights: Any) -> Any:
        if training:
            raise Unsupported("keras.ops.batch_normalization is given the statistics, and does not take them")
        gamma, beta = weights.get("gamma"), weights.get("beta")
        return function(x, moving_mean, moving_variance, offset=beta, scale=gamma, **options)

    return _holding()(call, wanted)


def unit_normalization(a: KerasArguments) -> Any:
    """keras.ops.normalize; its own epsilon is keras.backend.epsilon(), and that of the layer 1e-12."""
    function, options = _ops("normalize"), {"axis": a.axis, "order": a.order, "epsilon": a.epsilon}
    if not isinstance(a.order, int):
        raise Unsupported(f"keras.ops.normalize has whole orders only, and not {a.order}")
    return _holding()(lambda x, training: function(x, **options), {})


class KerasOpsAdapter(PlainFunctions, KerasAdapter):
    """keras.ops."""

    name: ClassVar[str] = "keras-ops"
    modes: ClassVar[tuple[str, ...]] = ("eager",)
    compiling: ClassVar[tuple[str, ...]] = ()
    symbolic: ClassVar[bool] = False
    own_layers: ClassVar[Mapping[str, Factory]] = {
        "layer_normalization": layer_normalization,
        "rms_normalization": rms_normalization,
        "batch_normalization": batch_normalization,
        "unit_normalization": unit_normalization,
    }
    layers: ClassVar[Mapping[str, Factory]] = own_layers

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """Raises Unsupported for mixed precision: a function has no dtype policy."""
        if request.precision != "plain":
            raise Unsupported("a function has no dtype policy")
        with super().settings(request):
            yield

    def exports(self) -> Sequence[Export]:
        """The functions of keras.ops and keras.utils."""
        return tuple(exports.functions(self.keras))
