"""A plain function is judged on what it names, and on nothing else."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.function import FunctionAdapter
from normcheck.adapters.interface import Adapter, Request, Step, Unsupported
from normcheck.adapters.observe import observe
from normcheck.adapters.smoke import smoke
from normcheck.cases.judgement.finding import check_line
from normcheck.cases.judgement.judge import judge
from normcheck.cases.suite import suite
from normcheck.tests.small_suite import case, seen
from normcheck.tests.suite_runs import CLONE, record, run

X = encode(np.arange(24.0).reshape(2, 3, 4), "float32")
EXAMPLE = CLONE / "docs" / "examples" / "numpy_function.py"


def adapter(function, layer="layer_normalization", **options):
    return type("Own", (FunctionAdapter,), {"name": "own", "layers": {layer: function}, **options})()


def told(function, arguments=None, layer="layer_normalization", training=None, **options):
    """What a function is called with, or why it is not."""
    found = {}

    def recording(x, **given):
        found.update(given)
        return x

    recording.__signature__ = __import__("inspect").signature(function)
    request = Request("c", layer, arguments or {}, X.shape, "float32", steps=(Step("call", X, training),))
    answer = observe(adapter(recording, layer, **options), request)
    return found if answer.steps else (answer.unsupported or answer.raised)


def example():
    spec = importlib.util.spec_from_file_location("numpy_function", EXAMPLE)
    module = sys.modules["numpy_function"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Adapter()


def judged(asked, adapter):
    return [check_line(finding, asked, "own") for finding in judge(asked, "keras", seen(asked, adapter))]


def test_a_function_is_given_its_weights_and_the_arguments_that_it_names():
    found = told(lambda x, gamma, beta, *, axis, epsilon: 0, {"axis": [1, 2], "epsilon": 0.5})
    assert (found["axis"], found["epsilon"]) == ((1, 2), 0.5)
    assert (found["gamma"] == np.ones((3, 4))).all()
    assert (found["beta"] == np.zeros((3, 4))).all()
    assert {found["gamma"].dtype, found["beta"].dtype} == {np.dtype("float32")}


def test_what_a_case_leaves_out_has_the_functions_own_default_or_the_dialects():
    assert told(lambda x, gamma, beta, *, axis, epsilon: 0)["epsilon"] == 1e-3
    assert told(lambda x, weight, bias, *, axis, epsilon: 0, dialect="torch")["epsilon"] == 1e-5
    assert "epsilon" not in told(lambda x, gamma, beta, *, axis, epsilon=0.25: 0)


def test_weights_can_come_in_a_shape_that_broadcasts():
    assert told(lambda x, gamma, beta, *, axis: 0, {"axis": 1}, broadcast=True)["gamma"].shape == (1, 3, 1)


def test_a_weight_that_a_case_goes_without_is_left_to_its_default():
    assert "gamma" not in told(lambda x, gamma=1, beta=0: 0, {"scale": False})
    assert "give it a default" in told(lambda x, gamma, beta: 0, {"scale": False})["layer"]


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [
        (lambda x, gamma: 0, {}, "takes no beta"),
        (lambda x, gamma, beta: 0, {"axis": 1, "epsilon": 0.5}, "takes no epsilon"),
        (lambda x, gamma, beta, *, groups: 0, {}, "no default for groups"),
    ],
)
def test_what_a_function_does_not_name_is_unsupported(function, arguments, said):
    assert said in told(function, arguments)["layer"]


def test_a_parameter_that_stands_for_nothing_is_a_fault_of_the_adapter():
    assert "takes eps, which is neither a weight nor an argument" in smoke(adapter(lambda x, gamma, beta, *, eps: x))


def test_what_numpy_does_not_have_is_unsupported():
    with pytest.raises(Unsupported, match="bfloat16"):
        adapter(lambda x, gamma, beta: x).construct("layer_normalization", {}, (2, 3), "bfloat16")


def test_statistics_that_a_function_gives_are_kept():
    def batch_norm(x, gamma, beta, moving_mean, moving_variance, *, training):
        return (x, {"moving_mean": moving_mean + 1}) if training else x

    steps = (Step("call", X, True), Step("call", X, False))
    request = Request("c", "batch_normalization", {}, X.shape, "float32", steps=steps)
    first, second = observe(adapter(batch_norm, "batch_normalization"), request).steps
    assert (decode(first.weights["moving_mean"]) == np.ones(4)).all()
    assert first.weights == second.weights


def test_a_function_that_gives_something_else_is_told_so():
    answer = observe(
        adapter(lambda x, gamma, beta: (x, x, x)),
        Request("c", "layer_normalization", {}, X.shape, "float32", steps=(Step("call", X),)),
    )
    assert "a function gives its output, or (output" in answer.raised.message


def test_gradients_are_unsupported_unless_the_adapter_gives_them():
    plain = seen(case("layer_normalization/documentation-example"), adapter(lambda x, gamma, beta, **o: x))
    assert "`gradients`" in plain.unsupported["gradient"]


def test_the_example_is_right_wherever_it_is_judged():
    own = example()
    asked = [one for one in suite().cases if one.layer == "layer_normalization" and not one.full and one.other is None]
    lines = [line for one in asked[::7] if one.dialects is None for line in judged(one, own)]
    assert {line.outcome for line in lines} == {"pass", "unsupported"}
    assert "gradient" in {line.aspect for line in lines if line.outcome == "pass"}


def test_the_emptiest_adapter_is_unsupported_everywhere_and_never_a_crash():
    empty = Adapter()
    assert smoke(empty) is None
    for one in suite().cases[::20]:
        answer = seen(one, empty)
        assert answer.raised is None
        assert set(answer.unsupported) == {"layer"}


def test_an_adapter_with_one_method_is_unsupported_in_the_rest():
    barely = type("Barely", (Adapter,), {"name": "barely", "construct": lambda self, *given: given})()
    assert smoke(barely) is None
    for one in [each for each in suite().cases if each.layer == "layer_normalization" and not each.raises][::10]:
        assert {line.outcome for line in judged(one, barely)} == {"unsupported"}


def test_an_empty_class_in_a_file_ends_in_a_sentence(tmp_path):
    own = tmp_path / "empty.py"
    own.write_text("from normcheck.adapters.interface import Adapter as Base\n\n\nclass Adapter(Base):\n    pass\n")
    done = run(tmp_path, "--target", own, "--case", "layer_normalization/documentation-example")
    assert done.returncode == 1
    assert "Nothing was judged" in done.text
    assert {check.outcome for check in record(tmp_path).checks} == {"unsupported"}
