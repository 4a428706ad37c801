"""The quick and the full list, and what the options select of them."""

from __future__ import annotations

import dataclasses

import pytest

from normcheck.adapters.targets import Target
from normcheck.cases.requests.expand import layer_cases
from normcheck.cases.runs.selection import Selection
from normcheck.cases.suite import suite
from normcheck.specs.aspects import ASPECTS
from normcheck.specs.grammar import LayerSpec
from normcheck.tests.small_suite import SOURCE

OVER = {"shape": [[4, 3], [4, 5]], "dtype": ["float32", "float64"], "input": ["normal", "outlier"]}


def swept(**fields):
    """The cases of the small layer's one sweep."""
    sweeps = {"all": {"covers": ["LN-2"], "over": OVER, **fields}}
    found = layer_cases(LayerSpec.model_validate(SOURCE | {"sweeps": sweeps}))
    return [case for case in found if "/all/" in case.id]


ONE, *_ = (case for case in suite().cases if not case.full and "gradient" in case.aspects)
LONG, *_ = (case for case in suite().cases if case.full)


def test_the_quick_list_has_of_a_sweep_so_many_cases_that_every_two_values_meet():
    found = swept()
    assert len(found) == 8
    assert sum(not case.full for case in found) == 4


def test_a_sweep_may_ask_for_its_product():
    assert not any(case.full for case in swept(quick="product"))


def test_a_sweep_marked_full_is_on_the_full_list_alone():
    assert all(case.full for case in swept(full=True, quick="product"))


def test_the_full_list_has_every_case_and_the_quick_one_has_some():
    every = suite().cases
    assert all(map(Selection(full=True).has, every))
    assert 0 < sum(map(Selection().has, every)) < len(every)


def test_a_case_that_is_named_is_asked_whatever_list_it_is_on():
    assert Selection(cases=(LONG.id,)).has(LONG)
    assert Selection(cases=(f"{LONG.id[:-1]}*",)).has(LONG)
    assert not Selection().has(LONG)
    assert not Selection(full=True, cases=(LONG.id,)).has(ONE)


def test_a_target_that_traces_each_case_meets_every_shape_once_in_one_dtype_on_the_quick_list():
    eager = Target("t", "t", "x:Adapter", "t", "keras", "cpu", "eager")
    graph = dataclasses.replace(eager, traces=True)
    found = swept(over={"shape": [[4, 3], [4, 5], [4, 7]], "dtype": ["float32", "float64"]})
    asked = [case.id.rpartition("/")[2] for case in found if Selection().asks(case, graph)]
    assert asked == ["shape=4x3,dtype=float32", "shape=4x5,dtype=float32", "shape=4x7,dtype=float32"]
    saved = next(case for case in suite().cases if "persistence" in case.aspects and not case.full)
    assert not Selection().asks(saved, graph)
    assert all(Selection().asks(case, eager) for case in (*found, saved))
    assert all(Selection(full=True).asks(case, graph) for case in found)
    assert all(Selection(cases=("*",)).asks(case, graph) for case in found)


def test_a_layer_and_an_aspect_select_within_the_list():
    assert Selection(layers=(ONE.layer,)).has(ONE)
    assert Selection(layers=("other", ONE.layer), aspects=("error", "gradient")).has(ONE)
    assert not Selection(layers=("other",)).has(ONE)
    assert not Selection(aspects=("error",)).has(ONE)
    assert not Selection(layers=(LONG.layer,)).has(LONG)


def test_only_the_aspects_that_are_named_are_judged():
    assert all(map(Selection().judges, ASPECTS))
    assert [*filter(Selection(aspects=("gradient", "state")).judges, ASPECTS)] == ["gradient", "state"]


@pytest.mark.parametrize(
    ("selection", "sentence"),
    [
        (Selection(layers=("layer_norm",)), "--layer layer_norm: there is no layer of this name; did you mean"),
        (Selection(layers=("zzz",)), "there are batch_normalization, "),
        (Selection(aspects=("gradients",)), "--aspect gradients: there is no aspect of this name; did you mean"),
    ],
)
def test_a_name_that_is_not_known_is_refused_with_the_nearest(selection, sentence):
    assert sentence in selection.wrong(suite().subjects)


def test_known_names_are_not_refused():
    assert Selection(layers=("layer_normalization",), aspects=("gradient",)).wrong(suite().subjects) == ""


@pytest.mark.parametrize("selection", [Selection(cases=("a",)), Selection(layers=("a",)), Selection(aspects=("a",))])
def test_a_selection_narrows_and_a_list_does_not(selection):
    assert selection.narrowed
    assert not Selection(full=True).narrowed
