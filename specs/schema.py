"""The JSON Schemas of the spec files, from the models: `python -m normcheck.specs.schema` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from .grammar import ClaimsSpec, LayerSpec, ModelSpec, TopicSpec

FOLDER = Path(__file__).parent
MODELS: Mapping[str, type[BaseModel]] = {
    "layer.schema.json": LayerSpec,
    "topic.schema.json": TopicSpec,
    "model.schema.json": ModelSpec,
    "claims.schema.json": ClaimsSpec,
}


def schema_text(name: str) -> str:
    """The text of the schema file `name`, a key of MODELS."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_closed(MODELS[name].model_json_schema()),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _closed(schema: Any) -> Any:
    """Refuse keys that no pattern fits, as the models do."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(part) for key, part in schema.items()}
    return {**closed, "additionalProperties": False} if "patternProperties" in closed else closed


def write(folder: Path = FOLDER) -> list[Path]:
    """Writes every schema file into `folder` and returns their paths."""
    paths = [folder / name for name in MODELS]
    for path in paths:
        path.write_text(schema_text(path.name), encoding="utf-8", newline="\n")
    return paths


if __name__ == "__main__":
    write()
