"""What an adapter's own factory does to a framework, written down as source instead of done.

The factories are given a `Source` in place of the framework's module. An attribute of it, and a call, is a `Source`
again, which knows its own text; so a script makes exactly the layer that the adapter makes.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

# A factory may look for an option before it gives it.
ANY = inspect.Signature([inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in ("bias", "affine")])


class Source(ModuleType):
    """An expression. calls: every call that was made, in order; used: its text stands in another one."""

    def __init__(self, text: str, calls: list[Source] | None = None) -> None:
        super().__init__(text)
        self._text = text
        self._calls: list[Source] = [] if calls is None else calls
        self._used = False

    __signature__ = ANY

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Source(f"{self._text}.{name}", self._calls)

    def __call__(self, *values: Any, **options: Any) -> Source:
        """The call, as an expression."""
        given = [literal(value) for value in values] + [f"{name}={literal(value)}" for name, value in options.items()]
        called = Source(f"{self._text}({', '.join(given)})", self._calls)
        self._calls.append(called)
        return called

    def __repr__(self) -> str:
        self._used = True
        return self._text


def literal(value: Any) -> str:
    """A value as source."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f'float("{value}")'
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {literal(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return repr(value)


def statements(made: Source) -> list[str]:
    """The calls that stand for themselves, such as one that sets a seed, and last the expression that was made."""
    text = repr(made)
    return [*(call._text for call in made._calls if not call._used and call is not made), text]


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Inside, the module `name` is one that writes down what is done to it."""
    before = sys.modules.get(name)
    sys.modules[name] = Source(name)
    try:
        yield
    finally:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
