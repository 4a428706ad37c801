"""Small parts of the suite for the tests of `cases`: specs made in memory, and answers of the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from normcheck.adapters.observe import observe
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.cases.requests.ask import request_for
from normcheck.cases.requests.expand import layer_cases
from normcheck.cases.suite import suite
from normcheck.specs.grammar import LayerSpec
from normcheck.specs.reader import read_layer
from normcheck.specs.source import read_source

GOOD = Path(__file__).parent / "good_spec.yaml"
SMALL = read_layer(GOOD)
SOURCE = read_source(GOOD).data


def with_case(**fields):
    """The case `only` of the small layer, expanded: `covers: [LN-2]` and the given fields."""
    spec = LayerSpec.model_validate(SOURCE | {"cases": {"only": {"covers": ["LN-2"], **fields}}, "sweeps": {}})
    return next(layer_cases(spec))


def case(name):
    """A case of the packaged suite."""
    return suite().by_id[name]


def seen(asked, adapter=None):
    """What the reference, or another adapter, is seen to do with a case."""
    adapter = adapter or ReferenceAdapter()
    return observe(adapter, request_for(asked, adapter.dialect))


def at_step(observation, index, **changes):
    """`observation` with fields of one step changed."""
    steps = list(observation.steps)
    steps[index] = replace(steps[index], **changes)
    return replace(observation, steps=tuple(steps))
