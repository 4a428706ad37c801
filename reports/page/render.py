"""The page: one HTML file that needs nothing else, made from a record that anyone may have written.

Everything from the record is escaped. The page forbids itself the network, and runs no script but its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .. import views
from ..described import SpecText
from ..histogram import spreads
from ..power import caught, share, spared
from ..reading import Record
from ..record import OUTCOMES
from ..summary import counts, list_sentence, verdict_sentences
from .data import packed
from .figures import address, figure, visible

if TYPE_CHECKING:
    from .alone import View

HERE = Path(__file__).parent
SCRIPTS = (
    "data",
    "query",
    "elements",
    "list",
    "heat",
    "evidence",
    "case",
    "accuracy",
    "entries",
    "routes",
    "keys",
    "start",
)
PACKED = ("spec-layers", "power-tables")  # views that are long, and alike from row to row: a tenth when compressed
FIRST = 'document.documentElement.classList.add("scripted");'  # before the views are there: none is laid out in vain


def write_page(record: Record, path: str | Path, more: Sequence[View] = ()) -> Path:
    """Writes the page of `record` to the file `path`, and its folder where absent. Raises OSError."""
    path = Path(path)
    text = render(record, more)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def render(record: Record, more: Sequence[View] = ()) -> str:
    """The page of `record` as HTML, with the views of `more` beside its own. The same record gives the same text."""
    style = (HERE / "page.css").read_text(encoding="utf-8") + (HERE / "views.css").read_text(encoding="utf-8")
    style += "".join(view.style for view in more)
    script = scripts()
    found, shown = environment(), content(record)
    views = {name: found.get_template(f"{name}.html").render(**shown) for name in PACKED}
    return found.get_template("page.html").render(
        **shown,
        policy=policy(style, FIRST, script),
        first=Markup(FIRST),  # noqa: S704 - the page's own
        style=Markup(style),  # noqa: S704 - the page's own files
        script=Markup(script),  # noqa: S704 - the page's own files
        data=packed(record, views),
        more=more,
    )


def content(record: Record) -> dict[str, Any]:
    """What the templates show of `record`, by the names that they use."""
    groups = views.groups(record)
    spec = views.by_layer(record)
    return {
        "record": record,
        "header": record.header,
        "verdict": verdict_sentences(record),
        "listed": list_sentence(record.header),
        "caught": caught(),
        "spared": spared(),
        "share": share,
        "known": sum(check.outcome == "known" for check in record.checks),
        "counts": counts(record),
        "outcomes": OUTCOMES,
        "matrix": views.matrix(record),
        "groups": groups,
        "failing": [group for group in groups if group.outcome != "known"],
        "idle": views.idle_entries(record),
        "around": views.around,
        "claims": views.claims(record),
        "claim_targets": views.claim_targets(record),
        "spec": spec,
        "places": {layer: place for place, layer in enumerate(spec, start=1)},
        "unsupported": views.unsupported(record),
        "grades": views.grades(record),
        "spreads": spreads(record),
        "titles": {line.id: line.title for line in record.targets},
        "dialects_of": dialects_of,
        "address": address,
    }


def dialects_of(spec: SpecText) -> list[str]:
    """The dialects that a spec's defaults name, in order; one empty name where all arguments are alike in all."""
    found = dict.fromkeys(dialect for one in spec.arguments.values() for dialect in one.defaults if dialect)
    return list(found) or [""]


def environment() -> Environment:
    """Jinja2 with escaping on, and with every name it does not know an error."""
    found = Environment(
        loader=FileSystemLoader([HERE / "templates", HERE.parent]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"figure": figure, "number": "{:,}".format}
    return found


def scripts(names: Sequence[str] = SCRIPTS) -> str:
    """The page's scripts as one, each in the order in which it needs the others, with no name of theirs left over."""
    parts = [(HERE / "scripts" / f"{name}.js").read_text(encoding="utf-8") for name in names]
    return "\n".join(['"use strict";', "{", *parts, "}"])


def policy(style: str, *own: str) -> str:
    """A Content-Security-Policy under which nothing is loaded, and only this style and these scripts apply."""
    allowed = " ".join(f"'{digest(script)}'" for script in own)
    return f"default-src 'none'; style-src '{digest(style)}'; script-src {allowed}; base-uri 'none'; form-action 'none'"


def digest(text: str) -> str:
    """The source expression that allows exactly `text` inline."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
