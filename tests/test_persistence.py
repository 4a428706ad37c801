"""Saving and loading: every argument that a file forgets shows on some packaged case, and so does every weight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from normcheck.adapters.arrays import encode
from normcheck.adapters.interface import Adapter, Raised, Weight
from normcheck.adapters.reference import ReferenceAdapter, file
from normcheck.cases.judgement.judge import judge
from normcheck.cases.judgement.persistence import persistence
from normcheck.cases.suite import suite
from normcheck.tests.small_suite import case, seen

CASES = [one for one in suite().cases if "persistence" in one.aspects and "keras" in (one.dialects or ("keras",))]
# In one process synchronizing changes nothing.
# Neither a name nor what the weights held before they were assigned leaves a trace in what a layer does.
TRACELESS = ("name", "gamma_initializer", "synchronized")
FORGETTABLE = sorted({(one.layer, name) for one in CASES for name in one.arguments if name not in TRACELESS})
TRAINED = "batch_normalization/saved-in-training/dtype=float32"
UPDATED = "layer_normalization/saved-between-updates"


def forgetting(forget):
    """The reference, whose files hold what `forget` leaves of a layer."""

    class Forgetting(ReferenceAdapter):
        def save(self, layer, folder, how):
            file.save(forget(layer), folder, how)

    return Forgetting()


def without_argument(name):
    def forget(layer):
        return replace(layer, arguments={key: value for key, value in layer.arguments.items() if key != name})

    return forgetting(forget)


def wrong(asked, adapter):
    """Subject and symptom of all that is not right about saving and loading."""
    found = judge(asked, "keras", seen(asked, adapter))
    assert {one.result for one in found if one.aspect != "persistence"} <= {"right"}
    bad = [one for one in found if one.aspect == "persistence" and one.result != "right"]
    return {one.subject.removeprefix("file "): one.symptom for one in bad}


def observed(subject, change):
    """What is wrong when the loaded layer of a trained batch normalization is changed by `change`."""
    before = seen(case(TRAINED))
    saved, loaded = before.restored["file"]
    findings = persistence(case(TRAINED), replace(before, restored={"file": (saved, change(loaded))}))
    return {one.subject: one for one in findings if one.result != "right"}[f"file {subject}"]


@pytest.mark.parametrize("asked", CASES, ids=lambda one: one.id)
def test_the_reference_comes_back_as_it_was(asked):
    assert wrong(asked, ReferenceAdapter()).keys() <= file.NOT_OFFERED.keys()


@pytest.mark.parametrize(("layer", "name"), FORGETTABLE)
def test_a_forgotten_argument_shows_in_what_the_layer_does_or_holds(layer, name):
    """Arguments alone would be too easy: a framework need not tell its own."""
    shown = [
        set(wrong(one, without_argument(name))) - {"arguments"} or one.id
        for one in CASES
        if one.layer == layer and name in one.arguments
    ]
    assert any(isinstance(one, set) for one in shown), shown


@pytest.mark.parametrize("name", ["moving_mean", "moving_variance", "gamma", "beta"])
def test_a_weight_that_is_not_saved_shows(name):
    def zeroed(layer):
        weights = {**layer.weights, name: encode(np.zeros(layer.weights[name].shape), layer.dtype)}
        return replace(layer, weights=weights)

    assert wrong(case(TRAINED), forgetting(zeroed))["values"] == f"values differ: {name}"


def test_a_loaded_layer_that_is_the_saved_one_shows_when_it_is_trained():
    class Same(ReferenceAdapter):
        def save(self, layer, folder, how):
            self.kept = layer

        def load(self, folder, request, how):
            return self.kept

    assert "values" in wrong(case(TRAINED), Same())


@pytest.mark.parametrize("phase", ["save", "load"])
def test_what_saving_or_loading_raises_is_charged_to_persistence_alone(phase):
    def failing(self, *arguments):
        raise OSError("the disk is full")

    asked = case(TRAINED)
    found = judge(asked, "keras", seen(asked, type("Failing", (ReferenceAdapter,), {phase: failing})()))
    assert [(one.aspect, one.subject, one.result) for one in found if one.result != "right"] == [
        ("persistence", "file", "error")
    ]
    assert next(one.message for one in found if one.result == "error") == (
        f"raised OSError in phase {phase}: the disk is full"
    )


def test_a_target_that_does_not_save_is_unsupported_in_that_alone():
    asked = case(TRAINED)
    found = judge(asked, "keras", seen(asked, type("Bare", (ReferenceAdapter,), {"save": Adapter.save})()))
    assert [(one.aspect, one.message) for one in found if one.result != "right"] == [
        ("persistence", "reference does not save layers")
    ]


def test_an_exception_at_a_step_leaves_nothing_settled_but_the_weights():
    asked = case(TRAINED)
    raised = Raised(("ValueError", "Exception"), "no", "call", 1, "")
    found = judge(asked, "keras", replace(seen(asked), raised=raised))
    assert {one.aspect for one in found if one.result == "error"} >= {"output", "state", "persistence"}


def test_arguments_that_changed_are_shown_and_no_others():
    found = observed("arguments", lambda loaded: replace(loaded, arguments={**loaded.arguments, "momentum": 0.99}))
    assert found.message == "arguments: expected {'momentum': 0.75}, got {'momentum': 0.99}"


def test_a_weight_of_another_name_or_shape_shows():
    gamma = Weight("scale", True, encode(np.zeros(4), "float32"))
    found = observed("weights", lambda loaded: replace(loaded, weights=(gamma, *loaded.weights[1:])))
    assert "expected ['gamma [3] float32', " in found.message
    assert "got ['scale [4] float32', " in found.message


def test_a_single_element_of_the_output_shows_with_its_count():
    def change(loaded):
        values = bytearray(loaded.step.output.data)
        values[0] ^= 1
        output = replace(loaded.step.output, data=bytes(values))
        return replace(loaded, step=replace(loaded.step, output=output))

    assert observed("output", change).message == (
        "the loaded layer differs from the saved one in output (1 of 15 elements)"
    )


def test_a_forgotten_initializer_shows_where_the_framework_tells_its_arguments():
    assert set(wrong(case(UPDATED), without_argument("gamma_initializer"))) == {"arguments"}


def test_a_loss_of_another_size_shows():
    adapter = without_argument("gamma_regularizer")
    assert wrong(case(UPDATED), adapter)["loss"] == "loss 0.0"


def test_an_answer_without_a_restored_layer_is_an_error():
    assert [one.result for one in persistence(case(TRAINED), replace(seen(case(TRAINED)), restored={}))] == ["error"]


def test_a_way_that_raises_fails_alone():
    def failing(self, layer, folder, how):
        if how == "copy":
            raise TypeError("cannot be copied")
        ReferenceAdapter.save(self, layer, folder, how)

    asked = case("layer_normalization/every-way")
    found = judge(asked, "keras", seen(asked, type("Failing", (ReferenceAdapter,), {"save": failing})()))
    assert [(one.subject, one.symptom) for one in found if one.result == "error"] == [("copy", "raised TypeError")]
    assert {one.subject.split()[0] for one in found if one.aspect == "persistence" and one.result == "right"} == {
        "weights",
        "configuration",
        "pickle",
    }


def test_weights_alone_may_come_into_a_layer_of_another_name():
    asked = case("layer_normalization/every-way")
    before = seen(asked)
    for how, named in (("weights", False), ("copy", True)):
        saved, loaded = before.restored[how]
        renamed = replace(loaded, arguments={**loaded.arguments, "name": "layer_7"})
        found = persistence(asked, replace(before, restored={**before.restored, how: (saved, renamed)}))
        assert any(one.subject == f"{how} arguments" and one.result == "wrong" for one in found) is named


def test_a_layer_that_feels_what_is_done_to_its_copy_shows():
    found = observed("the original", lambda loaded: replace(loaded, apart=False))
    assert found.symptom == "the original changed"
