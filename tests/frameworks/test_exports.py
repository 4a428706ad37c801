"""What was committed of the frameworks' exports is what the installed ones export; what functions are asked."""

from __future__ import annotations

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.interface import Request, Step
from normcheck.adapters.keras.ops import KerasOpsAdapter
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
