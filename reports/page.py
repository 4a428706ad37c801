"""The page: one HTML file that needs nothing else, made from a record that anyone may have written.

Everything from the record is escaped. The page forbids itself the network, and runs no script but its own.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from . import views
from .histogram import spreads
from .power import caught, share, spared
from .reading import Record
from .record import OUTCOMES, Check
from .summary import counts, list_sentence, printable, verdict_sentences

HERE = Path(__file__).parent
LONGEST_IN_LIST = 300
GLYPHS = {
    "pass": "✓",
    "known": "◆",
    "fail": "✕",
    "error": "!",
    "crash": "▲",
    "timeout": "◔",
    "unsupported": "–",
    "holds": "✓",
    "refuted": "✕",
    "cannot be told": "?",
}
FIELDS = (
    "outcome",
    "target",
    "layer",
    "case",
    "aspect",
    "subject",
    "dtype",
    "headroom",
    "grade",
    "symptom",
    "known",
    "text",
)


def write_page(record: Record, path: str | Path) -> Path:
    """Writes the page of `record` to the file `path`, and its folder where absent. Raises OSError."""
    path = Path(path)
    text = render(record)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def render(record: Record) -> str:
    """The page of `record` as HTML. The same record gives the same text."""
    style = (HERE / "page.css").read_text(encoding="utf-8")
    script = (HERE / "page.js").read_text(encoding="utf-8")
    return (
        environment()
        .get_template("page.html")
        .render(
            record=record,
            header=record.header,
            verdict=verdict_sentences(record),
            listed=list_sentence(record.header),
            caught=caught(),
            spared=spared(),
            share=share,
            known=sum(check.outcome == "known" for check in record.checks),
            counts=counts(record),
            outcomes=OUTCOMES,
            matrix=views.matrix(record),
            groups=views.groups(record),
            around=views.around,
            claims=views.claims(record),
            claim_targets=views.claim_targets(record),
            requirements=views.requirements(record),
            unsupported=views.unsupported(record),
            grades=views.grades(record),
            spreads=spreads(record),
            titles={line.id: line.title for line in record.targets},
            policy=policy(style, script),
            style=Markup(style),  # noqa: S704 - the page's own file
            script=Markup(script),  # noqa: S704 - the page's own file
            data=data(record),
            glyphs=GLYPHS,
        )
    )


def environment() -> Environment:
    """Jinja2 with escaping on, and with every name it does not know an error."""
    found = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"figure": figure, "number": "{:,}".format}
    return found


def visible(value: Any) -> Any:
    """`value`, and of a text only characters that show."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def policy(style: str, script: str) -> str:
    """A Content-Security-Policy under which nothing is loaded, and only this style and this script apply."""
    return (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def digest(text: str) -> str:
    """The source expression that allows exactly `text` inline."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def figure(value: float | None) -> str:
    """A number for reading: three significant digits; no fraction from a thousand to a million."""
    if value is None:
        return ""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "beyond all bounds" if value > 0 else "−∞"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def data(record: Record) -> str:
    """Every check as gzipped JSON in base64, for the list that a script shows."""
    rows = [row(check) for check in record.checks]
    text = json.dumps({"fields": FIELDS, "rows": rows}, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def row(check: Check) -> list[str]:
    """A check in the list: `FIELDS` in order, as text."""
    words = [check.message, *check.failed] if check.outcome != "pass" else []
    found = (
        check.outcome,
        check.target,
        check.layer,
        check.case,
        check.aspect,
        check.subject,
        check.dtype,
        figure(check.headroom),
        check.grade or "",
        check.symptom,
        check.known or "",
        " ".join(filter(None, words))[:LONGEST_IN_LIST],
    )
    return [printable(text) for text in found]
