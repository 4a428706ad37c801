"""What a framework warns of while it is asked something: Python's warnings, and what it logs as one."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LOGGERS = ("absl", "tensorflow", "jax", "flax")
LONGEST = 2000
# They come when memory is cleared up, or when a module is compiled for the first time: whoever is asked something then.
OF_NO_CASE = (ResourceWarning, SyntaxWarning, ImportWarning, BytesWarning)
COMPILED = "invalid escape sequence"
IMPORTING = "<frozen importlib"

Heard = Callable[[], tuple[str, ...]]


class _Kept(logging.Handler):
    """Keeps what is logged as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text, which the framework may fail to make."""
        with suppress(Exception):
            self.texts.append(f"{record.name}: {record.getMessage()}")


@contextmanager
def listening(wanted: bool) -> Iterator[Heard]:
    """Let no warning out; gives a function that tells `Category: text` of those so far, each once.

    wanted: keep them, whatever filters there are; without it none is kept. A framework's warning is no finding by
    itself, even where pytest would make it an error.
    """
    if wanted:
        _every_time()
    with warnings.catch_warnings(record=wanted) as caught:
        warnings.simplefilter("always" if wanted else "ignore")
        with _logged(wanted) as logged:
            yield lambda: tuple(
                dict.fromkeys([*filter(None, map(_told, caught or ())), *(t[:LONGEST] for t in logged)])
            )


def _every_time() -> None:
    """Let the frameworks that are loaded say again what they say once in a process, so that each case hears it."""
    with suppress(AttributeError, KeyError):
        sys.modules["torch"].set_warn_always(True)
    with suppress(AttributeError, KeyError):
        sys.modules["tensorflow.python.util.deprecation"]._PRINTED_WARNING.clear()


def _told(one: warnings.WarningMessage) -> str:
    """A warning as text; empty for one that tells nothing of what was asked."""
    text = str(one.message)
    if issubclass(one.category, OF_NO_CASE) or one.filename.startswith(IMPORTING) or COMPILED in text:
        return ""
    return f"{one.category.__name__}: {text}"[:LONGEST]


@contextmanager
def _logged(wanted: bool) -> Iterator[list[str]]:
    """What the frameworks' loggers are given, from those that there are."""
    kept = _Kept()
    known = [logging.getLogger(name) for name in LOGGERS if wanted and name in logging.root.manager.loggerDict]
    for logger in known:
        logger.addHandler(kept)
    try:
        yield kept.texts
    finally:
        for logger in known:
            logger.removeHandler(kept)
