"""What the adapters of Keras on PyTorch and on JAX make of requests, each in a process, since Keras has one backend.

A backend that is not installed is skipped for the reason that the target gives.
"""

from __future__ import annotations

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.interface import Request, Step
from normcheck.adapters.observe import observe
from normcheck.adapters.process.transport import Worker
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.targets import discover

RANDOM = np.random.default_rng(5)
LONG = 120.0
DERIVED = (
    "forward",
    "vectorized",
    "reverse-over-reverse",
    "forward-over-reverse",
    "reverse-over-forward",
    "forward-over-forward",
)


def drawn(*shape):
    return encode(RANDOM.normal(size=shape), "float32")


@pytest.fixture(scope="module", params=["keras-torch:eager", "keras-jax:eager", "keras-jax:jit"])
def worker(request):
    found = discover([request.param])
    if found.missing:
        pytest.skip(found.missing[0].reason)
    with Worker(found.targets[0]) as worker:
        yield worker


def both(worker, layer, arguments, step, **more):
    """What the target is seen to do, and the reference."""
    request = Request("case", layer, arguments, step.input.shape, "float32", steps=(step,), **more)
    worker.submit(request)
    return worker.receive(LONG), observe(ReferenceAdapter(), request)


def close(found, right):
    assert found.keys() == right.keys()
    assert all(np.allclose(decode(found[name]), decode(right[name]), rtol=1e-3, atol=1e-4) for name in right)


@pytest.mark.parametrize(
    ("layer", "arguments", "training"),
    [
        ("layer_normalization", {"axis": [1, 2], "epsilon": 0.5}, True),
        ("rms_normalization", {"epsilon": 0.5}, False),
        ("batch_normalization", {"axis": 1, "momentum": 0.5}, True),
        ("batch_normalization", {"axis": 1}, False),
        ("group_normalization", {"axis": 1, "groups": 2}, None),
        ("feature_normalization", {"mean": [0.5, 1.0], "variance": [4.0, 1.0]}, False),
    ],
)
def test_every_layer_agrees_with_the_reference(worker, layer, arguments, training):
    found, right = both(worker, layer, arguments, Step("call", drawn(3, 4, 2), training, drawn(3, 4, 2)))
    assert found.raised is None
    (found,), (right,) = found.steps, right.steps
    close({"output": found.output}, {"output": right.output})
    close(found.gradients, right.gradients)
    close(found.weights, right.weights)


def test_an_update_counts_losses_and_applies_constraints(worker):
    arguments = {
        "gamma_regularizer": {"kind": "l2", "factor": 0.25},
        "beta_regularizer": "l1",
        "gamma_constraint": {"kind": "max_norm", "max_value": 1.5},
        "beta_constraint": "non_neg",
        "beta_initializer": {"kind": "constant", "value": 0.5},
    }
    found, right = both(
        worker, "layer_normalization", arguments, Step("update", drawn(4, 3), True, drawn(4, 3), learning_rate=0.1)
    )
    close(found.steps[0].weights, right.steps[0].weights)
    assert found.steps[0].loss == pytest.approx(right.steps[0].loss)


def test_derivatives_of_every_kind_are_those_of_the_reference(worker):
    step = Step("call", drawn(2, 6), False, drawn(2, 6), tangent=drawn(2, 6), derived=DERIVED)
    found, right = both(worker, "rms_normalization", {}, step)
    assert dict(found.steps[0].failed) == {}
    close(found.steps[0].derived, right.steps[0].derived)


def test_a_layer_computes_with_what_it_adapted_to(worker):
    request = Request(
        "case",
        "feature_normalization",
        {"axis": -1},
        (5, 3),
        "float32",
        steps=(Step("adapt", drawn(5, 3)), Step("call", drawn(5, 3))),
    )
    worker.submit(request)
    found, right = worker.receive(LONG), observe(ReferenceAdapter(), request)
    close({"output": found.steps[1].output}, {"output": right.steps[1].output})


def test_16_bit_inputs_meet_weights_of_32_bits_under_a_mixed_policy(worker):
    x = encode(RANDOM.normal(size=(2, 3)), "bfloat16")
    request = Request(
        "case", "batch_normalization", {}, (2, 3), "bfloat16", steps=(Step("call", x, True, x),), precision="mixed"
    )
    worker.submit(request)
    found = worker.receive(LONG)
    assert {one.value.dtype for one in found.weights} == {"float32"}
    assert found.steps[0].output.dtype == "bfloat16"
    assert found.steps[0].gradients["gamma"].dtype == "float32"


def test_a_layer_comes_back_from_a_file(worker):
    found, _ = both(
        worker, "layer_normalization", {"epsilon": 0.25}, Step("call", drawn(2, 3), False), restore=("file",)
    )
    saved, loaded = found.restored["file"]
    assert saved == loaded


def test_the_backend_and_its_version_are_told(worker):
    backend = worker.target.name.partition("-")[2]
    assert set(worker.target.versions) == {"keras", backend}
    assert worker.target.environment["KERAS_BACKEND"] == backend
