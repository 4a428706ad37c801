"""The precision of a request, which an adapter looks at while it makes the request's layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from .interface import Adapter, Request


class Precise(Adapter):
    """Has every precision, by layers that it makes for `precision`."""

    precision: str = "plain"

    @contextmanager
    def settings(self, request: Request) -> Iterator[None]:
        """Layers made inside have the request's precision."""
        with super().settings(replace(request, precision="plain")):
            self.precision = request.precision
            try:
                yield
            finally:
                self.precision = "plain"
