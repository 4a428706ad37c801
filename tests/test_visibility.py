"""The numeric lint: a small bad case for each way of hiding an argument, beside its sound neighbour."""

from __future__ import annotations

import pytest

from normcheck.cases.lint.visibility import unseen
from normcheck.cases.requests.expand import layer_cases
from normcheck.cases.suite import suite
from normcheck.specs.grammar import CaseSpec

LAYER, BATCH, GROUP = "layer_normalization", "batch_normalization", "group_normalization"
FEATURE, ROOT = "feature_normalization", "rms_normalization"

ADAPTED = [{"do": "adapt"}, {"shape": [2, 1]}]
# Rows, columns and layers have the same mean and variance.
LATIN = [[[0, 1, 5], [1, 5, 0], [5, 0, 1]], [[1, 5, 0], [5, 0, 1], [0, 1, 5]], [[5, 0, 1], [0, 1, 5], [1, 5, 0]]]

HIDDEN = {
    "epsilon drowned by the variance": (
        (LAYER, {"arguments": {"epsilon": 2.0**-30}, "shape": [4, 8]}),
        (LAYER, {"arguments": {"epsilon": 2.0**-6}, "shape": [4, 8]}),
        "twice the epsilon",
    ),
    "epsilon hunted where a large mean blurs it": (
        (ROOT, {"hunts": ["epsilon-twice"], "input": "large-mean", "shape": [4, 8]}),
        (ROOT, {"hunts": ["epsilon-twice"], "input": [[0.001, -0.002, 0.0005]]}),
        "twice the epsilon",
    ),
    "epsilon in a dtype that hides it": (
        (LAYER, {"arguments": {"epsilon": 2.0**-12}, "shape": [4, 8], "dtype": "bfloat16"}),
        (LAYER, {"arguments": {"epsilon": 2.0**-12}, "shape": [4, 8], "dtype": "float32"}),
        "twice the epsilon",
    ),
    "axis on a cube with equal sides": (
        (LAYER, {"arguments": {"axis": 1}, "input": LATIN, "weights": {"gamma": 2.0, "beta": 1.0}}),
        (LAYER, {"arguments": {"axis": 1}, "shape": [3, 3, 3]}),
        "statistics over other axes",
    ),
    "gamma along an axis of the same length": (
        (LAYER, {"arguments": {"axis": 1}, "shape": [2, 3, 3], "weights": "initial"}),
        (LAYER, {"arguments": {"axis": 1}, "shape": [2, 3, 4], "weights": "initial"}),
        "gamma and beta along another axis",
    ),
    "moving statistics along an axis of the same length": (
        (BATCH, {"arguments": {"axis": 1}, "shape": [2, 3, 3], "weights": "initial"}),
        (BATCH, {"arguments": {"axis": 1}, "shape": [2, 3, 3]}),
        "given statistics along another axis",
    ),
    "groups that are alike": (
        (GROUP, {"arguments": {"groups": 2, "axis": 1}, "input": [[[1, 2], [2, 1], [2, 1], [1, 2]]]}),
        (GROUP, {"arguments": {"groups": 2, "axis": 1}, "shape": [2, 4, 2]}),
        "other groups",
    ),
    "momentum that is its own inverse": (
        (BATCH, {"arguments": {"momentum": 0.5}, "shape": [4, 3], "training": True}),
        (BATCH, {"arguments": {"momentum": 0.75}, "shape": [4, 3], "training": True}),
        "one less the momentum",
    ),
    "momentum on one step from the batch's own statistics": (
        (BATCH, {"arguments": {"momentum": 0.75}, "input": [[1], [3]], "training": True, "weights": "own"}),
        (BATCH, {"arguments": {"momentum": 0.75}, "input": [[1], [5]], "training": True, "weights": "own"}),
        "one less the momentum",
    ),
    "momentum where nothing is trained": (
        (BATCH, {"hunts": ["momentum-inverted"], "shape": [4, 3]}),
        (BATCH, {"arguments": {"momentum": 0.75}, "shape": [4, 3]}),
        "any other",
    ),
    "n - 1 of many data": (
        (FEATURE, {"hunts": ["n-minus-one"], "shape": [4096, 1], "dtype": "bfloat16", "steps": ADAPTED}),
        (FEATURE, {"hunts": ["n-minus-one"], "shape": [8, 1], "dtype": "bfloat16", "steps": ADAPTED}),
        "division by n - 1",
    ),
    "n - 1 in a dtype that hides it": (
        (LAYER, {"hunts": ["n-minus-one"], "shape": [1, 1026], "dtype": "bfloat16", "weights": "initial"}),
        (LAYER, {"hunts": ["n-minus-one"], "shape": [1, 16], "dtype": "bfloat16"}),
        "division by n - 1",
    ),
    "the moving variance of many elements": (
        (BATCH, {"hunts": ["biased-moving-variance"], "shape": [1026, 2], "training": True, "dtype": "bfloat16"}),
        (
            BATCH,
            {"hunts": ["biased-moving-variance"], "shape": [4, 2], "training": True, "arguments": {"momentum": 0.1}},
        ),
        "the other divisor",
    ),
    "beta at zero": (
        (LAYER, {"arguments": {"center": True}, "shape": [4, 8], "weights": {"gamma": 2.0, "beta": 0.0}}),
        (LAYER, {"arguments": {"center": True}, "shape": [4, 8], "weights": {"gamma": 2.0, "beta": 0.5}}),
        "beta taken as 0",
    ),
    "gamma at one": (
        (LAYER, {"hunts": ["scale-ignored"], "shape": [4, 8], "weights": "initial"}),
        (LAYER, {"hunts": ["scale-ignored"], "shape": [4, 8]}),
        "gamma taken as 1",
    ),
    "a given mean of zero": (
        (FEATURE, {"arguments": {"mean": 0.0, "variance": 2.0}, "shape": [4, 3]}),
        (FEATURE, {"arguments": {"mean": 0.5, "variance": 2.0}, "shape": [4, 3]}),
        "mean taken as 0",
    ),
    "a given variance of one": (
        (FEATURE, {"arguments": {"mean": 0.5, "variance": 1.0}, "shape": [4, 3]}),
        (FEATURE, {"arguments": {"mean": 0.5, "variance": 0.5}, "shape": [4, 3]}),
        "variance taken as 1",
    ),
    "an inversion that changes nothing": (
        (FEATURE, {"arguments": {"invert": True}, "shape": [4, 3], "weights": "initial"}),
        (FEATURE, {"arguments": {"invert": True}, "shape": [4, 3], "weights": {"mean": 2.0, "variance": 4.0}}),
        "invert the other way round",
    ),
}
OWN = {"gamma": 2.0, "beta": 1.0, "moving_mean": 2.0, "moving_variance": 1.0}


def sentences(layer, fields):
    """What the lint says about one case of a packaged layer, in the Keras dialect, with the given fields."""
    spec = suite().specs.layers[layer]
    weights = {"weights": OWN} if fields.get("weights") == "own" else {}
    always = {"covers": [next(iter(spec.requirements))], "dialects": ["keras"]}
    one = CaseSpec.model_validate({**always, **fields, **weights})
    cases = layer_cases(spec.model_copy(update={"cases": {"one": one}, "sweeps": {}, "errors": {}, "relations": {}}))
    return list(unseen(cases))


def test_every_packaged_case_shows_what_it_is_held_to():
    assert list(unseen(suite().cases)) == []


@pytest.mark.parametrize("way", HIDDEN)
def test_a_case_that_hides_its_subject_is_named_with_case_dialect_and_mistake(way):
    hidden, _, mistake = HIDDEN[way]
    assert any(
        found.startswith(f"{hidden[0]}/one: in the keras dialect {mistake} would pass") and "; " in found
        for found in sentences(*hidden)
    )


@pytest.mark.parametrize("way", HIDDEN)
def test_its_neighbour_that_shows_it_is_sound(way):
    assert sentences(*HIDDEN[way][1]) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"hunts": ["n-minus-one"], "shape": [4, 8], "input": "large-mean", "arguments": {"epsilon": 2.0**-30}},
        {"arguments": {"epsilon": 2.0**-30}, "shape": [0, 8]},
        {"arguments": {"epsilon": 2.0**-30}, "input": [[3, 3, 3]]},
        {"arguments": {"axis": 1}, "shape": [2, 3, 3], "weights": {"gamma": 0.0, "beta": 1.0}},
        {"hunts": ["gamma-zeros", "beta-ones"], "shape": [4, 8], "weights": "initial"},
        {"shape": [4, 8], "weights": "initial"},
    ],
    ids=["other-family", "no-examples", "no-variance", "no-gamma", "first-values", "nothing-given"],
)
def test_a_case_with_a_point_of_its_own_is_not_held_to_what_it_hides(fields):
    assert sentences(LAYER, fields) == []
