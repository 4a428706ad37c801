"""What the Keras adapters make of requests. Needs TensorFlow and Keras."""

from __future__ import annotations

import numpy as np
import pytest

from normcheck.adapters.arrays import Array, decode, encode
from normcheck.adapters.interface import Request, Step
from normcheck.adapters.keras import KerasAdapter
from normcheck.adapters.keras.document_001 import Document001Adapter
from normcheck.adapters.keras.document_002 import Document002Adapter
from normcheck.adapters.observe import observe
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.smoke import smoke

RANDOM = np.random.default_rng(5)


def started(kind, mode="eager"):
    made = kind("cpu", mode)
    made.start()
    return made


@pytest.fixture(scope="module")
def adapter():
    return started(KerasAdapter)


def ask(adapter, layer, arguments, shape, dtype="float32", training=False, **more):
    x, upstream = (encode(RANDOM.normal(size=shape), dtype) for _ in range(2))
    steps = more.pop("steps", (Step("call", x, training, upstream),))
    return observe(adapter, Request("case", layer, arguments, shape, dtype, steps=steps, **more))


def drawn(*shape):
    return encode(RANDOM.normal(size=shape), "float32")


def names(seen):
    return [one.name for one in seen.weights]


def close(found, right):
    """Outputs, gradients and states of two observations agree to some digits."""
    assert found.raised is right.raised is None
    for one, other in zip(found.steps, right.steps, strict=True):
        pairs = [(one.output, other.output)] if other.output else []
        for arrays, others in ((one.gradients, other.gradients), (one.weights, other.weights)):
            assert arrays.keys() == others.keys()
            pairs += [(arrays[name], others[name]) for name in others]
        assert all(np.allclose(decode(a), decode(b), rtol=1e-4, atol=1e-5) for a, b in pairs)


@pytest.mark.parametrize("kind", [KerasAdapter, Document001Adapter, Document002Adapter])
def test_the_adapter_is_in_order(kind):
    made = started(kind)
    assert smoke(made) is None
    assert set(made.versions()) == {"keras", "tensorflow"}
    assert made.devices()[0] == "cpu"
    assert made.threads() == 1


def test_a_layer_of_one_s_own_is_made_in_the_dtype_asked_for(adapter):
    class Mine(KerasAdapter):
        name = "mine"
        layers = {  # noqa: RUF012
            "layer_normalization": lambda a: adapter.keras.layers.LayerNormalization(epsilon=a.epsilon)
        }

    mine = started(Mine)
    steps = (Step("call", encode(RANDOM.normal(size=(2, 3)))),)
    found, right = (
        ask(one, "layer_normalization", {}, (2, 3), "float64", steps=steps) for one in (mine, ReferenceAdapter())
    )
    assert np.allclose(decode(found.steps[0].output), decode(right.steps[0].output), rtol=1e-12)
    assert "takes no axis" in ask(mine, "layer_normalization", {"axis": 0}, (2, 3)).unsupported["layer"]


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
@pytest.mark.parametrize(
    ("layer", "arguments", "training"),
    [
        ("layer_normalization", {"axis": [1, 2], "epsilon": 0.5}, True),
        ("rms_normalization", {"epsilon": 0.5}, False),
        ("batch_normalization", {"axis": 1, "momentum": 0.5}, True),
        ("batch_normalization", {"axis": 1}, False),
        ("group_normalization", {"axis": 1, "groups": 2}, False),
        ("feature_normalization", {"mean": [0.5, 1.0], "variance": [4.0, 1.0]}, False),
    ],
)
def test_every_layer_agrees_with_the_reference_in_every_mode(mode, layer, arguments, training):
    steps = (Step("call", drawn(3, 4, 2), training, drawn(3, 4, 2)),)
    found, right = (
        ask(one, layer, arguments, (3, 4, 2), steps=steps) for one in (started(KerasAdapter, mode), ReferenceAdapter())
    )
    close(found, right)
    assert names(found) == names(right)
    assert found.parameters == right.parameters


def test_values_are_assigned_and_a_copy_made_of_them_follows(adapter):
    steps = (Step("call", drawn(2, 3)),)
    weights = {"mean": encode(np.float32([1, 2, 3])), "variance": encode(np.float32([4, 4, 1]))}
    found, right = (
        ask(one, "feature_normalization", {}, (2, 3), steps=steps, weights=weights)
        for one in (adapter, ReferenceAdapter())
    )
    close(found, right)


def test_adapting_reaches_the_layer(adapter):
    data = drawn(5, 3)
    steps = (Step("adapt", data), Step("call", data))
    found, right = (
        ask(one, "feature_normalization", {"axis": -1}, (5, 3), steps=steps) for one in (adapter, ReferenceAdapter())
    )
    close(found, right)
    assert "adapt" in ask(adapter, "layer_normalization", {}, (5, 3), steps=steps).unsupported


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
def test_an_update_counts_losses_and_applies_constraints(mode):
    arguments = {
        "gamma_regularizer": {"kind": "l2", "factor": 0.25},
        "beta_regularizer": "l1",
        "gamma_constraint": {"kind": "max_norm", "max_value": 1.5},
        "beta_constraint": "non_neg",
        "beta_initializer": {"kind": "constant", "value": 0.5},
    }
    steps = (Step("update", drawn(4, 3), True, drawn(4, 3), 0.1),)
    found, right = (
        ask(one, "layer_normalization", arguments, (4, 3), steps=steps)
        for one in (started(KerasAdapter, mode), ReferenceAdapter())
    )
    close(found, right)
    assert found.steps[0].loss == pytest.approx(right.steps[0].loss)


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_everything_is_in_the_dtype_asked_for(adapter, dtype):
    seen = ask(adapter, "layer_normalization", {}, (2, 8), dtype)
    step = seen.steps[0]
    arrays = [step.output, *step.gradients.values(), *(one.value for one in seen.weights)]
    assert {one.dtype for one in arrays} == {dtype}
    assert adapter.keras.config.dtype_policy().name == "float32"


def test_an_integer_input_goes_in_as_it_is(adapter):
    x = Array("int32", (1, 4), np.array([10, 20, 30, 45], "<i4").tobytes())
    seen = ask(adapter, "layer_normalization", {}, (1, 4), "int32", steps=(Step("call", x, None, x),))
    assert "int32" in seen.unsupported["gradient"]
    assert seen.steps[0].output.shape == (1, 4)
    assert {one.value.dtype for one in seen.weights} == {"float32"}


def test_a_layer_that_this_version_lacks_is_unsupported(adapter, monkeypatch):
    monkeypatch.delattr(adapter.keras.layers, "RMSNormalization")
    assert "has no layer RMSNormalization" in ask(adapter, "rms_normalization", {}, (2, 3)).unsupported["layer"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"gamma_constraint": {"kind": "golden_ratio"}}, "no golden_ratio for gamma_constraint"),
        ({"beta_initializer": {"kind": ""}}, "for beta_initializer"),
    ],
)
def test_an_object_that_keras_lacks_is_unsupported(adapter, arguments, reason):
    assert reason in ask(adapter, "layer_normalization", arguments, (2, 3)).unsupported["layer"]


def test_rms_normalization_without_a_scale_is_unsupported(adapter):
    assert "always has a scale" in ask(adapter, "rms_normalization", {"scale": False}, (2, 3)).unsupported["layer"]
    assert ask(adapter, "rms_normalization", {"scale": True}, (2, 3)).raised is None


def test_what_the_constructor_raises_is_seen(adapter):
    raised = ask(adapter, "layer_normalization", {"axis": "x"}, (2, 3)).raised
    assert (raised.types[0], raised.phase) == ("TypeError", "construct")
    assert adapter.keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("form", ["sequential", "functional"])
def test_a_model_is_built_from_its_layers(adapter, form):
    layers = (("layer_normalization", {}), ("dense", {"units": 5, "activation": "relu"}))
    x, upstream = drawn(4, 3), drawn(4, 5)
    steps = (Step("call", x, False, upstream),)
    seen = ask(adapter, form, {}, (4, 3), layers=layers, steps=steps, repeat=True)
    assert names(seen) == ["gamma", "beta", "kernel", "bias"]
    assert seen.parameters == (26, 0)
    assert set(seen.steps[0].gradients) == {"input", "gamma", "beta", "kernel", "bias"}
    assert seen.repeats is True


def test_gradients_of_weights_that_share_a_name_are_unsupported(adapter):
    layers = (("dense", {"units": 5}), ("dense", {"units": 2}))
    steps = (Step("call", drawn(4, 3), False, drawn(4, 2)),)
    seen = ask(adapter, "sequential", {}, (4, 3), layers=layers, steps=steps)
    assert "share a name" in seen.unsupported["gradient"]
    assert seen.steps[0].output.shape == (4, 2)
    assert len(seen.weights) == 4


@pytest.mark.parametrize("form", ["sequential", "functional"])
def test_document_001_computes_layer_normalization_alone_and_in_models(form):
    made = started(Document001Adapter)
    steps = (Step("call", drawn(4, 3), None, drawn(4, 3)),)
    found = ask(made, "layer_normalization", {"epsilon": 0.5}, (4, 3), steps=steps)
    close(found, ask(ReferenceAdapter(), "layer_normalization", {"epsilon": 0.5}, (4, 3), steps=steps))
    layers = (("layer_normalization", {}), ("dense", {"units": 2}))
    model = ask(made, form, {}, (4, 3), layers=layers, steps=(Step("call", drawn(4, 3)),))
    assert names(model) == ["gamma", "beta", "kernel", "bias"]
    assert made.layers.keys() == {"layer_normalization"}


def test_document_001_has_the_documents_epsilon():
    steps = (Step("call", encode(np.float32([[-1e-3, 1e-3]]))),)
    seen = ask(started(Document001Adapter), "layer_normalization", {}, (1, 2), steps=steps)
    assert np.allclose(decode(seen.steps[0].output), [[-(0.5**0.5), 0.5**0.5]], atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (Document001Adapter, {"center": False}),
        (Document001Adapter, {"axis": 0}),
        (Document002Adapter, {"epsilon": 0.5}),
    ],
)
def test_a_document_s_layer_takes_no_more_than_it_says(kind, arguments):
    assert "takes no" in ask(started(kind), "layer_normalization", arguments, (2, 3)).unsupported["layer"]


def test_document_002_uses_its_scalar_statistics_outside_training():
    x = drawn(2, 3)
    seen = ask(started(Document002Adapter), "layer_normalization", {}, (2, 3), steps=(Step("call", x, False),))
    assert names(seen) == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert {one.value.shape for one in seen.weights} == {()}
    assert seen.steps[0].output == x


def test_document_002_cannot_train():
    seen = ask(started(Document002Adapter), "layer_normalization", {}, (2, 3), training=True)
    assert (seen.raised.types[0], seen.raised.phase) == ("ValueError", "call")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_layout_is_a_numpy_array_that_lies_so(adapter, dtype):
    x = encode(RANDOM.normal(size=(2, 3, 4)), dtype)
    view = adapter.arrange(adapter.to_native(x), "strided")
    assert view.strides[-1] == 2 * view.itemsize
    assert adapter.to_array(view) == x
    steps = tuple(Step("call", x, False, x, layout=layout) for layout in ("contiguous", "strided", "unaligned"))
    first, *others = ask(adapter, "layer_normalization", {}, (2, 3, 4), dtype, steps=steps).steps
    assert [(one.output, one.gradients) for one in others] == [(first.output, first.gradients)] * 2


def test_a_mixed_layer_has_float32_weights_and_16_bit_outputs(adapter):
    seen = ask(adapter, "batch_normalization", {}, (4, 3), "bfloat16", training=True, precision="mixed")
    assert {one.value.dtype for one in seen.weights} == {"float32"}
    assert seen.steps[0].output.dtype == seen.steps[0].gradients["input"].dtype == "bfloat16"
    assert seen.steps[0].gradients["gamma"].dtype == "float32"
    assert adapter.keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("layer", ["layer_normalization", "rms_normalization"])
def test_a_layer_that_is_told_its_dtype_converts_its_input(adapter, layer):
    steps = (Step("call", drawn(2, 3), False),)
    seen = ask(adapter, layer, {}, (2, 3), "float16", steps=steps, precision="converted")
    assert seen.steps[0].output.dtype == seen.weights[0].value.dtype == "float16"


@pytest.mark.parametrize(("setting", "said"), [({"precision": "autocast"}, "dtype policy"), ({"threads": 2}, "starts")])
def test_a_setting_that_keras_lacks_is_unsupported(adapter, setting, said):
    assert said in ask(adapter, "layer_normalization", {}, (2, 3), **setting).unsupported["layer"]


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_a_mask_goes_in_and_comes_out(mode):
    x, g, mask = drawn(2, 3, 4), drawn(2, 3, 4), encode(np.array([[True, False, True], [False, True, True]]))
    asked = {"steps": (Step("call", x, True, g, mask=mask),)}
    found = ask(started(KerasAdapter, mode), "batch_normalization", {}, (2, 3, 4), **asked)
    close(found, ask(ReferenceAdapter(), "batch_normalization", {}, (2, 3, 4), **asked))
    assert found.steps[0].mask == mask


def test_a_layer_comes_back_from_a_keras_file(adapter):
    arguments = {"axis": [1, 2], "epsilon": 0.25, "gamma_regularizer": {"kind": "l2", "factor": 0.5}}
    seen = ask(adapter, "layer_normalization", arguments, (2, 3, 4), restore=("file",))
    saved, loaded = seen.restored["file"]
    assert saved == loaded
    assert loaded.step.output == seen.steps[0].output
    assert loaded.arguments["axis"] == [1, 2]
    assert loaded.arguments["gamma_regularizer"]["config"] == {"l2": 0.5}


def test_a_class_of_one_s_own_comes_back_as_itself(adapter):
    class Shifted(adapter.keras.layers.Layer):
        def __init__(self, epsilon, **options):
            super().__init__(**options)
            self.epsilon = epsilon

        def call(self, x):
            return x + self.epsilon

        def get_config(self):
            return {**super().get_config(), "epsilon": self.epsilon}

    class Mine(KerasAdapter):
        name = "mine"
        layers = {"layer_normalization": lambda a: Shifted(a.epsilon)}  # noqa: RUF012

    saved, loaded = ask(started(Mine), "layer_normalization", {"epsilon": 0.25}, (2, 3), restore=("file",)).restored[
        "file"
    ]
    assert saved == loaded
    assert loaded.arguments["epsilon"] == 0.25


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_a_layer_comes_back_in_every_way_that_keras_has(mode):
    ways = ("file", "weights", "legacy", "configuration", "copy", "pickle", "whole")
    arguments = {"axis": 1, "momentum": 0.5, "gamma_regularizer": {"kind": "l2", "factor": 0.5}, "name": "own-name"}
    steps = (Step("update", drawn(4, 3), True, drawn(4, 3), 0.5),)
    made = started(KerasAdapter, mode)
    seen = ask(made, "batch_normalization", arguments, (4, 3), steps=steps, restore=ways)
    assert (seen.raised, dict(seen.refused)) == (None, {})
    assert list(seen.restored) == ["file", "weights", "legacy", "configuration", "copy", "pickle"]
    for saved, loaded in seen.restored.values():
        assert saved == loaded
        assert (loaded.arguments["axis"], loaded.arguments["momentum"]) == (1, 0.5)
    assert "SavedModel" in seen.unsupported["persistence whole"]


def test_a_saved_model_serves_the_weights_that_the_layer_has():
    made = started(KerasAdapter, "savedmodel")
    layer = made.construct("layer_normalization", {}, (2, 3), "float64")
    made.build(layer, (2, 3))
    x = made.to_native(encode(RANDOM.normal(size=(2, 3)), "float64"))
    first = made.call(layer, x, None).numpy()
    made.assign(layer, {"gamma": encode(np.full(3, 2.0), "float64")})
    assert np.allclose(made.call(layer, x, False).numpy(), 2 * first)


def test_a_saved_model_has_neither_gradients_nor_training():
    made = started(KerasAdapter, "savedmodel")
    seen = ask(made, "batch_normalization", {}, (4, 3))
    assert "no gradients" in seen.unsupported["gradient"]
    assert seen.steps[0].output.shape == (4, 3)
    assert "inference" in ask(made, "batch_normalization", {}, (4, 3), training=True).unsupported["layer"]


@pytest.mark.parametrize("mode", ["eager", "graph", "xla", "savedmodel"])
def test_one_layer_takes_batches_of_several_sizes(mode):
    arrays = [drawn(size, 3) for size in (4, 2, 7)]
    steps = tuple(Step("call", x, False) for x in arrays)
    made = started(KerasAdapter, mode)
    seen = ask(made, "batch_normalization", {}, (4, 3), steps=steps, dynamic=(0,))
    assert seen.raised is None
    assert [one.output.shape for one in seen.steps] == [(4, 3), (2, 3), (7, 3)]


def test_a_size_that_a_weight_needs_is_refused_when_it_is_unknown(adapter):
    raised = ask(adapter, "layer_normalization", {}, (2, 3), dynamic=(1,)).raised
    assert (raised.types[0], raised.phase) == ("ValueError", "build")
