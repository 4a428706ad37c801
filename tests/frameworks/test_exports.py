"""What was committed of the frameworks' exports is what the installed ones export; what functions are asked."""

from __future__ import annotations

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.interface import Request, Step
from normcheck.adapters.keras.ops import KerasOpsAdapter
from normcheck.adapters.keras.tensorflow_functions import TensorFlowFunctionsAdapter
from normcheck.adapters.observe import observe
from normcheck.adapters.process.exporting import exported
from normcheck.adapters.targets import discover
from normcheck.adapters.torch.functional import TorchFunctionalAdapter
from normcheck.cases.coverage.matrix import TARGETS, read_surfaces

RANDOM = np.random.default_rng(7)


def target(name):
    """The first target of this name; one that is not to be had is skipped for the reason that it gives."""
    found = discover([name])
    if not found.targets:
        pytest.skip(found.missing[0].reason)
    return found.targets[0]


@pytest.mark.parametrize("name", TARGETS)
def test_the_committed_exports_are_those_of_the_installed_versions(name):
    (committed,) = (surface for surface in read_surfaces() if surface.target == name)
    ready, exports = exported(target(name))
    assert exports == committed.exports, "run `normcheck coverage --write`"
    assert ready.dialect == committed.dialect


@pytest.mark.parametrize("name", ["keras-jax", "keras-torch"])
def test_keras_exports_the_same_layers_on_every_backend(name):
    (committed,) = (surface for surface in read_surfaces() if surface.target == "keras")
    assert exported(target(name))[1] == committed.exports


@pytest.fixture(params=[TorchFunctionalAdapter, KerasOpsAdapter], scope="module")
def functions(request):
    adapter = request.param()
    adapter.start()
    return adapter


def ask(adapter, layer, arguments, shape, training=False, **more):
    x, upstream = (encode(RANDOM.normal(size=shape), "float32") for _ in range(2))
    steps = (Step("call", x, training, upstream),)
    return x, observe(adapter, Request("case", layer, arguments, shape, "float32", steps=steps, **more))


def test_a_function_normalizes_and_has_gradients_of_what_it_is_given(functions):
    x, seen = ask(functions, "layer_normalization", {"epsilon": 0.5}, (3, 4))
    values = decode(x)
    mean, variance = values.mean(-1, keepdims=True), values.var(-1, keepdims=True)
    assert np.allclose(decode(seen.steps[0].output), (values - mean) / np.sqrt(variance + 0.5), atol=1e-6)
    assert set(seen.steps[0].gradients) == {"input", *(one.name for one in seen.weights)}
    assert len(seen.weights) == 2


def test_a_function_keeps_no_weights_of_its_own(functions):
    _, seen = ask(functions, "layer_normalization", {}, (3, 4), restore=("file",))
    assert seen.parameters is None
    assert set(seen.unsupported) == {"persistence file"}
    model = Request("case", "sequential", {}, (3, 4), "float32", layers=(("layer_normalization", {}),))
    assert observe(functions, model).unsupported == {"layer": "functions make no models"}


@pytest.mark.parametrize(
    ("layer", "arguments"), [("layer_normalization", {"gamma_regularizer": "l2"}), ("feature_normalization", {})]
)
def test_what_functions_do_not_have_is_unsupported(functions, layer, arguments):
    _, seen = ask(functions, layer, arguments, (3, 4))
    assert set(seen.unsupported) == {"layer"}


def test_functions_of_batches_in_training():
    torch, keras = TorchFunctionalAdapter(), KerasOpsAdapter()
    for adapter in (torch, keras):
        adapter.start()
    x, seen = ask(torch, "batch_normalization", {"momentum": 0.5}, (4, 3), training=True)
    assert np.allclose(decode(seen.steps[0].weights["running_mean"]), 0.5 * decode(x).mean(0), atol=1e-6)
    assert ask(torch, "batch_normalization", {"momentum": None}, (4, 3))[1].unsupported.keys() == {"layer"}
    assert "statistics" in ask(keras, "batch_normalization", {}, (4, 3), training=True)[1].unsupported["layer"]


@pytest.fixture(params=["eager", "graph"], scope="module")
def of_tensorflow(request):
    adapter = TensorFlowFunctionsAdapter(mode=request.param)
    adapter.start()
    return adapter


def test_the_fused_function_of_tensorflow_normalizes_images_by_their_batch_and_keeps_averages(of_tensorflow):
    options = {"epsilon": 0.5, "momentum": 0.75}
    x, seen = ask(of_tensorflow, "batch_normalization", options, (2, 3, 4, 5), training=True)
    values = decode(x)
    mean, variance = values.mean((0, 1, 2)), values.var((0, 1, 2))
    assert np.allclose(decode(seen.steps[0].output), (values - mean) / np.sqrt(variance + 0.5), atol=1e-5)
    assert np.allclose(decode(seen.steps[0].weights["moving_mean"]), 0.25 * mean, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "shape"), [({}, (3, 4)), ({"scale": False}, (2, 3, 3, 4)), ({"axis": 1}, (2, 3, 4))]
)
def test_functions_of_tensorflow_that_are_given_statistics_are_not_called_in_training(of_tensorflow, arguments, shape):
    x, seen = ask(of_tensorflow, "batch_normalization", {"epsilon": 3.0, **arguments}, shape)
    assert np.allclose(decode(seen.steps[0].output), decode(x) / 2, atol=1e-6)
    _, refused = ask(of_tensorflow, "batch_normalization", arguments, shape, training=True)
    assert refused.unsupported == {"layer": "the function is given the statistics, and does not take them"}


def test_the_local_response_of_tensorflow_is_that_of_the_second_axis_and_of_the_mean_of_squares(of_tensorflow):
    arguments = {"size": 3, "alpha": 3.0, "beta": 1.0, "k": 2.0}
    x, seen = ask(of_tensorflow, "local_response_normalization", arguments, (2, 4, 5))
    values = decode(x)
    squares = np.pad(values**2, ((0, 0), (1, 1), (0, 0)))
    sums = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    assert np.allclose(decode(seen.steps[0].output), values / (2 + sums), atol=1e-6)
    for size in (2, 4):
        assert "layer" in ask(of_tensorflow, "local_response_normalization", {"size": size}, (2, 4, 5))[1].unsupported


def test_the_floor_of_tensorflows_l2_normalize_is_that_of_the_norm(of_tensorflow):
    x, seen = ask(of_tensorflow, "unit_normalization", {"axis": 1, "epsilon": 100.0}, (3, 4))
    assert np.allclose(decode(seen.steps[0].output), decode(x) / 100, atol=1e-6)
