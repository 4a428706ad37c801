"""What a relation in a spec may say: the message that each mistake gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from normcheck.specs.reader import SpecError, read_all
from normcheck.specs.source import read_source

GOOD = read_source(Path(__file__).parent / "good_spec.yaml").data
REQUIREMENTS = {
    f"LN-{number}": {"must": f"Both sides agree in {aspect}.", "aspect": aspect, "source": "ba2016", "since": "1.0"}
    for number, aspect in enumerate(("invariance", "process_agreement"), 5)
}
PROCESS = {"covers": ["LN-6"], "shape": [4, 8], "other": {"on": "process"}, "agree": "bits"}


def relation(other, **fields):
    return {"covers": ["LN-5"], "shape": [4, 8], "other": other, "agree": "bound", **fields}


SOUND = {"one": relation({"input": "alone"}), "again": PROCESS}


def checked(folder, told, **parts):
    """The message about a layer with one relation `told`; empty where nothing is wrong with it."""
    requirements = GOOD["requirements"] | REQUIREMENTS
    spec = GOOD | {"requirements": requirements, "relations": {"told": told} | SOUND} | parts
    (folder / "layers").mkdir()
    (folder / "layers" / "one.yaml").write_text(json.dumps(spec, indent=1))
    try:
        read_all(folder)
    except SpecError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "told",
    [
        relation({"input": "batch-reversed"}),
        relation({"input": "positions-reversed"}, shape=[2, 3, 4]),
        relation({"input": "shifted"}, input="integers"),
        relation({"input": "centred"}, input="exact"),
        relation({"input": "scaled"}, arguments={"epsilon": 0.25}),
        relation({"arguments": {"scale": False}}, weights={"gamma": 1.0}),
        relation({"weights": {"gamma": 1.0}}, weights="initial"),
        relation({"layer": "layer_normalization", "input": "alone"}),
    ],
)
def test_a_relation_that_is_sound(tmp_path, told):
    assert checked(tmp_path, told) == ""


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (relation({}), "say in what the other side differs"),
        (relation({"layer": "layer_normalisation", "arguments": {}}), "there is no layer 'layer_normalisation'; did"),
        (relation({"arguments": {"epsilom": 1}}), "'epsilom' is not an argument of layer_normalization"),
        (relation({"arguments": {"epsilon": -1.0}}), "-1.0"),
        (relation({"weights": {"gama": 1.0}}), "'gama' is not a weight of layer_normalization"),
        (relation({"input": "batch-reversed"}, shape=[4]), "has too few axes to be batch-reversed"),
        (relation({"input": "positions-reversed"}), "has too few axes to be positions-reversed"),
        (relation({"input": "alone"}, shape=[1, 8]), "1 example shows nothing of being alone"),
        (relation({"input": "shifted"}), "normal shifted is rounded; take integers, exact or alternating"),
        (relation({"input": "centred"}), "normal centred is rounded; take exact or alternating"),
        (relation({"input": "scaled"}), "give `epsilon`, which is scaled as the variance is"),
        (relation({"input": "alone"}, covers=["LN-2"]), "'LN-2' is about output, and a comparison shows invariance"),
        (relation({"input": "alone"}, covers=["LN-6"]), "and this comparison shows invariance or relation"),
        (relation({"on": "process"}), "'LN-5' is about invariance, and this comparison shows process_agreement"),
        (
            PROCESS | {"other": {"on": "process", "input": "alone"}},
            "on another process all else is the same: leave input",
        ),
    ],
)
def test_a_relation_that_is_not(tmp_path, told, said):
    message = checked(tmp_path, told)
    assert said in message
    assert "relations.told" in message


def test_what_a_comparison_shows_needs_one(tmp_path):
    cases = GOOD["cases"] | {"alone": {"covers": ["LN-5"], "shape": [4, 8]}}
    message = checked(tmp_path, relation({"input": "alone"}), cases=cases)
    assert "'LN-5' is about invariance and needs to stand under `relations`" in message


def test_a_relation_has_a_name_of_its_own(tmp_path):
    cases = GOOD["cases"] | {"told": {"covers": ["LN-2"], "shape": [4, 8]}}
    assert "'told' is the name of a case already" in checked(tmp_path, relation({"input": "alone"}), cases=cases)
