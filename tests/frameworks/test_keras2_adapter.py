"""How the adapters of Keras 2 drive it: names of weights, dtypes, files. Left out where neither is there."""

from __future__ import annotations

import numpy as np
import pytest

from normcheck.adapters import targets
from normcheck.adapters.arrays import Array
from normcheck.adapters.interface import Request, Step
from normcheck.adapters.loading import load
from normcheck.adapters.observe import observe

NAMES = ("tf_keras", "tf.keras")
FOUND = {name: targets.discover([f"{name}:eager"]) for name in NAMES}
THERE = [name for name, found in FOUND.items() if found.targets]
if not THERE:
    pytest.skip(str([found.missing for found in FOUND.values()]), allow_module_level=True)
ROWS = Array("float32", (2, 3), np.array([[1, 2, 4], [0, 8, 16]], "float32").tobytes())


@pytest.fixture(scope="module", params=THERE)
def adapter(request):
    made = load(targets.BUILT_IN[request.param])("cpu", "eager")
    made.start()
    return made


def test_weights_have_the_names_of_the_specs_in_layers_and_in_models(adapter):
    layers = (("layer_normalization", {}), ("dense", {"units": 2}))
    seen = observe(adapter, Request("x", "sequential", {}, (2, 3), "float32", layers=layers))
    assert [weight.name for weight in seen.weights] == ["gamma", "beta", "kernel", "bias"]


def test_the_layers_are_of_the_package_that_the_target_is_of(adapter):
    for name in ("layer_normalization", "batch_normalization", "group_normalization", "unit_normalization"):
        layer = adapter.construct(name, {}, (2, 32), "float32").layer
        assert isinstance(layer, adapter.keras.layers.Layer)


def test_batch_normalization_keeps_float32_weights_in_float16_and_they_can_be_set(adapter):
    layer = adapter.construct("batch_normalization", {}, (2, 3), "float16")
    adapter.build(layer, (2, 3))
    adapter.assign(layer, {"gamma": Array("float16", (3,), np.array([1, 2, 3], "float16").tobytes())})
    gamma = adapter.weights(layer)[0].value
    assert (gamma.dtype, np.frombuffer(gamma.data, "float32").tolist()) == ("float32", [1, 2, 3])


def test_a_saved_model_comes_back_as_a_layer(adapter):
    asked = Request(
        "x",
        "layer_normalization",
        {"epsilon": 0.5},
        (2, 3),
        "float32",
        steps=(Step("call", ROWS),),
        restore=("whole", "file"),
    )
    seen = observe(adapter, asked)
    assert seen.refused == {}
    for saved, loaded in seen.restored.values():
        assert saved.step.output == loaded.step.output
        assert loaded.arguments["epsilon"] == 0.5
