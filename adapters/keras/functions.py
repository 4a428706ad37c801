"""Plain functions on TensorFlow's tensors, driven as Keras' layers on TensorFlow are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from ..interface import Request, Unsupported
from ..plain_functions import PlainFunctions
from .adapter import KerasAdapter
from .base import Built


class KerasFunctions(PlainFunctions, KerasAdapter):
    """A factory of `layers` gives a layer that holds the function's weights."""

    modes: ClassVar[tuple[str, ...]] = ("eager", "graph", "xla")
    compiling: ClassVar[tuple[str, ...]] = ("xla",)
    full_modes: ClassVar[tuple[str, ...]] = ()
    symbolic: ClassVar[bool] = False

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """Raises Unsupported for mixed precision: a function has no dtype policy."""
        if request.precision != "plain":
            raise Unsupported("a function has no dtype policy")
        with super().settings(request):
            yield

    def _compiled(self, layer: Built, what: str, training: bool | None, x: Any) -> Callable[..., Any]:
        """Raises Unsupported in training where the function is not called in it."""
        if training and layer.layer.untrained:
            raise Unsupported(layer.layer.untrained)
        return super()._compiled(layer, what, training, x)
