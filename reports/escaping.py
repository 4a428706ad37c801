"""Texts from a record, made safe for XML and for Markdown."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from .summary import printable

LONGEST = 1024 * 1000  # bytes of Markdown: a CI job's summary that is longer is dropped whole
LONGEST_TEXT = 500
SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~&@:])")


def allowed(text: str) -> str:
    """Only characters that XML may hold."""
    return "".join(
        char if char in "\n\t" or " " <= char not in "\ufffe\uffff" else "\ufffd" for char in printable(text)
    )


def attribute(text: str) -> str:
    """`text` as the value of an XML attribute, with its quotes: one line of at most 500 characters."""
    return quoteattr(" ".join(allowed(text).split())[:LONGEST_TEXT])


def shown(text: str) -> str:
    """`text` as the text of an XML element."""
    return escape(allowed(text))


def plain(text: str) -> str:
    """`text` as Markdown that shows it as it is, on one line."""
    return SPECIAL.sub(r"\\\1", short(text))


def code(text: str) -> str:
    """`text` as Markdown's code on one line."""
    inside = short(text).replace("`", "'")
    return f"`{inside}`"


def short(text: str) -> str:
    """`text` on one line, and no longer than 500 characters."""
    one = printable(" ".join(text.split()))
    return one if len(one) <= LONGEST_TEXT else f"{one[: LONGEST_TEXT - 1]}…"
