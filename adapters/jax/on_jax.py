"""What every target on JAX shares: devices and arrays on them, how they are waited for, and what JAX has compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

import numpy as np

from ..arrays import Array
from ..interface import Adapter, Request
from .arrays import to_array, to_jax

KEPT = 64
KINDS: Mapping[str, str] = {"gpu": "cuda"}
"""What normcheck calls a platform of JAX's, where that is something else."""


class OnJax(Adapter):
    """Has its arrays on one of JAX's devices.

    It forgets what was compiled after every `KEPT` requests: a target answers thousands, and would fill the memory.
    """

    requires: ClassVar[tuple[str, ...]] = ("jax",)

    jax: Any = None
    answered: int = 0

    def versions(self) -> dict[str, str]:
        """JAX's version."""
        return {"jax": str(self.jax.__version__)}

    def devices(self) -> Sequence[str]:
        """`cpu`, then every accelerator: `cuda`, `cuda:1`, … `tpu`."""
        kinds = [KINDS.get(one.platform, one.platform) for one in self.jax.devices()]
        return ("cpu", *(f"{kind}:{index}" if index else kind for index, kind in enumerate(kinds) if kind != "cpu"))

    def place(self) -> Any:
        """The device, as JAX has it."""
        kind, _, index = self.device.partition(":")
        platform = next((own for own, name in KINDS.items() if name == kind), kind)
        return self.jax.devices(platform)[int(index or 0)]

    def to_native(self, array: Array) -> Any:
        """A new array on the device."""
        return to_jax(array, self.place())

    def to_array(self, native: Any) -> Array:
        """The array's bits."""
        return to_array(native)

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """As without it."""
        with super().settings(request):
            yield
        self.answered += 1
        if self.answered % KEPT == 0:
            self.jax.clear_caches()

    def wait(self, result: Any) -> None:
        """Until `result` is there: JAX computes behind the call."""
        self.jax.block_until_ready(result)

    def copying(self, count: int) -> Callable[[], Any] | None:
        """By turning every bit."""
        if self.device == "cpu":
            return None
        source = self.jax.device_put(np.ones(count, np.uint8), self.place())
        return partial(self.jax.jit(self.jax.numpy.invert), source)

    def accelerator(self) -> str:
        """As JAX names it."""
        return "" if self.device == "cpu" else str(self.place().device_kind)
