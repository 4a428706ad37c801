"""What the PyTorch adapter makes of requests. Needs PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from normcheck.adapters.arrays import Array, decode, encode
from normcheck.adapters.interface import Request, Step, Unsupported
from normcheck.adapters.observe import observe
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.smoke import smoke
from normcheck.adapters.torch import TorchAdapter

RANDOM = np.random.default_rng(5)
ONES = encode(np.ones((4, 3)), "float32")


@pytest.fixture(scope="module")
def adapter():
    return started(TorchAdapter)


def started(kind, mode="eager"):
    made = kind("cpu", mode)
    made.start()
    return made


def ask(adapter, layer, arguments, shape, dtype="float32", training=False, **more):
    x, upstream = (encode(RANDOM.normal(size=shape), dtype) for _ in range(2))
    steps = more.pop("steps", (Step("call", x, training, upstream),))
    return observe(adapter, Request("case", layer, arguments, shape, dtype, steps=steps, **more))


def names(seen):
    return [one.name for one in seen.weights]


def test_the_adapter_is_in_order(adapter):
    assert smoke(adapter) is None
    assert adapter.versions()["torch"]
    assert adapter.devices()[0] == "cpu"
    assert adapter.threads() == 1


def test_a_class_of_one_s_own_takes_four_lines(adapter):
    class Mine(TorchAdapter):
        name = "mine"
        layers = {  # noqa: RUF012
            "layer_normalization": lambda a: adapter.torch.nn.LayerNorm(a.normalized_shape, eps=a.epsilon)
        }

    mine = started(Mine)
    assert smoke(mine) is None
    x = RANDOM.normal(size=(2, 3, 4))
    steps = (Step("call", encode(x, "float32")),)
    mean, variance = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
    seen = ask(mine, "layer_normalization", {"axis": [1, 2], "epsilon": 0.5}, (2, 3, 4), steps=steps)
    assert np.allclose(decode(seen.steps[0].output), (x - mean) / np.sqrt(variance + 0.5), atol=1e-6)
    assert ask(mine, "batch_normalization", {}, (2, 3)).unsupported == {"layer": "mine offers no batch_normalization"}
    assert ask(mine, "layer_normalization", {"center": True, "scale": True}, (2, 3)).raised is None
    assert ask(mine, "layer_normalization", {"center": False}, (2, 3)).unsupported == {
        "layer": "mine's layer_normalization takes no center"
    }


@pytest.mark.parametrize("axis", [1, -1, [1]])
def test_a_layer_that_reads_no_axis_is_asked_for_its_default_axis_only(axis, adapter):
    class Mine(TorchAdapter):
        layers = {"layer_normalization": lambda a: adapter.torch.nn.LayerNorm(a.shape[-1])}  # noqa: RUF012

    mine = started(Mine)
    assert "layer" not in ask(mine, "layer_normalization", {"axis": axis}, (2, 3)).unsupported
    assert "axis" in ask(mine, "layer_normalization", {"axis": 0}, (2, 3)).unsupported["layer"]


@pytest.mark.parametrize(
    ("layer", "arguments", "shape", "expected"),
    [
        ("layer_normalization", {}, (2, 3), ["weight", "bias"]),
        ("layer_normalization", {"center": False}, (2, 3), ["weight"]),
        ("layer_normalization", {"center": False, "scale": False}, (2, 3), []),
        ("rms_normalization", {}, (2, 3), ["weight"]),
        ("rms_normalization", {"scale": False}, (2, 3), []),
        ("group_normalization", {"groups": 2}, (2, 4), ["weight", "bias"]),
        ("group_normalization", {"groups": 2, "center": False, "scale": False}, (2, 4), []),
        (
            "batch_normalization",
            {"axis": -1},
            (2, 4),
            ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"],
        ),
    ],
)
def test_weights_are_listed_in_the_framework_s_order(adapter, layer, arguments, shape, expected):
    seen = ask(adapter, layer, arguments, shape, training=True)
    assert seen.raised is None
    assert names(seen) == expected
    assert set(seen.steps[0].gradients) == {"input", *expected} & {"input", "weight", "bias"}


@pytest.mark.parametrize(
    ("layer", "arguments", "shape", "reason"),
    [
        ("layer_normalization", {"axis": 0}, (2, 3), "the last axes only"),
        ("layer_normalization", {"axis": [2, 1]}, (2, 3, 4), "in ascending order"),
        ("layer_normalization", {"axis": 7}, (2, 3), "axis 7 names no axis"),
        ("layer_normalization", {"scale": False, "center": True}, (2, 3), "no bias without a weight"),
        ("layer_normalization", {"gamma_regularizer": "l2"}, (2, 3), "takes no gamma_regularizer"),
        ("layer_normalization", {"name": "a", "trainable": False}, (2, 3), "takes no name, trainable"),
        ("batch_normalization", {"axis": -1}, (2, 3, 4), "channels of batch_normalization in axis 1"),
        ("batch_normalization", {"scale": False}, (2, 3), "a weight and a bias, or neither"),
        ("batch_normalization", {}, (2, 3, 4, 5, 6, 7), "2 to 5 dimensions, not 6"),
        ("group_normalization", {}, (2, 3), "no default number of groups"),
        ("feature_normalization", {}, (2, 3), "offers no feature_normalization"),
        ("functional", {}, (2, 3), "no functional models"),
    ],
)
def test_what_pytorch_lacks_is_unsupported(adapter, layer, arguments, shape, reason):
    assert reason in ask(adapter, layer, arguments, shape).unsupported["layer"]


def test_what_means_the_default_is_accepted(adapter):
    given = {"gamma_initializer": "ones", "beta_constraint": None, "trainable": True, "axis": -1}
    assert ask(adapter, "layer_normalization", given, (2, 3)).unsupported == {}


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_everything_is_in_the_dtype_asked_for(adapter, dtype):
    seen = ask(adapter, "layer_normalization", {}, (2, 8), dtype)
    step = seen.steps[0]
    arrays = [step.output, *step.gradients.values(), *(one.value for one in seen.weights)]
    assert {one.dtype for one in arrays} == {dtype}


def test_training_reaches_the_layer_and_none_leaves_its_default(adapter):
    counts = []
    for training in (True, False, None):
        seen = ask(adapter, "batch_normalization", {"axis": 1}, (4, 3, 2), training=training)
        counts.append(int(decode(seen.steps[0].weights["num_batches_tracked"])))
    assert counts == [1, 0, 1]


def test_a_buffer_is_no_parameter(adapter):
    assert ask(adapter, "batch_normalization", {}, (4, 3)).parameters == (6, 0)


def test_weights_are_assigned_by_name(adapter):
    values = {"weight": encode(np.float32([2, 3])), "running_var": encode(np.float32([4, 4]))}
    steps = (Step("call", encode(np.float32([[2, 4]])), False),)
    seen = ask(adapter, "batch_normalization", {"epsilon": 0.0}, (1, 2), weights=values, steps=steps)
    assert decode(seen.steps[0].output).tolist() == [[2.0, 6.0]]


@pytest.mark.parametrize("value", [{"gamma": np.ones(3)}, {"weight": np.ones(1)}])
def test_a_weight_that_does_not_fit_is_refused(adapter, value):
    values = {name: encode(one, "float32") for name, one in value.items()}
    assert ask(adapter, "layer_normalization", {}, (2, 3), weights=values).raised.phase == "assign"


def test_an_integer_input_has_no_gradient_and_what_the_call_raises_is_seen(adapter):
    x = Array("int32", (2, 3), bytes(24))
    seen = ask(adapter, "layer_normalization", {}, (2, 3), "int32", steps=(Step("call", x, None, x),))
    assert seen.raised.phase == "call"
    layer = adapter.construct("layer_normalization", {}, (2, 3), "int32")
    with pytest.raises(Unsupported, match="int32"):
        adapter.gradient(layer, adapter.to_native(x), None, adapter.to_native(x))


def test_an_update_is_a_step_down_the_gradient(adapter):
    x, upstream = (encode(RANDOM.normal(size=(4, 3)), "float32") for _ in range(2))
    steps = (Step("call", x, True, upstream), Step("update", x, True, upstream, 0.5))
    seen = ask(adapter, "layer_normalization", {}, (4, 3), steps=steps)
    gradient = decode(seen.steps[0].gradients["weight"])
    assert np.allclose(decode(seen.steps[1].weights["weight"]), 1 - 0.5 * gradient)
    assert seen.steps[1].loss == 0.0


def test_a_model_is_a_sequence_of_modules(adapter):
    layers = (
        ("layer_normalization", {}),
        ("dense", {"units": 5, "activation": "relu"}),
        ("batch_normalization", {}),
        ("dense", {"units": 2, "activation": "softmax"}),
    )
    x = encode(RANDOM.normal(size=(4, 3)), "float32")
    seen = ask(adapter, "sequential", {}, (4, 3), layers=layers, steps=(Step("call", x),), repeat=True)
    assert names(seen)[:4] == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert names(seen)[4:8] == ["3.weight", "3.bias", "4.weight", "4.bias"]
    assert np.allclose(decode(seen.steps[0].output).sum(1), 1)
    assert seen.repeats is True


def test_an_unknown_activation_is_unsupported(adapter):
    seen = ask(adapter, "sequential", {}, (4, 3), layers=(("dense", {"units": 2, "activation": "gelu"}),))
    assert "gelu" in seen.unsupported["layer"]


def test_empty_arrays_travel(adapter):
    empty = Array("float32", (0, 3), b"")
    assert adapter.to_array(adapter.to_native(empty)) == empty


def test_compiled_layers_agree_with_the_reference():
    compiled = started(TorchAdapter, "compile")
    x, upstream = (encode(RANDOM.normal(size=(4, 6)), "float32") for _ in range(2))
    steps = (Step("call", x, True, upstream),)
    arguments = {"epsilon": 0.25}
    seen = ask(compiled, "layer_normalization", arguments, (4, 6), steps=steps).steps[0]
    right = ask(ReferenceAdapter(), "layer_normalization", arguments, (4, 6), steps=steps).steps[0]
    assert np.allclose(decode(seen.output), decode(right.output), atol=1e-5)
    assert np.allclose(decode(seen.gradients["input"]), decode(right.gradients["input"]), atol=1e-5)


def test_compiling_without_a_compiler_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(Exception, match="install g\\+\\+ or clang") as caught:
        started(TorchAdapter, "compile")
    assert type(caught.value).__name__ == "Unsupported"


@pytest.mark.parametrize(
    ("layout", "strides"),
    [("transposed", (1, 2, 6, 24)), ("strided", (120, 40, 10, 2)), ("channels-last", (60, 1, 15, 3))],
)
def test_a_layout_moves_values_in_memory_and_changes_none(adapter, layout, strides):
    array = encode(RANDOM.normal(size=(2, 3, 4, 5)), "float32")
    arranged = adapter.arrange(adapter.to_native(array), layout)
    assert arranged.stride() == strides
    assert adapter.to_array(arranged) == array
    assert arranged.is_contiguous(memory_format=adapter.torch.channels_last) is (layout == "channels-last")


def test_a_slice_may_stand_for_many_and_an_array_begin_later(adapter):
    array = encode(np.broadcast_to(RANDOM.normal(size=(3, 4)), (2, 3, 4)), "float32")
    one, later = (adapter.arrange(adapter.to_native(array), layout) for layout in ("broadcast", "unaligned"))
    assert one.stride() == (0, 4, 1)
    assert later.storage_offset() == 1
    assert adapter.to_array(one) == adapter.to_array(later) == array


def test_locked_memory_is_unsupported(adapter):
    steps = (Step("call", encode(np.zeros((2, 3)), "float32"), False, layout="read-only"),)
    assert "written to" in ask(adapter, "layer_normalization", {}, (2, 3), steps=steps).unsupported["layer"]


@pytest.mark.parametrize(
    ("precision", "given", "output"), [("mixed", "bfloat16", "bfloat16"), ("autocast", "float32", "float32")]
)
def test_weights_and_their_gradients_are_float32_in_mixed_precision_and_under_casts(adapter, precision, given, output):
    x, g = encode(RANDOM.normal(size=(4, 3)), given), encode(RANDOM.normal(size=(4, 3)), output)
    asked = {"steps": (Step("call", x, True, g),), "precision": precision}
    seen = ask(adapter, "batch_normalization", {"axis": 1}, (4, 3), "bfloat16", **asked)
    assert {one.value.dtype for one in seen.weights} == {"float32", "int64"}
    assert seen.steps[0].output.dtype == output
    assert {name: one.dtype for name, one in seen.steps[0].gradients.items()} == {
        "input": given,
        "weight": "float32",
        "bias": "float32",
    }


def test_a_request_computes_with_its_threads_and_leaves_those_there_were(adapter):
    seen = []

    class Watching(type(adapter)):
        def call(self, layer, x, training):
            seen.append(self.threads())
            return super().call(layer, x, training)

    ask(started(Watching), "layer_normalization", {}, (2, 3), threads=2)
    assert (seen, adapter.threads()) == ([2], 1)


def test_a_module_converts_no_input(adapter):
    seen = ask(adapter, "layer_normalization", {}, (2, 3), "bfloat16", precision="converted")
    assert "do not convert" in seen.unsupported["layer"]


def test_negative_strides_are_unsupported(adapter):
    x = encode(np.zeros((2, 3)), "float32")
    steps = (Step("call", x, False, layout="reversed"),)
    assert "negative strides" in ask(adapter, "layer_normalization", {}, (2, 3), steps=steps).unsupported["layer"]


def test_a_layer_comes_back_from_its_state_dict(adapter):
    x = encode(RANDOM.normal(size=(4, 3)), "float32")
    steps = (Step("call", x, True), Step("call", x, False))
    seen = ask(
        adapter, "batch_normalization", {"momentum": 0.5, "epsilon": 0.25}, (4, 3), steps=steps, restore=("file",)
    )
    saved, loaded = seen.restored["file"]
    assert saved == loaded
    assert loaded.step.output == seen.steps[1].output
    assert int(decode(loaded.weights[-1].value)) == 1


def test_a_state_dict_that_lacks_a_key_is_refused(adapter):
    class Lacking(TorchAdapter):
        def save(self, layer, folder, how):
            del layer.module._parameters["bias"]
            super().save(layer, folder, how)

    raised = ask(started(Lacking), "layer_normalization", {}, (2, 3), restore=("file",)).refused["file"]
    assert (raised.types[0], raised.phase) == ("RuntimeError", "load")
    assert "bias" in raised.message


@pytest.mark.parametrize("mode", ["eager", "compile"])
def test_a_module_comes_back_in_every_way_that_pytorch_has(mode):
    ways = ("file", "legacy", "whole", "copy", "pickle", "weights", "configuration")
    steps = (Step("update", encode(RANDOM.normal(size=(4, 3)), "float32"), True, ONES, 0.5),)
    arguments = {"momentum": 0.5, "epsilon": 0.25}
    seen = ask(started(TorchAdapter, mode), "batch_normalization", arguments, (4, 3), steps=steps, restore=ways)
    assert (seen.raised, dict(seen.refused)) == (None, {})
    assert list(seen.restored) == ["file", "legacy", "whole", "copy", "pickle"]
    for saved, loaded in seen.restored.values():
        assert saved == loaded
        assert (loaded.arguments["eps"], loaded.arguments["momentum"]) == (0.25, 0.5)
    assert set(seen.unsupported) == {"persistence weights", "persistence configuration"}


@pytest.mark.parametrize("training", [True, False, None])
def test_an_exported_program_has_the_weights_and_the_statistics_of_its_module(training):
    steps = tuple(Step("call", encode(RANDOM.normal(size=(4, 3)), "float32"), training, ONES) for _ in range(2))
    weights = {"weight": encode(np.float32([1, 2, 3])), "running_mean": encode(np.float32([1, 0, -1]))}
    found, right = (
        ask(started(TorchAdapter, mode), "batch_normalization", {}, (4, 3), steps=steps, weights=weights)
        for mode in ("export", "eager")
    )
    assert found.raised is right.raised is None
    for one, other in zip(found.steps, right.steps, strict=True):
        assert np.allclose(decode(one.output), decode(other.output), atol=1e-6)
        assert one.gradients.keys() == other.gradients.keys()
        assert np.allclose(decode(one.weights["running_mean"]), decode(other.weights["running_mean"]))


@pytest.mark.filterwarnings("ignore")  # of the exporter, as in a target
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_an_onnx_model_is_exported_again_when_the_weights_have_changed(dtype):
    made = started(TorchAdapter, "onnx")
    layer = made.construct("layer_normalization", {}, (2, 4), dtype)
    x = encode(RANDOM.normal(size=(2, 4)), dtype)
    first = decode(made.to_array(made.call(layer, made.to_native(x), False)))
    made.assign(layer, {"weight": encode(np.full(4, 2.0), dtype)})
    second = decode(made.to_array(made.call(layer, made.to_native(x), False)))
    assert np.allclose(first.astype(float) * 2, second.astype(float), atol=1e-2)
    assert {"onnxruntime", "onnxscript"} <= made.versions().keys()


def test_an_onnx_model_gives_no_gradients_and_moves_no_statistics():
    made = started(TorchAdapter, "onnx")
    seen = ask(made, "batch_normalization", {}, (4, 3))
    assert "no derivatives" in seen.unsupported["gradient"]
    assert seen.steps[0].output.shape == (4, 3)
    assert "inference" in ask(made, "batch_normalization", {}, (4, 3), training=True).unsupported["layer"]


def test_onnx_runtime_on_a_device_that_it_has_not_says_what_to_install():
    with pytest.raises(Unsupported, match="onnxruntime-gpu"):
        TorchAdapter("xpu", "onnx").start()


@pytest.mark.parametrize("mode", ["eager", "compile", "export", "onnx"])
def test_one_program_takes_batches_of_several_sizes(mode):
    arrays = [encode(RANDOM.normal(size=(size, 3)), "float32") for size in (4, 2, 7)]
    steps = tuple(Step("call", x, False) for x in arrays)
    seen = ask(started(TorchAdapter, mode), "layer_normalization", {}, (4, 3), steps=steps, dynamic=(0,))
    assert seen.raised is None
    assert [one.output.shape for one in seen.steps] == [(4, 3), (2, 3), (7, 3)]
