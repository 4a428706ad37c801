"""What all lines of a record have in common: how they are checked, and how long their texts may be."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

LONGEST_TEXT = 16_000


def shortened(value: Any) -> Any:
    """A text longer than `LONGEST_TEXT`, cut to it with a note that says so; anything else as it is."""
    if not isinstance(value, str) or len(value) <= LONGEST_TEXT:
        return value
    kept = LONGEST_TEXT - 60
    return f"{value[:kept]} … ({len(value) - kept} more characters left out)"


Name = Annotated[str, StringConstraints(max_length=1000)]
Text = Annotated[str, BeforeValidator(shortened)]
Names = Annotated[list[Name], Field(max_length=1000)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Indices = Annotated[list[Count], Field(max_length=1000)]
Figure = Annotated[
    float,
    WithJsonSchema({"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}),
]


class Line(BaseModel):
    """A frozen line; unknown keys are errors. NaN and the infinities are written as strings."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")
