"""What a record says of cases besides how they were judged: scripts of findings, where they can be written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from normcheck.adapters.targets import Target
from normcheck.cases.runs.describing import LONGEST_SCRIPT, Describing
from normcheck.cases.suite import suite
from normcheck.tests import records

SMALL = "batch_normalization/default-momentum/dtype=float16"
LARGE = "batch_normalization/default-epsilon/dtype=float16"


@pytest.fixture
def torch():
    return Target(
        id="torch-cpu-eager",
        name="torch",
        adapter="normcheck.adapters.torch:TorchAdapter",
        title="torch 2.13.0 · cpu · eager",
        dialect="torch",
        device="cpu",
        mode="eager",
        versions={"torch": "2.13.0"},
    )


def told(*checks, by_id=None):
    found = Describing(suite().by_id if by_id is None else by_id)
    for check in checks:
        found.met(check.model_dump())
    return found


def test_each_finding_on_a_target_has_a_script_of_one_case(torch):
    wrong = [records.failure(case, known="K-1", outcome="known") for case in (LARGE, SMALL)]
    (one,) = told(*wrong).scripts(lambda: (torch,))
    assert one.case in (SMALL, LARGE)
    assert one.target == torch.id
    assert "torch.nn.BatchNorm" in one.text
    assert len(one.text) <= LONGEST_SCRIPT
    compile(one.text, one.case, "exec")


def test_what_is_right_or_of_no_spec_has_no_script(torch):
    assert not list(told(records.check(SMALL), records.failure("no/such")).scripts(lambda: (torch,)))


def test_targets_are_not_looked_for_where_nothing_is_wrong():
    def refused():
        raise AssertionError

    assert not list(told(records.check(SMALL)).scripts(refused))


def test_a_target_without_scripts_and_one_that_is_away_have_none(torch):
    wrong = told(records.failure(SMALL))
    assert not list(wrong.scripts(lambda: (replace(torch, adapter="folder/mine.py:Adapter"),)))
    assert not list(wrong.scripts(lambda: ()))


def test_a_case_that_cannot_be_made_ends_nothing(torch):
    broken = {SMALL: replace(suite().by_id[SMALL], weights={"gamma": [[1.0], [2.0, 3.0]]})}
    assert not list(told(records.failure(SMALL), by_id=broken).scripts(lambda: (torch,)))


def test_a_case_is_described_once():
    found = told()
    first = found.first_of(SMALL)
    assert first is not None
    assert (first.case, first.layer, first.steps[0].do) == (SMALL, "batch_normalization", "call")
    assert found.first_of(SMALL) is None
    assert found.first_of("no/such") is None
