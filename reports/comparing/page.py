"""The page of a comparison: one HTML file that needs nothing else, and shows everything without a script.

Everything from the records is escaped. The page forbids itself the network and every script.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from ..page import digest, environment
from .classes import KINDS, TITLES, WORDS, Kind
from .difference import Comparison
from .text import verdict, where

REPORTS = Path(__file__).parent.parent
MOST = 60


def render(comparison: Comparison, failing: Sequence[Kind] = ()) -> str:
    """The page as HTML. The same records give the same text."""
    style = (REPORTS / "page" / "page.css").read_text(encoding="utf-8") + (REPORTS / "comparison.css").read_text(
        encoding="utf-8"
    )
    against = {id(entry) for entry in comparison.failing(tuple(failing))}
    return (
        environment()
        .get_template("comparison.html")
        .render(
            comparison=comparison,
            done=comparison.compared,
            verdict=verdict(comparison, failing),
            groups=[
                (kind, TITLES[kind], WORDS[kind], [entry for entry in comparison.entries if entry.kind == kind])
                for kind in KINDS
            ],
            failing=[TITLES[kind].lower() for kind in failing],
            against=against,
            identity=id,
            titles=TITLES,
            where=where,
            most=MOST,
            style=Markup(style),  # noqa: S704 - the page's own files
            policy=f"default-src 'none'; style-src '{digest(style)}'; base-uri 'none'; form-action 'none'",
        )
    )
