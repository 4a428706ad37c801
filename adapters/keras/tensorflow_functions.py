"""The normalizations of tf.nn, each with its weights in a small layer, so that they can be set and judged.

Batch normalization has three functions. tf.compat.v1.nn.fused_batch_norm takes images and volumes in float32 with the
channels last, gamma and beta, and is the only one that takes statistics of its input; of other images, those without
gamma go through tf.nn.batch_norm_with_global_normalization, and everything else through tf.nn.batch_normalization.

What the specs define is always passed: the functions have no default, or another one than the layers of Keras.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from ..arguments import Factory, KerasArguments, axes_of
from ..interface import Export, Unsupported
from . import exports
from .functions import KerasFunctions
from .holding import affine, holding, statistics

FUSED = {4: "NHWC", 5: "NDHWC"}
"""What the fused function calls inputs of so many axes whose channels are last."""


def batch_normalization(a: KerasArguments) -> Any:
    """One of the three functions; see the module."""
    if not a.track_running_stats:
        raise Unsupported("the functions of tf.nn are given statistics")
    (axis,) = axes_of(a.axis, len(a.shape))
    last = axis == len(a.shape) - 1
    if last and len(a.shape) in FUSED and a.scale and a.center and a.dtype == "float32":
        return _fused(a)
    if last and len(a.shape) == 4 and a.center and not a.scale:
        return _given(a, _globally(a.epsilon))
    return _given(a, _anywhere(a, axis))


def _fused(a: KerasArguments) -> Any:
    """tf.compat.v1.nn.fused_batch_norm, which weighs the new value where Keras' momentum weighs the old one."""
    function = importlib.import_module("tensorflow").compat.v1.nn.fused_batch_norm
    if a.momentum is None:
        raise Unsupported("tf.compat.v1.nn.fused_batch_norm needs a factor for its averages")
    factor, options = 1.0 - a.momentum, {"epsilon": a.epsilon, "data_format": FUSED[len(a.shape)]}

    def call(x: Any, training: bool | None, gamma: Any, beta: Any, moving_mean: Any, moving_variance: Any) -> Any:
        if not training:
            return function(x, gamma, beta, moving_mean, moving_variance, is_training=False, **options)[0]
        averages = {} if factor == 1.0 else {"mean": moving_mean, "variance": moving_variance}
        output, mean, variance = function(x, gamma, beta, **averages, exponential_avg_factor=factor, **options)
        moving_mean.assign(mean)
        moving_variance.assign(variance)
        return output

    return holding(call, {**affine(a), **statistics(a)})


def _given(a: KerasArguments, function: Callable[..., Any]) -> Any:
    """A function that is given the statistics, which is not called in training."""
    untrained = "the function is given the statistics, and does not take them"
    return holding(lambda x, training, **weights: function(x, **weights), {**affine(a), **statistics(a)}, untrained)


def _globally(epsilon: float) -> Callable[..., Any]:
    """tf.nn.batch_norm_with_global_normalization; its gamma, which it does not multiply by, is the variance."""
    function = importlib.import_module("tensorflow").nn.batch_norm_with_global_normalization
    return lambda x, moving_mean, moving_variance, beta: function(
        x, moving_mean, moving_variance, beta, moving_variance, epsilon, scale_after_normalization=False
    )


def _anywhere(a: KerasArguments, axis: int) -> Callable[..., Any]:
    """tf.nn.batch_normalization; weights of channels that are not last have as many axes as the input."""
    tensorflow, epsilon = importlib.import_module("tensorflow"), a.epsilon
    shape = [size if place == axis else 1 for place, size in enumerate(a.shape)]

    def call(x: Any, **weights: Any) -> Any:
        lying = weights if axis == len(shape) - 1 else {k: tensorflow.reshape(v, shape) for k, v in weights.items()}
        mean, variance = lying["moving_mean"], lying["moving_variance"]
        return tensorflow.nn.batch_normalization(x, mean, variance, lying.get("beta"), lying.get("gamma"), epsilon)

    return call


def unit_normalization(a: KerasArguments) -> Any:
    """tf.nn.l2_normalize, whose epsilon is that of the sum of squares: the square of the one of the specs."""
    function = importlib.import_module("tensorflow").nn.l2_normalize
    if a.order != 2:
        raise Unsupported("tf.nn.l2_normalize has the order 2 alone")
    options = {"axis": a.axis, "epsilon": a.epsilon**2}
    return holding(lambda x, training: function(x, **options), {})


def local_response_normalization(a: KerasArguments) -> Any:
    """tf.nn.local_response_normalization, which takes images with the channels last; they are moved there and back.

    The positions, which have nothing to do with one another, are laid along one axis. Its alpha is multiplied by the
    sum of the squares and not by their mean, over as many neighbours on either side.
    """
    tensorflow = importlib.import_module("tensorflow")
    if len(a.shape) < 3:
        raise Unsupported("tf.nn.local_response_normalization takes images alone")
    if a.dtype not in ("float32", "float16", "bfloat16"):
        raise Unsupported(f"tf.nn.local_response_normalization takes no {a.dtype}")
    if a.size % 2 == 0:
        raise Unsupported("tf.nn.local_response_normalization has as many neighbours before a channel as after it")
    options = {"depth_radius": a.size // 2, "bias": a.k, "alpha": a.alpha / a.size, "beta": a.beta}
    channels, positions = a.shape[1], math.prod(a.shape[2:])

    def call(x: Any, training: bool | None) -> Any:
        images = tensorflow.transpose(tensorflow.reshape(x, [-1, channels, positions, 1]), [0, 2, 3, 1])
        output = tensorflow.nn.local_response_normalization(images, **options)
        return tensorflow.reshape(tensorflow.transpose(output, [0, 3, 1, 2]), tensorflow.shape(x))

    return holding(call, {})


class TensorFlowFunctionsAdapter(KerasFunctions):
    """tf.nn."""

    name: ClassVar[str] = "tf-nn"
    own_layers: ClassVar[Mapping[str, Factory]] = {
        "batch_normalization": batch_normalization,
        "unit_normalization": unit_normalization,
        "local_response_normalization": local_response_normalization,
    }
    layers: ClassVar[Mapping[str, Factory]] = own_layers

    def exports(self) -> Sequence[Export]:
        """The functions of tf.nn, and those that tf.compat.v1.nn alone has."""
        return tuple(exports.of_tensorflow(self.tf))
