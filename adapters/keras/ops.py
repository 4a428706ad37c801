"""The normalizations of keras.ops, each with its weights in a small layer, so that they can be set and judged.

`epsilon` is always passed: the functions' own default is keras.backend.epsilon(), and not that of the layers.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from ..arguments import Factory, KerasArguments
from ..interface import Export, Unsupported
from . import exports
from .functions import KerasFunctions
from .holding import affine, holding, sizes, statistics


def _ops(name: str) -> Callable[..., Any]:
    keras: Any = importlib.import_module("keras")
    if not hasattr(keras.ops, name):
        raise Unsupported(f"Keras {keras.__version__} has no keras.ops.{name}")
    function: Callable[..., Any] = getattr(keras.ops, name)
    return function


def layer_normalization(a: KerasArguments) -> Any:
    """keras.ops.layer_normalization, with the axis and the epsilon of the layer."""
    function, options = _ops("layer_normalization"), {"axis": a.axis, "epsilon": a.epsilon}
    return holding(lambda x, training, **weights: function(x, **weights, **options), affine(a))


def rms_normalization(a: KerasArguments) -> Any:
    """keras.ops.rms_normalization, with the axis and the epsilon of the layer."""
    function, options = _ops("rms_normalization"), {"axis": a.axis, "epsilon": a.epsilon}
    wanted = {"scale": (sizes(a), "ones", True)}
    return holding(lambda x, training, **weights: function(x, **weights, **options), wanted)


def batch_normalization(a: KerasArguments) -> Any:
    """keras.ops.batch_normalization with given statistics, which is not called in training."""
    function, options = _ops("batch_normalization"), {"axis": a.axis, "epsilon": a.epsilon}

    def call(x: Any, training: bool | None, moving_mean: Any, moving_variance: Any, **weights: Any) -> Any:
        gamma, beta = weights.get("gamma"), weights.get("beta")
        return function(x, moving_mean, moving_variance, offset=beta, scale=gamma, **options)

    untrained = "keras.ops.batch_normalization is given the statistics, and does not take them"
    return holding(call, {**affine(a), **statistics(a)}, untrained)


def unit_normalization(a: KerasArguments) -> Any:
    """keras.ops.normalize; its own epsilon is keras.backend.epsilon(), and that of the layer 1e-12."""
    function, options = _ops("normalize"), {"axis": a.axis, "order": a.order, "epsilon": a.epsilon}
    if not isinstance(a.order, int):
        raise Unsupported(f"keras.ops.normalize has whole orders only, and not {a.order}")
    return holding(lambda x, training: function(x, **options), {})


class KerasOpsAdapter(KerasFunctions):
    """keras.ops."""

    name: ClassVar[str] = "keras-ops"
    modes: ClassVar[tuple[str, ...]] = ("eager",)
    compiling: ClassVar[tuple[str, ...]] = ()
    own_layers: ClassVar[Mapping[str, Factory]] = {
        "layer_normalization": layer_normalization,
        "rms_normalization": rms_normalization,
        "batch_normalization": batch_normalization,
        "unit_normalization": unit_normalization,
    }
    layers: ClassVar[Mapping[str, Factory]] = own_layers

    def exports(self) -> Sequence[Export]:
        """The functions of keras.ops and keras.utils."""
        return tuple(exports.functions(self.keras))
