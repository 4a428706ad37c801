"""What an adapter's methods do becomes an observation, whatever comes out of them."""

from __future__ import annotations

import importlib
import logging
import os
import warnings
from dataclasses import replace

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.interface import Adapter, Request, Step, Unsupported, Weight
from normcheck.adapters.observe import MESSAGE, observe

X = encode(np.arange(6.0).reshape(2, 3), "float32")
ONES = encode(np.ones((2, 3)), "float32")
CALL = Request("case", "layer_normalization", {}, (2, 3), "float32", steps=(Step("call", X, False, ONES),))


class Doubling(Adapter):
    """Multiplies by a weight; counts its calls in a non-trainable one. Native arrays are NumPy's."""

    name = "doubling"

    def construct(self, layer, arguments, shape, dtype):
        return {"factor": np.float32([2.0]), "calls": np.zeros((), np.int64)}

    def weights(self, layer):
        return [
            Weight("factor", True, encode(layer["factor"])),
            Weight("calls", False, encode(layer["calls"])),
        ]

    def parameters(self, layer):
        return 1, 1

    def assign(self, layer, values):
        layer |= {name: decode(value) for name, value in values.items()}

    def to_native(self, array):
        return decode(array).copy()

    def to_array(self, native):
        return encode(native)

    def call(self, layer, x, training):
        layer["calls"] = layer["calls"] + 1
        return x * layer["factor"]

    def gradient(self, layer, x, training, upstream):
        gradients = {"input": upstream * layer["factor"], "factor": np.sum(upstream * x, keepdims=True)[0]}
        return self.call(layer, x, training), gradients

    def adapt(self, layer, data):
        layer["factor"] = data.mean(keepdims=True)[0]

    def update(self, layer, x, upstream, learning_rate):
        output = x * layer["factor"]
        layer["factor"] = layer["factor"] - np.float32(learning_rate) * np.sum(upstream * x)
        return output, 0.5


def having(**methods):
    """The doubling adapter with methods replaced; a sentence means unsupported, an exception is raised."""

    def method(answer):
        def raising(self, *arguments):
            raise Unsupported(answer) if isinstance(answer, str) else answer

        return answer if callable(answer) else raising

    return type("Changed", (Doubling,), {name: method(answer) for name, answer in methods.items()})()


def test_a_call_with_gradient_shows_output_gradients_weights_and_counts():
    seen = observe(Doubling(), CALL)
    (step,) = seen.steps
    assert (seen.case, seen.raised, dict(seen.unsupported), seen.parameters) == ("case", None, {}, (1, 1))
    assert [weight.name for weight in seen.weights] == ["factor", "calls"]
    assert np.array_equal(decode(step.output), 2 * decode(X))
    assert {name: decode(value).tolist() for name, value in step.gradients.items()} == {
        "input": [[2.0] * 3] * 2,
        "factor": [15.0],
    }
    assert seen.seconds > 0


def test_the_listed_weights_are_the_initial_ones_and_the_assigned_ones_are_used():
    seen = observe(Doubling(), replace(CALL, weights={"factor": encode(np.float32([3.0]))}))
    assert decode(seen.weights[0].value).tolist() == [2.0]
    assert np.array_equal(decode(seen.steps[0].output), 3 * decode(X))


def test_after_a_call_all_weights_are_read_and_state_goes_on():
    seen = observe(Doubling(), replace(CALL, steps=(Step("call", X), Step("call", X))))
    assert [set(step.weights) for step in seen.steps] == [{"factor", "calls"}] * 2
    assert [step.weights_kept for step in seen.steps] == [True, True]
    assert [int(decode(step.weights["calls"])) for step in seen.steps] == [1, 2]


def test_without_upstream_no_gradient_is_asked_for():
    seen = observe(having(gradient=AssertionError("asked")), replace(CALL, steps=(Step("call", X),)))
    assert seen.raised is None
    assert seen.steps[0].gradients == {}


def test_an_update_shows_all_weights_and_the_losses():
    seen = observe(Doubling(), replace(CALL, steps=(Step("update", X, True, ONES, 0.1),)))
    assert seen.steps[0].loss == 0.5
    assert decode(seen.steps[0].weights["factor"]).tolist() == [np.float32(0.5)]
    assert set(seen.steps[0].weights) == {"factor", "calls"}


def test_adapting_changes_what_a_later_call_gives():
    seen = observe(Doubling(), replace(CALL, steps=(Step("adapt", X), Step("call", ONES))))
    assert seen.steps[0].output is None
    assert np.array_equal(decode(seen.steps[1].output), np.full((2, 3), 2.5))


def test_an_unsupported_layer_leaves_nothing_but_the_reason():
    seen = observe(having(construct="no such layer"), replace(CALL, repeat=True))
    assert dict(seen.unsupported) == {"layer": "no such layer"}
    assert (seen.weights, seen.steps, seen.raised, seen.repeats) == ((), (), None, None)


def test_an_unsupported_gradient_still_shows_the_output():
    seen = observe(having(gradient="no gradients"), CALL)
    assert dict(seen.unsupported) == {"gradient": "no gradients"}
    assert np.array_equal(decode(seen.steps[0].output), 2 * decode(X))


@pytest.mark.parametrize("kind", ["adapt", "update"])
def test_an_unsupported_change_ends_the_steps(kind):
    steps = (Step("call", X), Step(kind, X, True, ONES), Step("call", X))
    seen = observe(having(**{kind: "cannot"}), replace(CALL, steps=steps))
    assert dict(seen.unsupported) == {kind: "cannot"}
    assert len(seen.steps) == 1


def test_weights_that_cannot_be_listed_leave_the_rest_to_be_seen():
    seen = observe(having(weights="none to list", parameters="no count"), CALL)
    assert dict(seen.unsupported) == {"weights": "none to list"}
    assert (seen.weights, seen.parameters) == ((), None)
    assert seen.steps[0].output is not None


def test_weights_that_cannot_be_set_end_the_request_for_other_values_would_be_seen():
    seen = observe(having(assign="cannot set"), replace(CALL, weights={"factor": ONES}))
    assert dict(seen.unsupported) == {"weights": "cannot set"}
    assert seen.steps == ()


@pytest.mark.parametrize(
    ("method", "phase", "step"),
    [
        ("construct", "construct", None),
        ("build", "build", None),
        ("assign", "assign", None),
        ("call", "call", 0),
        ("gradient", "gradient", 0),
        ("adapt", "adapt", 1),
        ("update", "update", 2),
    ],
)
def test_an_exception_is_told_with_its_phase_and_step(method, phase, step):
    steps = (Step("call", X, None, ONES), Step("adapt", X), Step("update", X, True, ONES))
    request = replace(CALL, steps=steps, weights={"factor": encode(np.float32([3.0]))})
    seen = observe(having(**{method: IndexError("tuple index out of range")}), request)
    assert seen.raised.types == ("IndexError", "LookupError", "Exception", "BaseException")
    assert (seen.raised.message, seen.raised.phase, seen.raised.step) == (
        "tuple index out of range",
        phase,
        step,
    )
    assert len(seen.steps) == (step or 0)


def test_running_out_of_memory_is_an_exception_like_others():
    seen = observe(having(call=MemoryError()), CALL)
    assert seen.raised.types[0] == "MemoryError"
    assert seen.raised.phase == "call"


def test_a_framework_that_exits_is_told_too():
    assert observe(having(build=SystemExit(3)), CALL).raised.types[0] == "SystemExit"


def test_an_interrupt_goes_through():
    with pytest.raises(KeyboardInterrupt):
        observe(having(build=KeyboardInterrupt()), CALL)


def test_a_long_message_is_cut():
    message = observe(having(build=ValueError("x" * 10 * MESSAGE)), CALL).raised.message
    assert message == "x" * MESSAGE + "…"


def test_an_exception_whose_message_cannot_be_read_is_told_by_its_type():
    class BrokenError(Exception):
        def __str__(self):
            raise ZeroDivisionError

    raised = observe(having(build=BrokenError()), CALL).raised
    assert raised.types[0] == "BrokenError"
    assert "ZeroDivisionError" in raised.message


def test_the_traceback_ends_where_the_exception_came_from():
    last = observe(having(build=ValueError("no")), CALL).raised.traceback.splitlines()[-1]
    assert "test_observe.py" in last
    assert "in raising" in last


def test_an_input_that_is_overwritten_is_noticed_and_hurts_no_later_step():
    def overwriting(self, layer, x, training):
        output = x * 2
        x[...] = 0
        return output

    seen = observe(having(call=overwriting), replace(CALL, steps=(Step("call", X), Step("call", X))))
    assert [step.input_kept for step in seen.steps] == [False, False]
    assert seen.steps[0].output == seen.steps[1].output == encode(2 * decode(X))


def test_a_warning_is_no_exception_even_where_warnings_are_errors():
    def warning(self, layer, x, training):
        warnings.warn("an old name", DeprecationWarning, stacklevel=1)
        return x

    seen = observe(having(call=warning), replace(CALL, steps=(Step("call", X),)))
    assert seen.raised is None


def test_an_input_left_alone_is_kept():
    assert observe(Doubling(), CALL).steps[0].input_kept


def test_an_instance_that_does_the_same_repeats():
    assert observe(Doubling(), replace(CALL, repeat=True)).repeats is True
    assert observe(Doubling(), CALL).repeats is None


def test_nan_repeats_itself():
    seen = observe(having(update=lambda *_: (np.float32([np.nan]), float("nan"))), _updating())
    assert seen.repeats is True


def test_an_instance_that_does_otherwise_does_not_repeat():
    bits = iter((1.0, np.nextafter(np.float32(1), np.float32(2))))
    assert observe(having(update=lambda *_: (np.float32([next(bits)]), 0.0)), _updating()).repeats is False


def test_exceptions_repeat_by_their_type():
    assert observe(having(build=ValueError("at 0x7f3a")), replace(CALL, repeat=True)).repeats is True


def _updating():
    return replace(CALL, steps=(Step("update", X, True, ONES),), repeat=True)


def test_a_model_is_constructed_from_its_layers():
    built = []

    def construct_model(self, form, layers, shape, dtype):
        built.append((form, layers, shape, dtype))
        return self.construct("", {}, shape, dtype)

    request = replace(CALL, layer="functional", layers=(("dense", {"units": 3}),))
    assert observe(having(construct_model=construct_model), request).raised is None
    assert built == [("functional", (("dense", {"units": 3}),), (2, 3), "float32")]


def test_an_adapter_that_only_constructs_is_unsupported():
    class Bare(Adapter):
        name = "bare"

        def construct(self, layer, arguments, shape, dtype):
            return object()

    assert dict(observe(Bare(), CALL).unsupported) == {"layer": "bare takes no arrays"}


def arranging(self, native, layout):
    return {"transposed": np.asfortranarray, "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2]}[layout](native)


@pytest.mark.parametrize("layout", ["transposed", "strided"])
def test_input_and_incoming_gradient_lie_as_asked_and_have_the_same_values(layout):
    strides = []

    def gradient(self, layer, x, training, upstream):
        strides.append((x.strides, upstream.strides))
        return Doubling.gradient(self, layer, x, training, upstream)

    adapter = having(arrange=arranging, gradient=gradient)
    seen = observe(adapter, replace(CALL, steps=(replace(CALL.steps[0], layout=layout),)))
    assert strides == [({"transposed": (4, 8), "strided": (24, 8)}[layout],) * 2]
    assert replace(seen, seconds=0.0) == replace(observe(Doubling(), CALL), seconds=0.0)


def test_an_input_that_is_overwritten_where_it_lies_is_noticed():
    def overwriting(self, layer, x, training):
        x[0, 1] = 7
        return x * 2

    step = Step("call", X, layout="strided")
    seen = observe(having(arrange=arranging, call=overwriting), replace(CALL, steps=(step,)))
    assert not seen.steps[0].input_kept


def test_a_layout_that_cannot_be_had_is_unsupported():
    seen = observe(Doubling(), replace(CALL, steps=(Step("call", X, layout="strided"),)))
    assert dict(seen.unsupported) == {"layer": "doubling does not choose how arrays lie in memory"}


def test_where_arrays_are_contiguous_nothing_is_arranged():
    assert observe(having(arrange=AssertionError("asked")), CALL).raised is None


def saving(self, layer, folder, how):
    assert os.listdir(folder) == []
    self.folder = folder
    np.savez(os.path.join(folder, "layer.npz"), **layer)


def loading(self, folder, request, how):
    self.asked = request
    return dict(np.load(os.path.join(folder, "layer.npz")))


RESTORE = replace(CALL, weights={"factor": encode(np.float32([3.0]))}, restore=("file",))


def test_a_restored_layer_is_seen_beside_the_saved_one_after_the_steps():
    adapter = having(save=saving, load=loading)
    seen = observe(adapter, RESTORE)
    saved, loaded = seen.restored["file"]
    assert saved == loaded
    assert [decode(one.value).tolist() for one in loaded.weights] == [[3.0], 1]
    assert np.array_equal(decode(loaded.step.output), 3 * decode(X))
    assert set(loaded.step.gradients) == {"input", "factor"}
    assert int(decode(loaded.step.weights["calls"])) == 2
    assert len(seen.steps) == 1
    assert adapter.asked is RESTORE
    assert not os.path.exists(adapter.folder)


def test_the_last_step_is_the_one_that_is_done_once_more():
    steps = (Step("call", X), Step("update", X, True, ONES, 0.1))
    saved, loaded = observe(having(save=saving, load=loading), replace(RESTORE, steps=steps)).restored["file"]
    assert saved.step.loss == loaded.step.loss == 0.5


def test_nothing_is_saved_unless_asked():
    seen = observe(having(save=AssertionError("asked")), CALL)
    assert (seen.raised, seen.restored) == (None, {})


@pytest.mark.parametrize("methods", [{"save": "no files"}, {"save": saving, "load": "no files"}])
def test_a_layer_that_cannot_be_saved_or_loaded_is_unsupported_in_that_alone(methods):
    seen = observe(having(**methods), RESTORE)
    assert dict(seen.unsupported) == {"persistence file": "no files"}
    assert (len(seen.steps), seen.restored, seen.raised) == (1, {}, None)


def test_an_exception_while_loading_comes_after_the_steps_and_leaves_no_folder():
    adapter = having(save=saving, load=OSError("cut short"))
    seen = observe(adapter, RESTORE)
    refused = seen.refused["file"]
    assert (refused.phase, refused.step, refused.message) == ("load", None, "cut short")
    assert (len(seen.steps), seen.raised, seen.restored) == (1, None, {})
    assert not os.path.exists(adapter.folder)


def test_a_format_that_raises_or_is_not_offered_costs_the_others_nothing():
    def choosing(self, layer, folder, how):
        if how == "legacy":
            raise OSError("no old files")
        if how == "whole":
            raise Unsupported("no objects")
        saving(self, layer, folder, how)

    asked = replace(RESTORE, restore=("legacy", "whole", "file"))
    seen = observe(having(save=choosing, load=loading), asked)
    assert (list(seen.restored), list(seen.refused), list(seen.unsupported)) == (
        ["file"],
        ["legacy"],
        ["persistence whole"],
    )


def test_what_the_loaded_layer_raises_is_charged_to_its_format():
    def broken(self, folder, request, how):
        return {}

    seen = observe(having(save=saving, load=broken), RESTORE)
    assert (list(seen.refused), seen.raised, seen.restored) == (["file"], None, {})


@pytest.mark.parametrize("shared", [True, False])
def test_a_layer_that_comes_back_and_is_not_apart_is_seen(shared):
    """One that hands back the saved layer itself, and one that makes another of it."""

    def keeping(self, layer, folder, how):
        self.kept = layer

    def giving(self, folder, request, how):
        return self.kept if shared else dict(self.kept)

    _, loaded = observe(having(save=keeping, load=giving), RESTORE).restored["file"]
    assert loaded.apart is not shared


def test_what_a_framework_tells_of_its_arguments_is_on_both_sides():
    adapter = having(save=saving, load=loading, arguments=lambda self, layer: {"size": len(layer)})
    assert [dict(side.arguments) for side in observe(adapter, RESTORE).restored["file"]] == [{"size": 2}] * 2


def test_a_call_that_changes_a_trainable_weight_is_seen():
    def drifting(self, layer, x, training):
        layer["factor"] = layer["factor"] + 1
        return x * layer["factor"]

    seen = observe(having(call=drifting), replace(CALL, steps=(Step("call", X),)))
    assert not seen.steps[0].weights_kept


def test_warnings_and_configuration_are_told_where_they_are_asked_for():
    def warning(self, layer, x, training):
        for _ in range(2):
            warnings.warn("an old name", DeprecationWarning, stacklevel=1)
        logging.getLogger("absl").warning("an old %s", "file")
        logging.getLogger("absl").info("a file")
        logging.getLogger("absl").warning("5 out of the last 5 calls triggered tf.function retracing")
        warnings.warn("still open", ResourceWarning, stacklevel=1)
        return x

    logging.getLogger("absl")
    adapter = having(call=warning, arguments=lambda *_: {"epsilon": 1, "axis": 2})
    asked = replace(CALL, steps=(Step("call", X), Step("call", X)), repeat=True)
    seen = observe(adapter, replace(asked, describe=True))
    assert seen.warnings == ("DeprecationWarning: an old name", "absl: an old file")
    assert seen.configuration == ("axis", "epsilon")
    silent = observe(adapter, asked)
    assert (silent.warnings, silent.configuration) == ((), ())
    assert replace(seen, warnings=(), configuration=(), seconds=silent.seconds) == silent


def test_a_configuration_that_cannot_be_told_is_empty():
    seen = observe(having(arguments=ValueError("no configuration")), replace(CALL, describe=True))
    assert (seen.configuration, seen.raised) == ((), None)


def test_what_a_module_warns_of_when_it_is_loaded_is_of_no_case(tmp_path, monkeypatch):
    (tmp_path / "warns_when_loaded.py").write_text("import warnings\nwarnings.warn('old', DeprecationWarning)\n")
    monkeypatch.syspath_prepend(tmp_path)

    def loading(self, layer, x, training):
        importlib.import_module("warns_when_loaded")
        return x

    assert observe(having(call=loading), replace(CALL, describe=True)).warnings == ()
