"""From the `benchmarks` of the specs to what is asked: ids, lists, dialects, costs, and what has to be right."""

from __future__ import annotations

import pytest

from normcheck.adapters.process.machine import fingerprint, machine
from normcheck.adapters.targets import Target
from normcheck.cases.benchmarks.benchmark import asked_of, benchmarks, selected
from normcheck.cases.requests.ask import request_for
from normcheck.cases.suite import suite

EVERY = list(benchmarks(suite().specs.layers))
BY_ID = {one.id: one for one in EVERY}
SMALL = "layer_normalization/benchmarks/language/size=small,dtype=float32,pass="


def target(dialect):
    return Target("one", "one", "one:One", "one", dialect, "cpu", "eager")


def test_every_layer_is_timed_and_every_id_is_its_own():
    assert {one.spec.layer for one in EVERY} == set(suite().specs.layers)
    assert len(BY_ID) == len(EVERY)
    assert not set(BY_ID) & set(suite().by_id)


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_what_a_call_costs_is_known_in_every_dialect_that_is_asked(one):
    for dialect in one.case.dialects:
        assert one.bytes(dialect) >= 2 * 2 * one.case.shape[0]
        assert one.operations(dialect) > one.case.shape[0]


def test_a_layer_normalization_moves_its_input_and_its_output_once():
    elements, features = 32 * 128, 128
    assert BY_ID[f"{SMALL}inference"].bytes("torch") == 4 * (2 * elements + 2 * features)
    assert BY_ID[f"{SMALL}backward"].bytes("torch") == 4 * (5 * elements + 5 * features)


def test_passes_are_calls_with_and_without_training_and_gradients():
    steps = {
        what: request_for(BY_ID[SMALL + what].case, "torch").steps for what in ("inference", "training", "backward")
    }
    assert [(one.training, one.upstream is None) for (one,) in steps.values()] == [
        (False, True),
        (True, True),
        (True, False),
    ]


def test_only_what_binds_has_to_be_right_before_a_call_is_timed():
    for one in EVERY:
        named = {name for names in one.case.requirements.values() for name in names}
        assert all(one.spec.requirements[name].must for name in named)
        assert one.case.requirements["output"]


def test_a_layout_that_a_framework_does_not_use_is_not_asked_of_it():
    first = next(one for one in EVERY if "batch_normalization/benchmarks/channels-first" in one.id)
    assert asked_of(first, target("torch"))
    assert not asked_of(first, target("keras"))


def test_the_quick_list_has_the_first_dtype_and_patterns_name_any():
    assert {one.case.dtype for one in selected(EVERY)} == {"float32"}
    assert {one.case.dtype for one in selected(EVERY, full=True)} == {"float32", "bfloat16"}
    assert [one.id for one in selected(EVERY, ids=["rms*size=small,dtype=bfloat16,pass=training"])] == [
        "rms_normalization/benchmarks/language/size=small,dtype=bfloat16,pass=training"
    ]
    assert {one.spec.layer for one in selected(EVERY, layers=["unit_normalization"])} == {"unit_normalization"}


def test_machines_alike_have_one_fingerprint():
    here = machine()
    assert fingerprint(here) == fingerprint(dict(reversed(here.items())))
    assert fingerprint(here) != fingerprint(here | {"cores": "0"})


def test_a_machine_with_another_accelerator_is_another_one():
    assert machine("") == machine()
    assert len({fingerprint(machine(model)) for model in ("", "NVIDIA H100", "NVIDIA H200")}) == 3
