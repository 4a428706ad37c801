"""The mutants and the run that hunts them: all of it is `tox run -e power`, a quick form of it is here."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from normcheck.adapters.loading import load
from normcheck.adapters.observe import observe
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.cases.requests.ask import request_for
from normcheck.cases.suite import suite
from normcheck.tests import power
from normcheck.tests.mutants.mutant import mutant
from normcheck.tests.power import Kill, Trial

DOCUMENT = json.loads(power.OUTPUT.read_text(encoding="utf-8"))
FIRST = [(told["id"], case) for told in DOCUMENT["mutants"] for case in told["first_by_trial"].values()]
DEAD = Trial(
    "one", "layer_normalization", "float32", "", (Kill("layer_normalization/three-rows", 4, ("LN-7",), "fail"),)
)
ALIVE = Trial("two", "layer_normalization", "float32", "", ())


def died(name, case):
    """How a mutant dies on a case, state of its own aside."""
    right = power.seen_of(ReferenceAdapter(), case)
    return power._killed(power.mutants()[name](), case, 1, right)


def test_the_published_figure_is_that_of_these_specs_and_everything_dies():
    assert DOCUMENT["spec_digest"] == suite().specs.digest, "the specs changed: run `tox run -e power`"
    assert DOCUMENT["survivors"] == DOCUMENT["wrongly_excused"] == DOCUMENT["escaped"] == []
    killed, of = DOCUMENT["figures"]["trials"]
    assert killed == of > 1000


def test_there_are_at_least_sixty_mutants_over_all_layers():
    faults = [kind.fault for kind in power.mutants().values()]
    assert len(faults) >= 60
    assert {layer for fault in faults for layer in fault.layers} == set(power.layers())


def test_every_mutant_is_listed_in_the_document_and_can_be_had_as_a_target():
    assert [told["id"] for told in DOCUMENT["mutants"]] == list(power.mutants())
    targets = [told["target"] for told in DOCUMENT["mutants"]]
    assert len(set(targets)) == len(targets)
    for told in {told["target"].partition(":")[0]: told for told in DOCUMENT["mutants"]}.values():
        assert load(str(power.FOLDER.parent.parent / told["target"])).name == told["id"]


@pytest.mark.parametrize("layer", power.layers())
def test_the_mutants_die_on_their_first_killer(layer):
    # These die of what an earlier case left behind, or of the process that they are in.
    shared = {"state-shared", "unordered-sums", "output-varies", "by-process"}
    by_id = suite().by_id
    first = {}
    for name, case in FIRST:
        if case.startswith(f"{layer}/") and name not in shared:
            first.setdefault((name, by_id[case].dtype), case)
    assert [name for (name, _), case in first.items() if died(name, by_id[case]) is None] == []


def test_hunted_mutants_die_on_an_entry_that_hunts_them():
    """What the committed run found, and the hunts as they stand: an entry may not promise what it did not kill."""
    known = defaultdict(set)
    for layer, entry, name in power.hunted():
        if name in power.mutants():
            known[entry].add((layer, name))
    assert len(known) > 200
    assert DOCUMENT["escaped"] == []


def test_a_survivor_is_told_and_an_excuse_must_be_true():
    excused = Trial("three", "layer_normalization", "float32", "a reason", DEAD.kills)
    assert power.survivors([DEAD, ALIVE, excused]) == [ALIVE]
    assert power.wrongly_excused([DEAD, ALIVE, excused]) == [excused]
    assert DOCUMENT["wrongly_excused"] == []


def test_a_case_that_alone_kills_carries_its_trial():
    assert power.carriers([DEAD, ALIVE]) == {"layer_normalization/three-rows": ["one layer_normalization float32"]}


def test_no_case_is_idle():
    assert DOCUMENT["idle_cases"] == []


def test_without_kills_a_case_must_cover_what_no_other_does():
    assert "layer_normalization/three-rows" in power.idle([])
    assert "layer_normalization/three-rows" not in power.idle([DEAD])
    assert "layer_normalization/errors/epsilon-negative" not in power.idle([])


def test_a_mutant_without_a_fault_is_never_killed():
    kind = mutant("none", "No fault.", ["layer_normalization"], call=ReferenceAdapter.call)
    case = suite().by_id["layer_normalization/three-rows"]
    right = power.seen_of(ReferenceAdapter(), case)
    assert power._killed(kind(), case, 1, right) is None


def test_the_reference_is_whole_after_a_mutant_has_run():
    case = suite().by_id["layer_normalization/three-rows"]
    before = observe(ReferenceAdapter(), request_for(case, power.DIALECT)).steps
    assert died("epsilon-ignored", case) is not None
    assert observe(ReferenceAdapter(), request_for(case, power.DIALECT)).steps == before


def test_the_table_names_the_first_killer_of_every_mutant():
    lines = power.table([DEAD]).splitlines()
    assert len(lines) == len(power.mutants())
