"""What a framework warns of while it is asked something: Python's warnings, and what it logs as one."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

LOGGERS = ("absl", "tensorflow", "jax", "flax")
LONGEST = 2000
# They come when memory is cleared up, a module is loaded for the first time, or functions were traced often: in
# whichever case that happens to be.
OF_NO_CASE = (ResourceWarning, SyntaxWarning, ImportWarning, BytesWarning)
OF_A_PROCESS = ("invalid escape sequence", "triggered tf.function retracing")
IMPORTING = "<frozen importlib._bootstrap>"

Heard = Callable[[], tuple[str, ...]]


class _Kept(logging.Handler):
    """Keeps what is logged as a warning or worse."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.texts = texts

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
    texts: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always" if wanted else "ignore")
        if not wanted:
            yield tuple
            return
        _every_time()
        warnings.showwarning = _keeping(texts)
        with _logged(texts):
            yield lambda: tuple(dict.fromkeys(text[:LONGEST] for text in texts if _of_case(text)))


def _every_time() -> None:
    """Let the frameworks that are loaded say again what they say once in a process, so that each case hears it."""
    with suppress(AttributeError, KeyError):
        sys.modules["torch"].set_warn_always(True)
    with suppress(AttributeError, KeyError):
        sys.modules["tensorflow.python.util.deprecation"]._PRINTED_WARNING.clear()


def _keeping(texts: list[str]) -> Callable[..., None]:
    """What is called in place of `warnings.showwarning`."""

    def keep(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, OF_NO_CASE) and not _importing():
            texts.append(f"{category.__name__}: {message}")

    return keep


def _importing() -> bool:
    """Whether a module is just being loaded: it warns once, in the case that happens to load it."""
    frame: FrameType = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_name != "observe":
        if frame.f_code.co_filename == IMPORTING:
            return True
        frame = frame.f_back
    return False


def _of_case(text: str) -> bool:
    return not any(part in text for part in OF_A_PROCESS)


@contextmanager
def _logged(texts: list[str]) -> Iterator[None]:
    """Keep what the frameworks' loggers are given, of those that there are."""
    kept = _Kept(texts)
    known = [logging.getLogger(name) for name in LOGGERS if name in logging.root.manager.loggerDict]
    for logger in known:
        logger.addHandler(kept)
    try:
        yield
    finally:
        for logger in known:
            logger.removeHandler(kept)
