"""The committed JSON Schemas are those of the models."""

from __future__ import annotations

import json

import pytest

from normcheck.specs.schema import FOLDER, MODELS, schema_text, write


@pytest.mark.parametrize("name", MODELS)
def test_the_committed_schema_is_current(name):
    committed = (FOLDER / name).read_text(encoding="utf-8")
    assert committed == schema_text(name), "run `python -m normcheck.specs.schema`"


def test_writing_gives_one_file_for_each_model(tmp_path):
    assert [path.name for path in write(tmp_path)] == list(MODELS)
    assert all(path.read_text(encoding="utf-8") == schema_text(path.name) for path in tmp_path.iterdir())


def test_a_schema_refuses_unknown_keys_everywhere():
    schema = json.loads(schema_text("layer.schema.json"))
    objects = [schema, *(part for part in schema["$defs"].values() if part["type"] == "object")]
    assert all(part["additionalProperties"] is False for part in objects)
    assert schema["properties"]["cases"]["additionalProperties"] is False


def test_a_schema_asks_for_exactly_one_level():
    requirement = json.loads(schema_text("layer.schema.json"))["$defs"]["Requirement"]
    assert requirement["oneOf"] == [{"required": ["must"]}, {"required": ["should"]}, {"required": ["may"]}]
