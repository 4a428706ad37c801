"""The JSON Schema of a line of a record, generated from the models and committed beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .record import LINE

PATH = Path(__file__).with_name("record.schema.json")


def schema() -> dict[str, Any]:
    """The schema of one line; `kind` is always written, so it is required."""
    found = LINE.json_schema()
    for model in found["$defs"].values():
        if "kind" in model["properties"]:
            model["required"] = ["kind", *model.get("required", [])]
    draft = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One line of a normcheck record",
    }
    return draft | found


def text() -> str:
    """The schema as it is committed."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def current() -> bool:
    """Whether the committed schema is that of the models."""
    return PATH.is_file() and PATH.read_text(encoding="utf-8") == text()


def write() -> Path:
    """Writes the schema where it is committed, and says where."""
    PATH.write_text(text(), encoding="utf-8")
    return PATH
