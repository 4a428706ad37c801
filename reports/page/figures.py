"""Numbers and texts as the page writes them."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from ..summary import printable


def visible(value: Any) -> Any:
    """`value`, and of a text only characters that show."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def figure(value: float | None) -> str:
    """A number for reading: three significant digits; no fraction from a thousand to a million."""
    if value is None:
        return ""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "beyond all bounds" if value > 0 else "−∞"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def address(view: str, argument: str = "", **more: str) -> str:
    """Where a view is on the page: `#case=ID&target=NAME`. What it shows stands in it, so that it can be sent."""
    rest = [f"{name}={escaped(text)}" for name, text in more.items() if text]
    return "&".join([f"#{view}={escaped(argument)}" if argument else f"#{view}", *rest])


def escaped(text: str) -> str:
    """`text` as a part of an address."""
    return quote(printable(text), safe="/=,:@")
