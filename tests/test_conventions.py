"""What a case means in a dialect: defaults, the weights that exist, their shapes and the counts."""

from __future__ import annotations

import pytest

from normcheck.cases.requests.conventions import convention, layer_spec, machine_epsilon
from normcheck.cases.requests.expand import layer_cases
from normcheck.cases.suite import suite
from normcheck.specs.grammar import LayerSpec
from normcheck.tests.small_suite import case, with_case


def of_layer(layer, dialect="keras", **fields):
    """The convention of a new case of a packaged layer."""
    spec = suite().specs.layers[layer]
    covers = [next(name for name, one in spec.requirements.items() if "output" in one.aspects)]
    cases = {"only": {"covers": covers, **fields}}
    own = LayerSpec.model_validate(spec.model_dump(exclude_unset=True) | {"cases": cases, "sweeps": {}, "errors": {}})
    return convention(next(layer_cases(own)), dialect)


def shapes(meant):
    return {weight.name: weight.shape for weight in meant.weights}


@pytest.mark.parametrize(("dialect", "epsilon"), [("keras", 1e-3), ("torch", 1e-5)])
def test_defaults_are_the_dialects_own(dialect, epsilon):
    assert convention(with_case(shape=[2, 3]), dialect).arguments["epsilon"] == epsilon


def test_momentum_is_what_the_dialect_means_by_it():
    defaults = [
        of_layer("batch_normalization", dialect, shape=[4, 3]).arguments["momentum"] for dialect in ("keras", "torch")
    ]
    assert defaults == [0.99, 0.1]


def test_a_given_argument_stands_before_the_default_and_an_argument_of_another_dialect_is_left_out():
    asked = with_case(shape=[2, 3], arguments={"epsilon": 0.5, "name": "first"})
    assert convention(asked, "torch").arguments["epsilon"] == 0.5
    assert "name" in convention(asked, "keras").arguments
    assert "name" not in convention(asked, "torch").arguments


@pytest.mark.parametrize(("axis", "counted"), [(-1, 2), (1, 1), ([-1, 0], (0, 2)), ([2], (2,))])
def test_axes_are_counted_from_the_front(axis, counted):
    assert convention(with_case(shape=[2, 3, 4], arguments={"axis": axis}), "keras").arguments["axis"] == counted


@pytest.mark.parametrize(("dialect", "name"), [("keras", "gamma"), ("torch", "weight")])
def test_a_weight_has_the_dialects_own_name(dialect, name):
    (weight,) = convention(with_case(shape=[2, 3]), dialect).weights
    assert (weight.role, weight.name) == ("gamma", name)


def test_a_weight_that_is_switched_off_does_not_exist():
    meant = convention(with_case(shape=[2, 3], arguments={"scale": False}), "keras")
    assert meant.weights == ()
    assert (meant.trainable, meant.non_trainable) == (0, 0)


def test_weights_stand_in_the_dialects_order():
    keras = of_layer("batch_normalization", shape=[4, 3])
    torch = of_layer("batch_normalization", "torch", shape=[4, 3])
    assert [one.name for one in keras.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [one.name for one in torch.weights] == [
        "weight",
        "bias",
        "running_mean",
        "running_var",
        "num_batches_tracked",
    ]
    assert shapes(torch)["num_batches_tracked"] == ()
    assert torch.weight("num_batches_tracked").dtype == "int64"


def test_over_several_axes_a_weight_has_one_value_for_each_place():
    meant = of_layer("layer_normalization", shape=[2, 3, 4, 5], arguments={"axis": [1, -1]})
    assert shapes(meant) == {"gamma": (3, 5), "beta": (3, 5)}
    assert (meant.trainable, meant.non_trainable) == (30, 0)


@pytest.mark.parametrize(
    ("layer", "fields", "counts"),
    [
        ("layer_normalization", {"shape": [2, 10]}, (20, 0)),
        ("layer_normalization", {"shape": [2, 10], "arguments": {"center": False}}, (10, 0)),
        ("layer_normalization", {"shape": [2, 10], "arguments": {"trainable": False}}, (0, 20)),
        ("batch_normalization", {"shape": [2, 9]}, (18, 18)),
        ("batch_normalization", {"shape": [2, 5, 5, 3], "arguments": {"axis": 1}}, (10, 10)),
        ("group_normalization", {"shape": [2, 8], "arguments": {"groups": 4}}, (16, 0)),
        ("rms_normalization", {"shape": [2, 7]}, (7, 0)),
        ("feature_normalization", {"shape": [4, 9], "steps": [{"do": "adapt"}, {}]}, (0, 19)),
    ],
)
def test_counts_by_formula(layer, fields, counts):
    meant = of_layer(layer, **fields)
    assert (meant.trainable, meant.non_trainable) == counts


@pytest.mark.parametrize(("dialect", "counts"), [("torch", (18, 0)), ("keras", (18, 18))])
def test_a_dialect_may_count_otherwise(dialect, counts):
    meant = of_layer("batch_normalization", dialect, shape=[2, 9])
    assert (meant.trainable, meant.non_trainable) == counts


@pytest.mark.parametrize(
    ("initializer", "first"), [("ones", 1.0), ("zeros", 0.0), ({"kind": "constant", "value": 0.5}, 0.5)]
)
def test_first_values_are_those_of_the_initializer(initializer, first):
    asked = with_case(shape=[2, 3], arguments={"gamma_initializer": initializer})
    assert convention(asked, "keras").weight("gamma").initial == first


@pytest.mark.parametrize(
    ("dtype", "own"), [("float16", "float16"), ("bfloat16", "bfloat16"), ("float64", "float64"), ("int32", "float32")]
)
def test_weights_have_the_layers_dtype(dtype, own):
    assert convention(with_case(shape=[2, 3], dtype=dtype), "keras").weight("gamma").dtype == own


def test_trainable_may_be_an_argument():
    frozen = of_layer("layer_normalization", shape=[2, 3], arguments={"trainable": False})
    assert {weight.trainable for weight in frozen.weights} == {False}


def test_a_weight_that_does_not_exist_is_none():
    assert convention(with_case(shape=[2, 3]), "keras").weight("beta") is None


def test_machine_epsilon_is_that_of_the_dtype_computed_in():
    assert [machine_epsilon(dtype) for dtype in ("float16", "float32", "float64")] == [2.0**-23, 2.0**-23, 2.0**-52]


def test_a_model_has_no_convention():
    with pytest.raises(TypeError, match="models/batch-normalization-9 is about a model"):
        layer_spec(case("models/batch-normalization-9"))


@pytest.mark.parametrize("dialect", ["onnx", "flax"])
def test_every_case_means_something_in_a_dialect_whose_answers_are_not_locked(dialect):
    asked = [one for one in suite().cases if isinstance(one.spec, LayerSpec) and one.raises is None]
    spoken = [one for one in asked if one.dialects is None or dialect in one.dialects]
    assert all(convention(one, dialect).dialect == dialect for one in spoken)
