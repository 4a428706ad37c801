"""What was asked, as it stood when the run was made: a layer's spec, a case, a script that does what a case does."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .line import Indices, Line, Name, Text


class ArgumentText(Line):
    """An argument of a layer. defaults: by dialect, as JSON; under an empty name that of all dialects."""

    type: Name
    defaults: dict[Name, Text] = {}
    description: Text = ""


class SpecText(Line):
    """What a layer computes, for a reader, and its arguments by their canonical names."""

    definition: Text
    arguments: dict[Name, ArgumentText] = {}


class StepText(Line):
    """One step of a case. input: a family's name, or literal values as JSON. training: None where nothing is said."""

    do: Name = "call"
    input: Text
    shape: Indices = []
    training: bool | None = None
    layout: Name = "contiguous"


class CaseText(Line):
    """What a case asks; it stands before its first check.

    arguments, settings: values as JSON; those left out are the dialect's own. weights: `drawn`, `initial`, or values
    by role as JSON. seed: what inputs and weights are drawn from, where it is not the case's id.
    """

    kind: Literal["case"] = "case"
    case: Name
    layer: Name
    arguments: dict[Name, Text] = {}
    settings: dict[Name, Text] = {}
    weights: Text = "drawn"
    seed: Name = ""
    steps: Annotated[list[StepText], Field(max_length=1000)] = []


class ScriptText(Line):
    """A script that does what a case asks of a target, with the framework alone."""

    kind: Literal["script"] = "script"
    case: Name
    target: Name
    text: Text
