"""Views of more than one record's checks: beside the views of a record, or each alone on a page of its own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from .render import HERE, environment, policy, scripts

SCRIPTS = ("query", "elements", "entries", "alone")


@dataclass(frozen=True, slots=True)
class View:
    """A view as HTML, made once and for all. name: its address, `#compare`; title: in the navigation.

    style: what it needs beside the style of the page.
    """

    name: str
    title: str
    body: Markup
    style: str


def view(name: str, title: str, template: Path, style: Path, **shown: Any) -> View:
    """The view that `template` makes of what is `shown`."""
    body = environment().get_template(template.name).render(name=name, **shown)
    return View(name, title, Markup(body), style.read_text(encoding="utf-8"))  # noqa: S704 - escaped by the template


def anchor(name: str, *words: str) -> str:
    """The address of one thing in the view `name`: the same on every page where the same words tell it from others."""
    told = "\n".join(words)
    return f"{name}-{hashlib.sha256(told.encode(errors='replace')).hexdigest()[:8]}"


def alone(one: View, product: str, heading: str) -> str:
    """A page of one view as HTML: the head, the style and the filter of the page of a record."""
    style = "".join((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "views.css")) + one.style
    script = scripts(SCRIPTS)
    return (
        environment()
        .get_template("alone.html")
        .render(
            view=one,
            product=product,
            heading=heading,
            policy=policy(style, script),
            style=Markup(style),  # noqa: S704 - the page's own files
            script=Markup(script),  # noqa: S704 - the page's own files
        )
    )
