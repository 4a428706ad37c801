"""torch.nn.functional's normalizations, each with its weights in a small module, so that they can be set and judged.

Everything is passed by name, and only what was asked for: what is not asked for has the function's own default.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from ..arguments import Factory
from ..interface import Export, Unsupported
from ..plain_functions import PlainFunctions
from . import exports
from .adapter import TorchAdapter
from .formulas import unit_normalization
from .layers import TorchArguments


def holding(function: Callable[..., Any], shape: Sequence[int] | None, a: TorchArguments, running: bool = False) -> Any:
    """A module that calls `function` with its input, its weights of `shape`, and with `running` its statistics.

    shape: None for a function without weights.

    The count of batches, which a function does not keep, is the module's own; instances are not counted.
    """
    torch: Any = importlib.import_module("torch")

    class Holding(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            if shape is None:
                return
            if a.scale:
                self.weight = torch.nn.Parameter(torch.ones(*shape))
            if a.center and a.layer != "rms_normalization":
                self.bias = torch.nn.Parameter(torch.zeros(*shape))
            if running:
                self.register_buffer("running_mean", torch.zeros(*shape))
                self.register_buffer("running_var", torch.ones(*shape))
                self.register_buffer("num_batches_tracked", torch.tensor(0))

        def forward(self, x: Any) -> Any:
            held = {**dict(self.named_parameters()), **dict(self.named_buffers())}
            count = held.pop("num_batches_tracked", None)
            if count is not None and self.training and a.layer == "batch_normalization":
                count.add_(1)
            return function(x, **held, **({"training": self.training} if running else {}))

    return Holding()


def _functional(name: str, **options: Any) -> Callable[..., Any]:
    """torch.nn.functional.`name` with `options`."""
    torch: Any = importlib.import_module("torch")
    function = getattr(torch.nn.functional, name, None)
    if function is None:
        raise Unsupported(f"PyTorch {torch.__version__} has no torch.nn.functional.{name}")
    return lambda x, **weights: function(x, **weights, **options)


def layer_norm(a: TorchArguments) -> Any:
    """torch.nn.functional.layer_norm; its eps is 1e-5 like the module's."""
    shape = a.normalized_shape
    return holding(_functional("layer_norm", normalized_shape=shape, **a.keywords(eps="epsilon")), shape, a)


def rms_norm(a: TorchArguments) -> Any:
    """torch.nn.functional.rms_norm; its eps is None like the module's."""
    shape = a.normalized_shape
    return holding(_functional("rms_norm", normalized_shape=shape, **a.keywords(eps="epsilon")), shape, a)


def batch_norm(a: TorchArguments) -> Any:
    """torch.nn.functional.batch_norm; `momentum` is a number: without one, no average is kept."""
    if a.momentum is None:
        raise Unsupported("torch.nn.functional.batch_norm needs a momentum")
    options = a.keywords(eps="epsilon", momentum="momentum")
    return holding(_functional("batch_norm", **options), (a.num_features,), a, running=True)


def instance_norm(a: TorchArguments) -> Any:
    """torch.nn.functional.instance_norm, which normalizes by the statistics it is given unless it is told not to."""
    if not a.batched:
        raise Unsupported("torch.nn.functional.instance_norm needs an axis of examples")
    call = _functional("instance_norm", **a.keywords(eps="epsilon", momentum="momentum"))
    kept = bool(a.track_running_stats)

    def normalized(x: Any, training: bool = True, **held: Any) -> Any:
        return call(x, use_input_stats=training, **held)

    return holding(normalized, (a.shape[1],), a, running=kept)


def group_norm(a: TorchArguments) -> Any:
    """torch.nn.functional.group_norm; it has no default number of groups."""
    if "groups" not in a.given:
        raise Unsupported("torch.nn.functional.group_norm has no default number of groups")
    options = a.keywords(num_groups="groups", eps="epsilon")
    return holding(_functional("group_norm", **options), (a.num_channels,), a)


def local_response_norm(a: TorchArguments) -> Any:
    """torch.nn.functional.local_response_norm, which has no weights."""
    if a.implementation != "LocalResponseNorm":
        raise Unsupported(f"{a.implementation} is no function")
    options = a.keywords(size="size", alpha="alpha", beta="beta", k="k")
    return holding(_functional("local_response_norm", **options), None, a)


class TorchFunctionalAdapter(PlainFunctions, TorchAdapter):
    """torch.nn.functional."""

    name: ClassVar[str] = "torch-functional"
    modes: ClassVar[tuple[str, ...]] = ("eager",)
    compiling: ClassVar[tuple[str, ...]] = ()
    own_layers: ClassVar[Mapping[str, Factory]] = {
        "layer_normalization": layer_norm,
        "rms_normalization": rms_norm,
        "batch_normalization": batch_norm,
        "group_normalization": group_norm,
        "instance_normalization": instance_norm,
        "local_response_normalization": local_response_norm,
        "unit_normalization": unit_normalization,
    }
    layers: ClassVar[Mapping[str, Factory]] = own_layers

    def exports(self) -> Sequence[Export]:
        """The functions of torch.nn.functional."""
        return tuple(exports.functions(self.torch))
