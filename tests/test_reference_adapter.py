"""The reference computes what the definitions say: checked against plain loops and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from normcheck.adapters.arrays import Array, decode, encode
from normcheck.adapters.interface import Request, Step
from normcheck.adapters.observe import observe
from normcheck.adapters.reference import ReferenceAdapter

RANDOM = np.random.default_rng(11)


def ask(layer, values, steps=None, *, dtype="float64", weights=(), shape=None, **arguments):
    """What the reference does with a call on `values`, or with `steps`."""
    x = encode(np.asarray(values), dtype)
    given = {name: encode(np.asarray(value), dtype) for name, value in dict(weights).items()}
    request = Request("case", layer, arguments, shape or x.shape, dtype, given, steps or (Step("call", x),))
    return observe(ReferenceAdapter(), request)


def output(layer, values, **options):
    seen = ask(layer, values, **options)
    assert seen.raised is None
    return decode(seen.steps[-1].output)


def by_hand(row, epsilon):
    mean = math.fsum(row) / len(row)
    variance = math.fsum((one - mean) ** 2 for one in row) / len(row)
    return [(one - mean) / math.sqrt(variance + epsilon) for one in row]


def test_layer_normalization_normalizes_each_example():
    x = RANDOM.normal(size=(3, 5))
    assert np.allclose(output("layer_normalization", x), [by_hand(row, 1e-3) for row in x], rtol=1e-14)


def test_layer_normalization_over_two_axes_applies_gamma_and_beta_in_their_shape():
    x, gamma, beta = (RANDOM.normal(size=size) for size in ((2, 3, 4), (3, 4), (3, 4)))
    found = output("layer_normalization", x, axis=[2, 1], epsilon=0.5, weights={"gamma": gamma, "beta": beta})
    expected = [np.reshape(by_hand(one.ravel(), 0.5), (3, 4)) * gamma + beta for one in x]
    assert np.allclose(found, expected, rtol=1e-13)


def test_rms_normalization_subtracts_no_mean():
    found = output("rms_normalization", [[3.0, 4.0]], epsilon=0.0)
    assert np.allclose(found, np.array([[3.0, 4.0]]) / math.sqrt(12.5), rtol=1e-15)


def test_group_normalization_is_layer_normalization_of_each_group():
    x = RANDOM.normal(size=(2, 3, 6))
    found = output("group_normalization", x, groups=2)
    for example in range(2):
        for group in (slice(0, 3), slice(3, 6)):
            expected = np.reshape(by_hand(x[example, :, group].ravel(), 1e-3), (3, 3))
            assert np.allclose(found[example, :, group], expected, rtol=1e-13)


def test_minus_one_groups_are_as_many_as_channels():
    x = RANDOM.normal(size=(2, 4, 3))
    alone = output("group_normalization", x, groups=3)
    assert np.array_equal(output("group_normalization", x, groups=-1), alone)


def test_batch_normalization_in_training_normalizes_each_feature_and_moves_its_statistics():
    x = RANDOM.normal(size=(6, 2))
    step = Step("call", encode(x), True)
    seen = ask("batch_normalization", x, (step,), momentum=0.75)
    assert np.allclose(decode(seen.steps[0].output).T, [by_hand(column, 1e-3) for column in x.T])
    moved = {name: decode(value) for name, value in seen.steps[0].weights.items()}
    assert np.allclose(moved["moving_mean"], 0.25 * x.mean(0))
    assert np.allclose(moved["moving_variance"], 0.75 + 0.25 * x.var(0))


def test_the_share_of_the_new_statistics_is_rounded_once():
    x = np.full((2, 1), 3.0, "float32")
    seen = ask("batch_normalization", x, (Step("call", encode(x), True),), dtype="float32", momentum=0.99)
    assert decode(seen.steps[0].weights["moving_mean"]) == np.float32(3) * np.float32(0.01)


@pytest.mark.parametrize("layer", ["layer_normalization", "rms_normalization", "group_normalization"])
def test_a_batch_without_examples_gives_an_output_without_examples(layer):
    groups = {"groups": 2} if layer == "group_normalization" else {}
    assert output(layer, np.zeros((0, 3, 4)), **groups).shape == (0, 3, 4)


@pytest.mark.parametrize("training", [False, None])
def test_batch_normalization_outside_training_uses_its_statistics(training):
    x = encode(np.array([[1.0, 2.0]]))
    weights = {"moving_mean": [1.0, 0.0], "moving_variance": [4.0, 0.25]}
    seen = ask("batch_normalization", [[1.0, 2.0]], (Step("call", x, training),), weights=weights, epsilon=0.0)
    assert decode(seen.steps[0].output).tolist() == [[0.0, 4.0]]


def test_frozen_batch_normalization_ignores_training():
    x = encode(RANDOM.normal(size=(4, 2)))
    seen = ask("batch_normalization", decode(x), (Step("call", x, True), Step("call", x, False)), trainable=False)
    assert seen.steps[0].output == seen.steps[1].output
    assert seen.parameters == (0, 8)


def test_feature_normalization_uses_what_it_was_adapted_to():
    data, x = encode(np.array([[0.0, 5.0], [2.0, 5.0]])), encode(np.array([[3.0, 5.0]]))
    seen = ask("feature_normalization", decode(data), (Step("adapt", data), Step("call", x)))
    assert decode(seen.steps[1].output).tolist() == [[2.0, 0.0]]
    assert [(one.name, one.value.dtype) for one in seen.weights] == [
        ("mean", "float64"),
        ("variance", "float64"),
        ("count", "int64"),
    ]
    assert seen.parameters == (0, 5)


def test_feature_normalization_with_given_statistics_and_its_inverse():
    x = [[1.0, 6.0]]
    given = {"mean": [1.0, 2.0], "variance": [1.0, 4.0]}
    normalized = output("feature_normalization", x, **given)
    assert normalized.tolist() == [[0.0, 2.0]]
    assert output("feature_normalization", normalized, invert=True, **given).tolist() == x


def test_feature_normalization_over_everything_has_scalar_weights():
    seen = ask("feature_normalization", [[1.0, 2.0]], axis=None)
    assert [one.value.shape for one in seen.weights] == [(), (), ()]


LAYERS = [
    ("layer_normalization", {"axis": [1, 2]}, False),
    ("layer_normalization", {"axis": 1, "center": False}, False),
    ("rms_normalization", {}, False),
    ("group_normalization", {"axis": 1, "groups": 2}, False),
    ("batch_normalization", {"axis": 1}, True),
    ("batch_normalization", {"axis": 2}, False),
    ("feature_normalization", {"mean": 2.0, "variance": 9.0}, False),
    ("feature_normalization", {"mean": 2.0, "variance": 9.0, "invert": True}, False),
]


@pytest.mark.parametrize(("layer", "arguments", "training"), LAYERS)
def test_gradients_are_the_slopes_of_the_output(layer, arguments, training):
    x, upstream = RANDOM.normal(size=(2, 4, 3)), RANDOM.normal(size=(2, 4, 3))
    listed = ask(layer, x, (), **arguments).weights
    weights = {one.name: RANDOM.normal(size=one.value.shape) for one in listed if one.trainable}

    def total(changed):
        values = {"input": x, **weights, **changed}
        step = Step("call", encode(values.pop("input")), training)
        seen = ask(layer, x, (step,), weights=values, **arguments)
        return float((decode(seen.steps[0].output) * upstream).sum())

    step = Step("call", encode(x), training, encode(upstream))
    found = ask(layer, x, (step,), weights=weights, **arguments).steps[0].gradients
    assert set(found) == {"input", *weights}
    for name, value in {"input": x, **weights}.items():
        for index in np.ndindex(value.shape):
            nudge = np.zeros_like(value)
            nudge[index] = 1e-6
            slope = (total({name: value + nudge}) - total({name: value - nudge})) / 2e-6
            assert decode(found[name])[index] == pytest.approx(slope, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_16_bit_layer_computes_in_float32_and_rounds_once(dtype):
    x = decode(encode(RANDOM.normal(size=(4, 9)) * 100, dtype)).astype("float32")
    wide = ask("layer_normalization", x, dtype="float32").steps[0].output
    assert ask("layer_normalization", x, dtype=dtype).steps[0].output == encode(decode(wide), dtype)


def test_an_integer_input_gives_a_float32_output():
    x = Array("int32", (1, 2), np.array([10, 30], "<i4").tobytes())
    request = Request("case", "layer_normalization", {"epsilon": 0.0}, (1, 2), "int32", steps=(Step("call", x),))
    seen = observe(ReferenceAdapter(), request)
    assert seen.steps[0].output == encode(np.array([[-1.0, 1.0]]), "float32")
    assert seen.weights[0].value.dtype == "float32"


def test_nan_reaches_its_own_group_and_no_other():
    found = output("layer_normalization", [[1.0, math.nan], [1.0, 3.0]])
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


def test_initial_values_come_from_the_initializers():
    seen = ask(
        "batch_normalization",
        np.ones((2, 3)),
        gamma_initializer={"kind": "constant", "value": 0.5},
        beta_initializer="ones",
        moving_variance_initializer="zeros",
    )
    assert {one.name: decode(one.value)[0] for one in seen.weights} == {
        "gamma": 0.5,
        "beta": 1.0,
        "moving_mean": 0.0,
        "moving_variance": 0.0,
    }


def updated(**arguments):
    x = RANDOM.normal(size=(3, 2))
    still = Step("update", encode(x), True, encode(np.zeros((3, 2))), 0.5)
    step = ask("layer_normalization", x, (still,), weights={"gamma": [3.0, -4.0]}, **arguments).steps[0]
    return decode(step.weights["gamma"]).tolist(), step.loss


def test_a_regularizer_adds_its_loss_and_pulls_the_weight():
    assert updated(gamma_regularizer={"kind": "l2", "factor": 0.5}) == ([1.5, -2.0], 12.5)
    assert updated(gamma_regularizer={"kind": "l1", "factor": 1.0}) == ([2.5, -3.5], 7.0)
    assert updated(gamma_regularizer="l1")[1] == pytest.approx(0.07)


def test_a_constraint_is_applied_after_the_step():
    assert updated(gamma_constraint="non_neg")[0] == [3.0, 0.0]
    assert updated(gamma_constraint="unit_norm")[0] == pytest.approx([0.6, -0.8])
    assert updated(gamma_constraint={"kind": "max_norm", "max_value": 2.5})[0] == pytest.approx([1.5, -2.0])
    assert updated(gamma_constraint={"kind": "max_norm", "max_value": 9.0})[0] == pytest.approx([3.0, -4.0])


def test_an_update_goes_down_the_gradient():
    x = encode(np.array([[-1.0, 1.0]]))
    step = Step("update", x, True, encode(np.array([[1.0, 2.0]])), 0.5)
    seen = ask("layer_normalization", [[-1.0, 1.0]], (step,), epsilon=0.0).steps[0]
    assert decode(seen.weights["gamma"]).tolist() == [1.5, 0.0]
    assert decode(seen.weights["beta"]).tolist() == [-0.5, -1.0]


@pytest.mark.parametrize(
    ("layer", "arguments", "kind", "phase", "named"),
    [
        ("layer_normalization", {"axis": 5}, "ValueError", "build", "axis 5"),
        ("layer_normalization", {"axis": [1, 1]}, "ValueError", "build", "axis"),
        ("layer_normalization", {"axis": "x"}, "TypeError", "construct", "axis"),
        ("layer_normalization", {"epsilon": -1.0}, "ValueError", "construct", "epsilon"),
        ("rms_normalization", {"epsilon": -1.0}, "ValueError", "construct", "epsilon"),
        ("group_normalization", {"groups": 4}, "ValueError", "build", "groups 4"),
        ("group_normalization", {"groups": 0}, "ValueError", "construct", "groups"),
        ("batch_normalization", {"momentum": 1.5}, "ValueError", "construct", "momentum"),
        ("batch_normalization", {"axis": [0, 1]}, "ValueError", "build", "axis"),
        ("group_normalization", {"groups": 1.5}, "ValueError", "construct", "groups"),
        ("feature_normalization", {"mean": 1.0}, "ValueError", "construct", "variance"),
        ("feature_normalization", {"mean": 1.0, "variance": -1.0}, "ValueError", "construct", "negative"),
        ("feature_normalization", {"mean": [1.0], "variance": 1.0}, "ValueError", "construct", "shape (1,)"),
        ("feature_normalization", {"mean": [[1.0]], "variance": [[1.0]]}, "ValueError", "construct", "axes"),
        ("feature_normalization", {"mean": [1.0] * 5, "variance": [1.0] * 5}, "ValueError", "build", "(5,)"),
    ],
)
def test_a_bad_argument_is_refused_by_name(layer, arguments, kind, phase, named):
    raised = ask(layer, np.ones((2, 6)), **arguments).raised
    assert (raised.types[0], raised.phase) == (kind, phase)
    assert named in raised.message


def test_an_input_of_another_shape_than_built_for_is_refused():
    raised = ask("layer_normalization", np.ones((2, 5)), shape=(2, 6)).raised
    assert (raised.types[0], raised.phase) == ("ValueError", "call")
    assert "shape (2, 5)" in raised.message


@pytest.mark.parametrize("value", [{"gamma": np.ones(5)}, {"delta": np.ones(6)}])
def test_a_weight_that_does_not_fit_is_refused(value):
    raised = ask("layer_normalization", np.ones((2, 6)), weights=value).raised
    assert raised.phase == "assign"
    assert next(iter(value)) in raised.message


@pytest.mark.parametrize(
    ("layer", "arguments"),
    [
        ("dense", {"units": 3}),
        ("layer_normalization", {"gamma_initializer": "glorot_uniform"}),
        ("layer_normalization", {"gamma_regularizer": "orthogonal"}),
        ("layer_normalization", {"gamma_constraint": "min_max_norm"}),
        ("layer_normalization", {"renorm": True}),
    ],
)
def test_what_the_reference_lacks_is_unsupported(layer, arguments):
    assert "layer" in ask(layer, np.ones((2, 6)), **arguments).unsupported


def test_only_feature_normalization_adapts():
    x = encode(np.ones((2, 2)))
    assert "adapt" in ask("layer_normalization", decode(x), (Step("adapt", x),)).unsupported


@pytest.mark.parametrize("layout", ["transposed", "strided", "reversed", "channels-last"])
@pytest.mark.parametrize(
    ("layer", "arguments"),
    [
        ("layer_normalization", {"axis": [1, 2]}),
        ("rms_normalization", {}),
        ("batch_normalization", {"axis": 1}),
        ("group_normalization", {"axis": 1, "groups": 2}),
    ],
)
def test_the_layout_of_the_input_makes_no_difference_beyond_the_order_of_sums(layer, arguments, layout):
    x, upstream = (encode(RANDOM.normal(size=(2, 4, 3))) for _ in range(2))
    steps = (Step("call", x, True, upstream), Step("call", x, True, upstream, layout=layout))
    plain, laid_out = ask(layer, decode(x), steps, **arguments).steps
    assert np.allclose(decode(laid_out.output), decode(plain.output), rtol=1e-14)
    for name, gradient in plain.gradients.items():
        assert np.allclose(decode(laid_out.gradients[name]), decode(gradient), rtol=1e-12, atol=1e-15)
    assert laid_out.input_kept


def test_the_formulas_are_computed_on_the_memory_as_it_lies():
    native = ReferenceAdapter().arrange(encode(np.zeros((2, 3))), "reversed")
    assert decode(native).strides == (-24, -8)
