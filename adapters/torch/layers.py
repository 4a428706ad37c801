"""The modules of torch.nn that the specs' layers stand for, lazy and synchronized ones too."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..arguments import Arguments, Factory, axes_of
from ..interface import Unsupported
from .formulas import local_response_normalization, unit_normalization
from .wrappers import spectral_norm, weight_norm


class TorchArguments(Arguments):
    """Arguments under their canonical names and under PyTorch's, with PyTorch's defaults."""

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "layer_normalization": {"axis": -1, "epsilon": 1e-5},
        "rms_normalization": {"axis": -1, "epsilon": None},
        "batch_normalization": {"axis": 1, "epsilon": 1e-5, "momentum": 0.1, "track_running_stats": True},
        "group_normalization": {"axis": 1, "epsilon": 1e-5},
        "instance_normalization": {
            "epsilon": 1e-5,
            "momentum": 0.1,
            "center": False,
            "scale": False,
            "track_running_stats": False,
        },
        "unit_normalization": {"axis": 1, "order": 2.0, "epsilon": 1e-12},
        "local_response_normalization": {"implementation": "LocalResponseNorm"},
    }

    @property
    def normalized_shape(self) -> tuple[int, ...]:
        """The sizes of `axis`. Raises Unsupported where it is not the last axes, in ascending order."""
        rank = len(self.shape)
        axes = axes_of(self.axis, rank)
        if axes != tuple(range(rank - len(axes), rank)):
            raise Unsupported(f"PyTorch normalizes over the last axes only, in ascending order, not {self.axis}")
        return self.shape[rank - len(axes) :]

    @property
    def num_channels(self) -> int:
        """The size of axis 1. Raises Unsupported where `axis` is another."""
        if axes_of(self.axis, len(self.shape)) != (1,):
            raise Unsupported(f"PyTorch keeps the channels of {self.layer} in axis 1, not {self.axis}")
        return self.shape[1]

    num_features = num_channels

    @property
    def num_groups(self) -> int:
        """The number of groups."""
        return int(self.groups)

    @property
    def affine(self) -> bool:
        """Whether there is a weight, with a bias or without."""
        if self.center and not self.scale:
            raise Unsupported(f"PyTorch's {self.layer} has a weight and a bias, or neither, and no bias alone")
        return bool(self.scale)

    @property
    def elementwise_affine(self) -> bool:
        """Whether there is a weight."""
        return bool(self.scale)

    @property
    def bias(self) -> bool:
        """Whether there is a bias. Raises Unsupported for a bias without a weight."""
        if self.center and not self.scale:
            raise Unsupported(f"PyTorch's {self.layer} has no bias without a weight")
        return bool(self.center)


def nn(name: str) -> Any:
    """A module class of torch.nn. Raises Unsupported where this version has none of that name."""
    torch = importlib.import_module("torch")
    if not hasattr(torch.nn, name):
        raise Unsupported(f"PyTorch {torch.__version__} has no {name}")
    return getattr(torch.nn, name)


def _switch(a: TorchArguments, names: Sequence[str], option: str) -> dict[str, Any]:
    """`option` under its own name where one of the arguments in `names` that decide it was given."""
    return {option: getattr(a, option)} if any(name in a.given for name in names) else {}


def _affine(a: TorchArguments, kind: Any) -> dict[str, Any]:
    """`affine`, and `bias` where there is a weight alone. Raises Unsupported where this version has no such option."""
    options = _switch(a, ("center", "scale"), "affine")
    if not options or a.center == a.scale:
        return options
    if "bias" not in inspect.signature(kind).parameters:
        raise Unsupported(f"this version of PyTorch has no {kind.__name__} with a weight and no bias")
    return {**options, "bias": a.bias}


def layer_norm(a: TorchArguments) -> Any:
    """torch.nn.LayerNorm."""
    affine = _switch(a, ("scale",), "elementwise_affine") | _switch(a, ("center", "scale"), "bias")
    return nn("LayerNorm")(a.normalized_shape, **a.keywords(eps="epsilon"), **affine)


def rms_norm(a: TorchArguments) -> Any:
    """torch.nn.RMSNorm."""
    affine = _switch(a, ("scale",), "elementwise_affine")
    return nn("RMSNorm")(a.normalized_shape, **a.keywords(eps="epsilon"), **affine)


def batch_norm(a: TorchArguments) -> Any:
    """torch.nn.BatchNorm1d, 2d or 3d, by the input's rank, or its lazy form; or SyncBatchNorm, which takes any rank."""
    dimensions = {2: 1, 3: 1, 4: 2, 5: 3}.get(len(a.shape))
    if dimensions is None and not a.synchronized:
        raise Unsupported(f"PyTorch's batch normalization takes 2 to 5 dimensions, not {len(a.shape)}")
    if a.synchronized and a.lazy:
        raise Unsupported("PyTorch's SyncBatchNorm has no lazy form")
    kind = nn("SyncBatchNorm") if a.synchronized else nn(f"{'Lazy' if a.lazy else ''}BatchNorm{dimensions}d")
    return _moving(a, kind, a.num_features)


def instance_norm(a: TorchArguments) -> Any:
    """torch.nn.InstanceNorm1d, 2d or 3d, by the input's rank and by whether it has examples; or the lazy form of it."""
    dimensions = len(a.shape) - 1 - int(a.batched)
    if dimensions not in (1, 2, 3):
        raise Unsupported(f"PyTorch's instance normalization takes 1 to 3 dimensions of positions, not {dimensions}")
    return _moving(a, nn(f"{'Lazy' if a.lazy else ''}InstanceNorm{dimensions}d"), a.shape[int(a.batched)])


def _moving(a: TorchArguments, kind: Any, channels: int) -> Any:
    """A module that may keep statistics; a lazy one finds out the number of channels for itself."""
    options = a.keywords(eps="epsilon", momentum="momentum", track_running_stats="track_running_stats")
    return kind(*(() if a.lazy else (channels,)), **options, **_affine(a, kind))


def group_norm(a: TorchArguments) -> Any:
    """torch.nn.GroupNorm; it has no default number of groups."""
    if "groups" not in a.given:
        raise Unsupported("PyTorch's group normalization has no default number of groups")
    kind = nn("GroupNorm")
    return kind(a.num_groups, a.num_channels, **a.keywords(eps="epsilon"), **_affine(a, kind))


LAYERS: Mapping[str, Factory] = {
    "layer_normalization": layer_norm,
    "rms_normalization": rms_norm,
    "batch_normalization": batch_norm,
    "group_normalization": group_norm,
    "instance_normalization": instance_norm,
    "unit_normalization": unit_normalization,
    "local_response_normalization": local_response_normalization,
    "weight_normalization": weight_norm,
    "spectral_normalization": spectral_norm,
}
