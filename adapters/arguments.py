"""The arguments of one layer as a factory reads them: by attribute, and remembered.

An argument that is asked for and that the factory never reads would be judged on a layer that ignores it, so
`build_with` answers *unsupported* instead, unless the value means what is done anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from .interface import Unsupported

MEANS_NOTHING: Mapping[str, Any] = {
    "center": True,
    "scale": True,
    "beta_initializer": "zeros",
    "gamma_initializer": "ones",
    "moving_mean_initializer": "zeros",
    "moving_variance_initializer": "ones",
    "beta_regularizer": None,
    "gamma_regularizer": None,
    "beta_constraint": None,
    "gamma_constraint": None,
    "trainable": True,
    "name": None,
    "mean": None,
    "variance": None,
    "invert": False,
    "batched": True,
    "lazy": False,
    "synchronized": False,
}


class Arguments:
    """A view of one layer's arguments under their canonical names: what was given, else the default.

    shape: the input's shape, batch included. dtype: the layer's. Raises AttributeError for an argument that
    was not given and has no default.
    """

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __init__(self, layer: str, given: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> None:
        self.layer = layer
        self.given = given
        self.shape = shape
        self.dtype = dtype
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        known = {**MEANS_NOTHING, **type(self).defaults.get(self.layer, {}), **self.given}
        if name not in known:
            raise AttributeError(f"{self.layer} was given no {name}, and it has no default")
        self.read.add(name)
        return known[name]

    def keywords(self, **names: str) -> dict[str, Any]:
        """Of the arguments in `names` (the layer's own name = the canonical one) those that were given."""
        return {own: getattr(self, name) for own, name in names.items() if name in self.given}

    def all_keywords(self) -> dict[str, Any]:
        """Everything that was given, under canonical names."""
        self.read.update(self.given)
        return dict(self.given)

    def unread(self) -> list[str]:
        """What was given, means something, and was never read."""
        return [name for name in self.given if name not in self.read and not self._means_nothing(name)]

    def _means_nothing(self, name: str) -> bool:
        defaults = {**MEANS_NOTHING, **type(self).defaults.get(self.layer, {})}
        if name not in defaults:
            return False
        value, default = self.given[name], defaults[name]
        if name == "axis":
            rank = len(self.shape)
            return axes_of(value, rank) == axes_of(default, rank)
        return type(value) is type(default) and bool(value == default)


RENORM: Mapping[str, Any] = {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99}


class KerasArguments(Arguments):
    """Arguments under their canonical names, with Keras' defaults. package: the Keras that the layer is made of."""

    package: ClassVar[str] = "keras"
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "layer_normalization": {"axis": -1, "epsilon": 1e-3},
        "rms_normalization": {"axis": -1, "epsilon": 1e-6},
        "batch_normalization": {"axis": -1, "epsilon": 1e-3, "momentum": 0.99, "track_running_stats": True, **RENORM},
        "group_normalization": {"axis": -1, "epsilon": 1e-3, "groups": 32},
        "instance_normalization": {"epsilon": 1e-3, "momentum": 0.99, "track_running_stats": False},
        "feature_normalization": {"axis": -1},
        "unit_normalization": {"axis": -1, "order": 2, "epsilon": 1e-12},
        "local_response_normalization": {"alpha": 1e-4, "beta": 0.75, "k": 1.0},
        "filter_response_normalization": {
            "axis": [1, 2],
            "epsilon": 1e-6,
            "learned_epsilon": False,
            "learned_epsilon_constraint": None,
            "threshold": False,
        },
        "spectral_normalization": {"power_iterations": 1},
        "weight_normalization": {"dim": 1},
    }


Factory = Callable[[Any], Any]


def build_with(factory: Factory, arguments: Arguments, adapter: str) -> Any:
    """What `factory` makes of `arguments`. Raises Unsupported for an argument that it does not read."""
    made = factory(arguments)
    unread = arguments.unread()
    if unread:
        raise Unsupported(f"{adapter}'s {arguments.layer} takes no {', '.join(unread)}")
    return made


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """`axis`, an integer or a list, as non-negative integers in the order given.

    Raises Unsupported for what names no axis of a `rank`-dimensional input.
    """
    axes = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    if not all(type(one) is int and -rank <= one < rank for one in axes):
        raise Unsupported(f"axis {axis!r} names no axis of an input with {rank} dimensions")
    return tuple(one % rank for one in axes)


def plain(value: Any) -> Any:
    """`value` in builtin types; what has no builtin form by its text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value if value is None or type(value) in (bool, int, float, str) else str(value)
