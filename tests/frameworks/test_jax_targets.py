"""What the adapters on JAX make of requests: Flax's layers, nnx and linen, and a user's function, each in a process.

A target that is not to be had is skipped for the reason that it gives.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.flax.layers import Recipe, offered
from normcheck.adapters.interface import Request, Step, Unsupported
from normcheck.adapters.jax.function import JaxFunctionAdapter
from normcheck.adapters.observe import observe
from normcheck.adapters.process.transport import Worker
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.targets import discover
from normcheck.reports.reading import read
from normcheck.tests.suite_runs import run

RANDOM = np.random.default_rng(11)
LONG = 120.0
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "jax_function.py"
REFERENCE = {"scale": "gamma", "bias": "beta", "mean": "moving_mean", "var": "moving_variance"}
DERIVED = (
    "forward",
    "vectorized",
    "reverse-over-reverse",
    "forward-over-reverse",
    "reverse-over-forward",
    "forward-over-forward",
)


def test_a_layer_that_a_version_of_flax_lacks_is_unsupported():
    older = SimpleNamespace(__name__="flax.nnx", LayerNorm=object)
    assert offered(older, Recipe("LayerNorm", (), {})) is object
    with pytest.raises(Unsupported, match=r"this flax\.nnx has no InstanceNorm"):
        offered(older, Recipe("InstanceNorm", (), {}))


def drawn(*shape, dtype="float32"):
    return encode(RANDOM.normal(size=shape), dtype)


def target(text, mode):
    found = discover([text])
    if found.missing:
        pytest.skip(found.missing[0].reason)
    return next(one for one in found.targets if one.mode == mode)


def test_jax_says_which_devices_there_are_what_they_are_and_copies_on_them():
    pytest.importorskip("jax")
    adapter = JaxFunctionAdapter("cpu:0")  # as one that is not simply the cpu
    adapter.start()
    assert adapter.devices()[0] == "cpu"
    assert adapter.accelerator() == adapter.place().device_kind
    assert np.asarray(adapter.copying(3)()).tolist() == [254] * 3
    adapter.device = "cpu"
    assert (adapter.accelerator(), adapter.copying(3)) == ("", None)


@pytest.fixture(scope="module", params=["jit", "eager"])
def mode(request):
    return request.param


@pytest.fixture(scope="module", params=["flax", "flax-linen"])
def flax(request, mode):
    with Worker(target(request.param, mode)) as worker:
        yield worker


@pytest.fixture(scope="module")
def function(mode):
    with Worker(target(str(EXAMPLE), mode)) as worker:
        yield worker


def both(worker, layer, arguments, step, **more):
    """What the target is seen to do, and the reference."""
    request = Request("case", layer, arguments, step.input.shape, step.input.dtype, steps=(step,), **more)
    worker.submit(request)
    return worker.receive(LONG), observe(ReferenceAdapter(), request)


def close(found, right):
    renamed = {REFERENCE.get(name, name): value for name, value in found.items()}
    assert renamed.keys() == right.keys()
    assert all(np.allclose(decode(renamed[name]), decode(right[name]), rtol=1e-3, atol=1e-4) for name in right)


@pytest.mark.parametrize(
    ("layer", "arguments", "training"),
    [
        ("layer_normalization", {"axis": [1, 2], "epsilon": 0.5, "scale": False, "center": False}, True),
        ("layer_normalization", {"axis": -1, "epsilon": 0.5}, None),
        ("batch_normalization", {"axis": 1, "momentum": 0.5, "epsilon": 0.5}, True),
        ("batch_normalization", {"axis": 1, "epsilon": 0.5, "gamma_initializer": "zeros"}, False),
        ("group_normalization", {"axis": 1, "groups": 3, "epsilon": 0.5}, False),
        ("instance_normalization", {"epsilon": 0.5, "track_running_stats": False}, False),
    ],
)
def test_a_layer_of_flax_agrees_with_the_reference(flax, layer, arguments, training):
    found, right = both(flax, layer, arguments, Step("call", drawn(2, 3, 4), training, drawn(2, 3, 4)))
    assert found.raised is None
    assert not found.unsupported
    (found,), (right,) = found.steps, right.steps
    close({"output": found.output}, {"output": right.output})
    close(found.gradients, right.gradients)
    close(found.weights, right.weights)


def test_the_root_mean_square_has_a_scale_and_derivatives_of_every_kind(flax):
    step = Step("call", drawn(2, 6), False, drawn(2, 6), tangent=drawn(2, 6), derived=DERIVED)
    found, right = both(flax, "rms_normalization", {}, step)
    assert [one.name for one in found.weights] == ["scale"]
    assert dict(found.steps[0].failed) == {}
    given, due = found.steps[0].derived, right.steps[0].derived
    assert {name.replace("scale", "weight") for name in given} == {name.replace("scale", "weight") for name in due}
    assert all(np.allclose(decode(given[name]), decode(due[name]), rtol=1e-3, atol=1e-4) for name in given)


def test_weights_come_back_from_bytes_and_layers_from_none(flax):
    step = Step("call", drawn(2, 3), False)
    found, _ = both(flax, "layer_normalization", {"epsilon": 0.25}, step, restore=("weights", "copy", "pickle", "file"))
    assert set(found.restored) == {"weights", "copy", "pickle"}
    assert all(saved == loaded for saved, loaded in found.restored.values())
    assert set(found.unsupported) == {"persistence file"}


def test_an_update_moves_the_weights_against_their_gradients(flax):
    x, upstream = drawn(4, 3), drawn(4, 3)
    found, right = both(flax, "layer_normalization", {"epsilon": 0.5}, Step("update", x, True, upstream, 0.25))
    close(found.steps[0].weights, right.steps[0].weights)


@pytest.mark.parametrize(
    ("layer", "arguments", "why"),
    [
        ("spectral_normalization", {"units": 2}, "offers no spectral_normalization"),
        ("batch_normalization", {"momentum": None}, "needs a momentum"),
        ("instance_normalization", {"track_running_stats": True}, "keeps no averages"),
        ("layer_normalization", {"gamma_regularizer": "l2"}, "takes no gamma_regularizer"),
    ],
)
def test_what_flax_does_not_have_is_unsupported(flax, layer, arguments, why):
    flax.submit(Request("case", layer, arguments, (2, 3), "float32", steps=(Step("call", drawn(2, 3)),)))
    assert why in flax.receive(LONG).unsupported["layer"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_a_function_is_called_and_differentiated(function, dtype):
    step = Step("call", drawn(3, 4, dtype=dtype), False, drawn(3, 4, dtype=dtype))
    found, right = both(function, "layer_normalization", {"axis": -1, "epsilon": 0.5}, step)
    (found,), (right,) = found.steps, right.steps
    assert found.output.dtype == dtype
    assert found.gradients.keys() == right.gradients.keys() == {"input", "gamma", "beta"}
    coarse = 0.1 if dtype == "bfloat16" else 1e-3
    for one, other in [
        (found.output, right.output),
        *((found.gradients[n], right.gradients[n]) for n in right.gradients),
    ]:
        assert np.allclose(decode(one), decode(other), rtol=coarse, atol=coarse)


def test_a_function_has_derivatives_of_every_kind(function):
    step = Step("call", drawn(2, 6), False, drawn(2, 6), tangent=drawn(2, 6), derived=DERIVED)
    found, right = both(function, "layer_normalization", {"axis": -1, "epsilon": 0.5}, step)
    assert dict(found.steps[0].failed) == {}
    close(found.steps[0].derived, right.steps[0].derived)


def test_a_function_of_integers_has_no_gradient(function):
    x = encode(np.arange(6).reshape(2, 3), "int32")
    found, _ = both(function, "layer_normalization", {"axis": -1, "epsilon": 0.5}, Step("call", x, False, drawn(2, 3)))
    assert "int32" in found.unsupported["gradient"]


def test_the_example_gives_the_report_beside_it(tmp_path):
    target(str(EXAMPLE), "jit")
    summary = runpy.run_path(str(EXAMPLE.parent / "summaries.py"))["summary"]
    path = tmp_path / "record.jsonl"
    done = run(tmp_path, "--target", EXAMPLE, "--layer", "layer_normalization")
    assert summary(path) == EXAMPLE.with_suffix(".txt").read_text(encoding="utf-8"), done.text[-3000:]
    assert {check.outcome for check in read(path).checks} == {"pass", "unsupported"}
