"""Each file of `broken_specs` is `good_spec.yaml` with one fault; its first line is the message it gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from normcheck.specs.reader import SpecError, read_all, read_layer

HERE = Path(__file__).parent
GOOD = (HERE / "good_spec.yaml").read_text()
BROKEN = sorted((HERE / "broken_specs").glob("*.yaml"), key=lambda path: path.stem)

MODEL = """
model: layer_normalization_alone
title: Layer normalization alone
form: sequential
sources:
  here: {title: "Here"}
input: [9]
layers:
  - {layer: layer_normalization, arguments: {axis: 1}}
weights:
  keras:
    - {name: gamma, shape: [9]}
trainable: 9
non_trainable: 0
requirements:
  MS-1:
    must: The model has a gamma.
    aspect: weights
    source: here
    since: "1.0"
"""

CLAIMS = """
document: document-000
title: A document
source: {title: "A document"}
claims:
  C000-1:
    statement: The layer has a gamma.
    about: [keras]
    holds_when: {passes: [claims/document-000/gamma, layer_normalization/widths/*]}
cases:
  gamma:
    layer: layer_normalization
    aspects: [weights]
    shape: [2, 9]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for kind, text in (("layers", GOOD), ("models", MODEL), ("claims", CLAIMS)):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "one.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(folder: Path) -> str:
    with pytest.raises(SpecError) as caught:
        read_all(folder)
    return str(caught.value)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_the_good_spec_is_accepted():
    assert list(read_layer(HERE / "good_spec.yaml").requirements) == ["LN-1", "LN-2", "LN-3", "LN-4"]


def test_there_are_broken_specs():
    assert len(BROKEN) >= 80


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_spec_gets_the_message_in_its_first_line(path, tmp_path, monkeypatch):
    text = path.read_text()
    expected = text.splitlines()[0].removeprefix("# expect: ")
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(text)

    with pytest.raises(SpecError) as caught:
        read_layer(Path("spec.yaml"))

    assert str(caught.value) == f"spec.yaml:{expected}"
    assert [path.name for path in tmp_path.iterdir()] == ["spec.yaml"]


def test_files_that_agree_are_read_together(folder):
    specs = read_all(folder)
    assert [*specs.layers, *specs.models, *specs.claims] == [
        "layer_normalization",
        "layer_normalization_alone",
        "document-000",
    ]


def test_a_layer_name_stands_in_one_file(folder):
    (folder / "layers" / "two.yaml").write_text(GOOD.replace("LN-", "RN-"))
    assert refusal(folder) == "layers/two.yaml:2:8: layer: 'layer_normalization' is the name of layers/one.yaml already"


def test_a_requirement_id_stands_in_one_file(folder):
    (folder / "layers" / "two.yaml").write_text(GOOD.replace("layer: layer_", "layer: rms_"))
    assert refusal(folder) == "layers/two.yaml:42:3: requirements: 'LN-1' is given in layers/one.yaml already"


def test_the_letters_of_a_layer_are_its_own(folder):
    replace(folder / "models" / "one.yaml", "MS-1", "LN-100")
    assert refusal(folder) == (
        "models/one.yaml:16:3: requirements: ids that begin with LN- belong to layers/one.yaml; choose other letters"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "layer: layer_normalization,",
            "layer: layer_normalisation,",
            "9:13: layers[0].layer: there is no layer 'layer_normalisation'; did you mean 'layer_normalization'?",
        ),
        (
            "{axis: 1}",
            "{axes: 1}",
            "9:46: layers[0].arguments: 'axes' is not an argument of layer_normalization; did you mean 'axis'?",
        ),
        ("trainable: 9", "trainable: 8", "13:12: trainable: 8 is not what the keras weights add up to, 9"),
        (
            "non_trainable: 0",
            "non_trainable: {torch: 0}",
            "14:16: non_trainable: nothing is said for keras, which has weights here",
        ),
        (
            "source: here",
            "source: there",
            "19:13: requirements.MS-1.source: 'there' is not one of the sources; did you mean 'here'?",
        ),
    ],
)
def test_a_broken_model_is_refused(folder, old, new, expected):
    replace(folder / "models" / "one.yaml", old, new)
    assert refusal(folder) == f"models/one.yaml:{expected}"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "claims/document-000/gamma,",
            "claims/document-000/gama,",
            "9:27: claims.C000-1.holds_when.passes: there is no case 'claims/document-000/gama'; "
            "did you mean 'claims/document-000/gamma'?",
        ),
        (
            "layer_normalization/widths/*",
            "layer_normalization/width/*",
            "9:54: claims.C000-1.holds_when.passes: there is no case 'layer_normalization/width/*'; "
            "did you mean 'layer_normalization/widths'?",
        ),
        (
            "{passes: [claims/document-000/gamma, layer_normalization/widths/*]}",
            "{}",
            "9:17: claims.C000-1.holds_when: name a case under passes, fails, unsupported or offered",
        ),
        (
            "layer: layer_normalization\n",
            "model: layer_alone\n",
            "12:12: cases.gamma.model: there is no model 'layer_alone'; did you mean 'layer_normalization_alone'?",
        ),
        (
            "layer: layer_normalization\n",
            "training: true\n",
            "11:3: cases.gamma: give exactly one of layer and model",
        ),
        (
            "    shape: [2, 9]\n",
            "    shape: [2, 9]\n    arguments: {axes: 1}\n",
            "15:17: cases.gamma.arguments: 'axes' is not an argument of this layer; did you mean 'axis'?",
        ),
        (
            "    shape: [2, 9]\n",
            "    shape: [2, 9]\n    dtype: [float32, float64]\n",
            "15:12: cases.gamma.dtype: a case of a document has one dtype",
        ),
        (
            "    shape: [2, 9]\n",
            "",
            "11:3: cases.gamma: the input 'normal' is a family and needs a `shape`",
        ),
    ],
)
def test_a_broken_claim_is_refused(folder, old, new, expected):
    replace(folder / "claims" / "one.yaml", old, new)
    assert refusal(folder) == f"claims/one.yaml:{expected}"


@pytest.mark.parametrize(
    "pattern",
    [
        "layer_normalization/example",
        "layer_normalization/*",
        "layer_normalization/widths/shape=2x33,*",
        "layer_normalization/widths/shape=2x1,input=normal,dtype=float32",
        "layer_normalization/errors/missing-axis",
        "models/layer-normalization-alone",
    ],
)
def test_a_claim_may_name_cases_sweeps_errors_and_models(folder, pattern):
    replace(folder / "claims" / "one.yaml", "layer_normalization/widths/*", f"'{pattern}'")
    assert read_all(folder).claims["document-000"].claims["C000-1"].holds_when.passes[1] == pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "layer_normalization/widths",
        "layer_normalization/example/dtype=float32",
        "layer_normalization/missing-axis",
    ],
)
def test_a_claim_may_not_name_what_is_no_case(folder, pattern):
    replace(folder / "claims" / "one.yaml", "layer_normalization/widths/*", f"'{pattern}'")
    assert f"there is no case '{pattern}'" in refusal(folder)
