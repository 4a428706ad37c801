"""The verdict as a badge: an image, and what shields.io makes one of."""

from __future__ import annotations

import json
from collections import Counter

from ..escaping import attribute, shown
from ..reading import Record
from ..summary import JUDGED, verdict_sentences

LABEL = "normcheck"
GREEN, AMBER, RED = "#1a7f37", "#8a5a00", "#b3132b"
LETTER = 7


def said(record: Record) -> tuple[str, str]:
    """What the badge says, and its colour."""
    found = Counter(check.outcome for check in record.checks)
    judged = sum(found[outcome] for outcome in JUDGED)
    if verdict_sentences(record):
        failing = sum(number for outcome, number in found.items() if outcome not in (*JUDGED, "unsupported"))
        failing += found["fail"]
        return (f"{failing:,} failing" if failing else "not conforming"), RED
    if found["known"]:
        return f"{found['known']:,} known of {judged:,}", AMBER
    return f"{judged:,} checks pass", GREEN


def svg(record: Record) -> str:
    """The badge as an image that needs nothing else."""
    message, colour = said(record)
    left, right = (LETTER * len(text) + 14 for text in (LABEL, message))
    middle = left + right / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f"aria-label={attribute(f'{LABEL}: {message}')}>"
        f'<rect width="{left}" height="20" fill="#40464d"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>'
        '<g fill="#ffffff" text-anchor="middle" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11">'
        f'<text x="{left / 2:g}" y="14">{LABEL}</text>'
        f'<text x="{middle:g}" y="14">{shown(message)}</text></g></svg>\n'
    )


def shields(record: Record) -> str:
    """The badge as the JSON of an endpoint of shields.io."""
    message, colour = said(record)
    return json.dumps({"schemaVersion": 1, "label": LABEL, "message": message, "color": colour}) + "\n"
