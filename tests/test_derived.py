"""What is seen of derivatives, and how it is judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from normcheck.adapters.arrays import Array, decode, encode
from normcheck.adapters.interface import Step, Unsupported
from normcheck.adapters.observe import observe
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.cases.judgement.judge import judge
from normcheck.cases.requests.ask import request_for
from normcheck.cases.suite import suite

ASPECTS = ("forward_mode", "second_order", "vectorized")
WAYS = ("reverse-over-reverse", "forward-over-reverse", "reverse-over-forward")
NAMES = [f"{way} {name}" for way in WAYS for name in ("input", "gamma", "beta")]


def asked(layer="layer_normalization", name="derivatives"):
    return suite().by_id[f"{layer}/{name}"]


def seen(case, adapter=None):
    return observe(adapter or ReferenceAdapter(), request_for(case, "keras"))


def shown(case, observation):
    """Aspect, subject and result of what is not right."""
    found = judge(case, "keras", observation)
    return [(one.aspect, one.subject, one.result) for one in found if one.result != "right"]


def with_derived(observation, **changes):
    step = observation.steps[0]
    return replace(observation, steps=(replace(step, derived={**step.derived, **changes}),))


def doubled(array):
    return encode(decode(array) * 2, array.dtype)


def having(**methods):
    return type("Changed", (ReferenceAdapter,), methods)()


def raising(error):
    def method(self, *given):
        raise error

    return method


@pytest.mark.parametrize(
    "layer", ["layer", "rms", "batch", "group", "feature", "instance", "unit", "local_response", "spectral", "weight"]
)
def test_the_reference_is_right_in_every_derivative(layer):
    case = asked(f"{layer}_normalization")
    found = [one for one in judge(case, "keras", seen(case)) if one.aspect in ASPECTS]
    assert {one.aspect for one in found} == set(ASPECTS)
    assert {(one.result, one.grade) for one in found} == {("right", "A")}


def test_every_derivative_is_judged_under_its_way_and_what_it_is_of():
    case = asked()
    subjects = {one.subject for one in judge(case, "keras", seen(case)) if one.aspect == "second_order"}
    assert subjects == {*NAMES, "forward-over-forward output"}


@pytest.mark.parametrize("name", ["forward", "forward-over-forward output", *NAMES])
def test_a_wrong_derivative_shows_alone(name):
    case = asked()
    right = seen(case)
    wrong = encode(decode(right.steps[0].derived[name]) + 1e-2, "float32")
    aspect = "forward_mode" if name == "forward" else "second_order"
    assert shown(case, with_derived(right, **{name: wrong})) == [(aspect, name, "wrong")]


def test_a_derivative_that_is_not_given_is_wrong():
    case = asked()
    right = seen(case)
    step = right.steps[0]
    fewer = {name: one for name, one in step.derived.items() if name != "reverse-over-reverse gamma"}
    lacking = replace(right, steps=(replace(step, derived=fewer),))
    assert shown(case, lacking) == [("second_order", "reverse-over-reverse gamma", "wrong")]


def test_a_derivative_of_another_shape_or_dtype_is_wrong():
    case = asked()
    right = seen(case)
    one = right.steps[0].derived["forward"]
    for other in (encode(decode(one).T, "float32"), encode(decode(one).astype(np.float64), "float64")):
        assert shown(case, with_derived(right, forward=other)) == [("forward_mode", "forward", "wrong")]


@pytest.mark.parametrize("number", [1, 2])
def test_every_sample_of_a_stack_is_judged_by_itself(number):
    case = asked()
    right = seen(case)
    stack = decode(right.steps[0].derived["vectorized"]).copy()
    stack[number - 1] *= 2
    wrong = with_derived(right, vectorized=encode(stack, "float32"))
    assert shown(case, wrong) == [("vectorized", f"sample {number}", "wrong")]


def test_a_stack_of_another_shape_is_wrong():
    case = asked()
    right = seen(case)
    one = right.steps[0].derived["vectorized"]
    half = Array(one.dtype, one.shape[1:], one.data[: len(one.data) // 2])
    assert shown(case, with_derived(right, vectorized=half)) == [("vectorized", "", "wrong")]


def test_what_one_way_raises_says_nothing_of_the_others():
    def second_order(self, layer, x, training, upstream, tangent, way):
        if way == "forward-over-forward":
            raise RuntimeError("no such rule")
        return ReferenceAdapter.second_order(self, layer, x, training, upstream, tangent, way)

    case = asked()
    found = seen(case, having(second_order=second_order))
    assert found.raised is None
    assert found.steps[0].failed["forward-over-forward"].types[0] == "RuntimeError"
    assert shown(case, found) == [("second_order", "forward-over-forward", "error")]


def test_what_is_not_offered_is_unsupported_and_leaves_the_rest():
    case = asked()
    found = seen(case, having(forward=raising(Unsupported("no forward mode"))))
    assert found.unsupported == {"forward": "no forward mode"}
    assert shown(case, found) == [("forward_mode", "forward", "unsupported")]
    found = seen(case, having(vectorized=raising(Unsupported("no vmap"))))
    assert shown(case, found) == [("vectorized", "", "unsupported")]


def test_every_derivative_starts_from_the_weights_before_the_step():
    case = asked("batch_normalization")
    request = request_for(case, "keras")
    found = observe(ReferenceAdapter(), request)
    plain = observe(ReferenceAdapter(), replace(request, steps=(replace(request.steps[0], derived=()),)))
    assert found.steps[0].weights == plain.steps[0].weights
    again = replace(request, steps=(request.steps[0], Step("call", request.steps[0].input, True)))
    moved = observe(ReferenceAdapter(), again).steps[1].weights
    twice = replace(again, steps=(replace(request.steps[0], derived=()), again.steps[1]))
    assert moved == observe(ReferenceAdapter(), twice).steps[1].weights


def test_derivatives_of_given_statistics_are_judged_too():
    case = asked("batch_normalization", "derivatives-in-inference")
    right = seen(case)
    assert not decode(right.steps[0].derived["reverse-over-reverse input"]).any()
    wrong = with_derived(right, forward=doubled(right.steps[0].derived["forward"]))
    assert shown(case, wrong) == [("forward_mode", "forward", "wrong")]
