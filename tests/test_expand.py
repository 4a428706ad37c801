"""From specs to cases: ids that last, sweeps in full, and the aspects that the requirements ask for."""

from __future__ import annotations

import re
import shlex
import sys
from collections import Counter

import pytest

from normcheck.cases.requests.expand import claim_cases, layer_cases, model_case
from normcheck.cases.suite import asked_of, suite
from normcheck.specs.grammar import ClaimCase, ClaimSpec, ClaimsSpec, Evidence, Expectation, LayerSpec, Source
from normcheck.tests.small_suite import SMALL, SOURCE, case, with_case

SMALL_IDS = """
layer_normalization/example
layer_normalization/agreement
layer_normalization/widths/shape=2x1,input=normal,dtype=float32
layer_normalization/widths/shape=2x1,input=normal,dtype=bfloat16
layer_normalization/widths/shape=2x1,input=large-mean,dtype=float32
layer_normalization/widths/shape=2x1,input=large-mean,dtype=bfloat16
layer_normalization/widths/shape=2x33,input=normal,dtype=float32
layer_normalization/widths/shape=2x33,input=normal,dtype=bfloat16
layer_normalization/widths/shape=2x33,input=large-mean,dtype=float32
layer_normalization/widths/shape=2x33,input=large-mean,dtype=bfloat16
layer_normalization/errors/missing-axis
"""


def swept(over, **fields):
    sweep = {"covers": ["LN-2"], "over": over, **fields}
    spec = LayerSpec.model_validate(SOURCE | {"sweeps": {"s": sweep}, "errors": {}})
    return [one for one in layer_cases(spec) if "/s/" in one.id]


def named(name):
    return {one.id: one for one in layer_cases(SMALL)}[f"layer_normalization/{name}"]


def test_the_ids_of_a_small_spec_are_these_in_this_order():
    assert [one.id for one in layer_cases(SMALL)] == SMALL_IDS.split()


def test_every_id_of_the_packaged_suite_is_unique():
    counted = Counter(one.id for one in suite().cases)
    assert counted.most_common(1)[0][1] == 1
    stated = [one.id for one in suite().by_id.values() if one.id.startswith("claims/")]
    assert len(suite().by_id) == len(counted) + len(stated)


def test_every_id_passes_through_a_shell_and_a_pattern_unharmed():
    for name in suite().by_id:
        assert re.fullmatch(r"[A-Za-z0-9_./=,+-]+", name), name
        assert shlex.split(name) == [name]
        assert len(name) <= 200


def test_an_id_says_every_swept_value():
    over = {
        "axis": [-1, [-1], [0, 1]],
        "epsilon": [1e-5],
        "scale": [True],
        "gamma_initializer": [{"kind": "constant", "value": 0.5}],
        "name": [None],
    }
    ids = [one.id for one in swept(over, shape=[2, 3])]
    assert ids == [
        f"layer_normalization/s/axis={axis},epsilon=1e-05,scale=true,gamma_initializer=constant-0.5,name=none"
        for axis in ("-1", "-1+", "0+1")
    ]


def test_the_empty_shape_has_a_name():
    assert swept({"shape": [[]]})[0].id == "layer_normalization/s/shape=scalar"


def test_a_sweep_gives_each_case_its_values_beside_the_common_ones():
    cases = swept({"dtype": ["float32", "float16"], "epsilon": [0.5, 2.0], "training": [True]}, shape=[2, 3])
    assert [(one.dtype, dict(one.arguments)) for one in cases] == [
        (dtype, {"epsilon": epsilon}) for dtype in ("float32", "float16") for epsilon in (0.5, 2.0)
    ]
    assert {(one.shape, one.steps[0].training) for one in cases} == {((2, 3), True)}


def test_a_list_of_dtypes_gives_a_case_for_each():
    ids = [one.id for one in layer_cases(spec_with({"dtype": ["float64", "bfloat16"], "shape": [2, 3]}))]
    assert ids[:2] == ["layer_normalization/only/dtype=float64", "layer_normalization/only/dtype=bfloat16"]


def spec_with(fields):
    return LayerSpec.model_validate(SOURCE | {"cases": {"only": {"covers": ["LN-2"], **fields}}, "sweeps": {}})


def test_the_aspects_are_those_of_what_is_covered_and_of_what_holds_everywhere():
    assert dict(named("example").requirements) == {"output": ("LN-2", "LN-1")}
    assert dict(named("agreement").requirements) == {"training_agreement": ("LN-3",), "output": ("LN-1",)}


def test_a_requirement_with_several_aspects_is_decided_by_each():
    both = SOURCE["requirements"]["LN-3"] | {"aspect": ["weights", "parameters"]}
    spec = LayerSpec.model_validate(SOURCE | {"requirements": SOURCE["requirements"] | {"LN-3": both}})
    asked = next(one for one in layer_cases(spec) if one.id.endswith("/agreement"))
    assert asked.requirements == {"weights": ("LN-3",), "parameters": ("LN-3",), "output": ("LN-1",)}


def test_literal_input_gives_the_shape_and_steps_take_what_they_leave_out_from_the_case():
    example, agreement = named("example"), named("agreement")
    assert example.shape == (2, 2)
    assert example.steps[0].input == [[0, 10], [20, 30]]
    assert [(step.shape, step.input, step.training) for step in agreement.steps] == [
        ((5, 9), "normal", True),
        ((5, 9), "normal", False),
    ]


def test_a_step_may_leave_training_to_the_framework():
    left = with_case(shape=[2, 3], training=True, steps=[{"training": None}, {}])
    assert [step.training for step in left.steps] == [None, True]


def test_an_error_case_is_asked_in_the_dialects_it_speaks_of_alone():
    asked = named("errors/missing-axis")
    assert asked.requirements == {"error": ("LN-4",)}
    assert asked.dialects == ("keras",)
    assert asked.raises is SMALL.errors["missing-axis"]


def test_an_error_case_may_call_with_another_shape_than_it_builds_for():
    error = SOURCE["errors"]["missing-axis"] | {"call_shape": [2, 4]}
    spec = LayerSpec.model_validate(SOURCE | {"errors": {"other": error}})
    asked = [*layer_cases(spec)][-1]
    assert (asked.shape, asked.steps[0].shape) == ((2, 3), (2, 4))


def test_a_model_is_one_case_of_its_weights_and_counts():
    spec = suite().specs.models["batch_normalization_9"]
    asked = model_case(spec)
    assert asked.id == "models/batch-normalization-9"
    assert asked.requirements == {"weights": ("MS-13",), "parameters": ("MS-14",)}
    assert asked.shape == (2, 9)
    assert asked.layer == "batch_normalization_9"


def test_a_documents_case_is_judged_by_what_the_document_says_alone():
    stated = ClaimCase(
        layer="layer_normalization", aspects=["output"], shape=[2, 2], expect=Expectation(completes=True)
    )
    claims = ClaimsSpec(
        document="document-007",
        title="A document",
        source=Source(title="A document"),
        claims={"C7-1": ClaimSpec(statement="It works.", about=["keras"], holds_when=Evidence(passes=["x"]))},
        cases={"works": stated},
    )
    (asked,) = claim_cases(claims, {"layer_normalization": SMALL})
    assert asked.id == "claims/document-007/works"
    assert not asked.exact
    assert asked.requirements == {"output": ()}


@pytest.mark.parametrize(
    ("dialect", "compiles", "is_asked"), [("keras", False, True), ("torch", False, False), ("keras", True, False)]
)
def test_who_is_asked_a_case(dialect, compiles, is_asked):
    target = type("Target", (), {"dialect": dialect, "compiles": compiles})
    assert asked_of(named("errors/missing-axis"), target) is is_asked


def test_a_case_marked_for_compilation_is_asked_where_each_case_is_compiled():
    target = type("Target", (), {"dialect": "keras", "compiles": True})
    assert asked_of(case("models/batch-normalization-9"), target)


def test_every_packaged_case_looks_at_something_and_every_claim_has_a_case():
    assert all(one.aspects for one in suite().by_id.values())
    assert all(claim.cases for claim in suite().claims.values())


def test_expansion_needs_no_framework():
    assert suite()
    assert not {"torch", "tensorflow", "keras", "jax"} & set(sys.modules)


def test_a_layout_holds_for_every_step_that_says_no_other():
    steps = with_case(shape=[2, 3], layout="strided", steps=[{}, {"layout": "transposed"}]).steps
    assert [step.layout for step in steps] == ["strided", "transposed"]
    assert [step.layout for step in with_case(shape=[2, 3]).steps] == ["contiguous"]


def test_a_layout_may_be_swept():
    cases = swept({"layout": ["contiguous", "reversed"]}, shape=[2, 3])
    assert [(one.id.rpartition("/")[2], one.steps[0].layout) for one in cases] == [
        ("layout=contiguous", "contiguous"),
        ("layout=reversed", "reversed"),
    ]
