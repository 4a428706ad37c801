"""A framework's plain function, judged as a layer: what it is not, and so does not offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .interface import Adapter, Request, Unsupported


class PlainFunctions(Adapter):
    """Mixed in before the adapter of the framework's layers, whose arrays and gradients a function shares."""

    def construct_model(
        self, form: str, layers: Sequence[tuple[str, Mapping[str, Any]]], shape: tuple[int, ...], dtype: str
    ) -> Any:
        """Raises Unsupported: a function is no layer of a model."""
        raise Unsupported("functions make no models")

    def parameters(self, layer: Any) -> tuple[int, int]:
        """Raises Unsupported: the weights are not the function's."""
        raise Unsupported("a function counts no parameters")

    def arguments(self, layer: Any) -> Mapping[str, Any]:
        """Nothing: a function is not configured."""
        return {}

    def masked(self, layer: Any, x: Any, training: bool | None, mask: Any) -> tuple[Any, Any]:
        """Raises Unsupported: there is nowhere to put one."""
        raise Unsupported("a function takes no mask")

    def masked_gradient(
        self, layer: Any, x: Any, training: bool | None, mask: Any, upstream: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Raises Unsupported: there is nowhere to put one."""
        raise Unsupported("a function takes no mask")

    def save(self, layer: Any, folder: str, how: str) -> None:
        """Raises Unsupported: there is nothing to save."""
        raise Unsupported("a function is not saved")

    def load(self, folder: str, request: Request, how: str) -> Any:
        """Raises Unsupported: there is nothing to load."""
        raise Unsupported("a function is not loaded")
