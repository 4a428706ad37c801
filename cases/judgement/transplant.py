"""Weights carried from a layer of one dialect to one of another, by the roles that the spec gives their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from normcheck.adapters.arrays import Array
from normcheck.adapters.interface import Observation, Request

from ..case import Case
from ..requests.ask import request_for
from ..requests.conventions import convention
from .finding import Finding


def carried(case: Case, dialect: str, seen: Observation, other: Case, their_dialect: str) -> Request:
    """What the second target is asked: `other` in its dialect, with the weights that the first one has.

    A weight that only one of the dialects has stays behind.
    """
    request = request_for(other, their_dialect)
    names = {weight.role: weight.name for weight in convention(other, their_dialect).weights}
    values = by_role(case, dialect, seen)
    return replace(
        request, weights={**request.weights, **{names[role]: values[role] for role in names if role in values}}
    )


def by_role(case: Case, dialect: str, seen: Observation) -> Mapping[str, Array]:
    """The weights that a target had after they were assigned; those that the spec does not name keep their names."""
    roles = {weight.name: weight.role for weight in convention(case, dialect).weights}
    return {roles.get(weight.name, weight.name): weight.value for weight in seen.carried}


def returned(mine: Mapping[str, Array], theirs: Mapping[str, Array]) -> Finding:
    """Whether the weights that both have come back with the bits that they left the first target with."""
    both = [role for role in mine if role in theirs]
    other = [role for role in both if mine[role] != theirs[role]]
    return Finding(
        "",
        "wrong" if other else "right" if both or not mine else "error",
        "weights",
        symptom=f"weights differ: {', '.join(other)}" if both else "no weights in common",
        message=f"carried there and back, {', '.join(other)} would have other bits"
        if other
        else "no weight was carried",
    )
