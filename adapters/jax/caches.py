"""What JAX has compiled, which it keeps until it is told otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..interface import Adapter, Request

KEPT = 64


class Forgetful(Adapter):
    """Forgets what was compiled after every `KEPT` requests: a target answers thousands, and would fill the memory."""

    jax: Any = None
    answered: int = 0

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """As without it."""
        with super().settings(request):
            yield
        self.answered += 1
        if self.answered % KEPT == 0:
            self.jax.clear_caches()
