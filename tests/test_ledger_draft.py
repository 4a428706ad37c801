"""A draft of the ledger groups failures, explains itself and quotes what it does not trust."""

from __future__ import annotations

import yaml

from normcheck.reports.ledger_draft import draft
from normcheck.tests import records


def entries(whole):
    return yaml.safe_load(draft(whole))["entries"]


def test_failures_of_one_kind_are_one_entry():
    whole = records.record(records.failure("a/y"), records.failure("a/x"), records.check("a/z"))
    assert entries(whole) == {
        "torch-cpu-eager-a-output-unbiased-variance": {
            "target": "torch-cpu-eager",
            "versions": ["torch==2.13.*"],
            "cases": ["a/x", "a/y"],
            "aspect": "output",
            "subject": "",
            "requirement": "LN-1",
            "symptom": "unbiased variance",
            "reason": "(say why)",
            "link": "",
        }
    }


def test_what_differs_in_aspect_subject_symptom_or_requirement_stays_apart():
    whole = records.record(
        records.failure("a/1"),
        records.failure("a/1", aspect="state"),
        records.failure("a/1", subject="gamma"),
        records.failure("a/1", symptom="wrong epsilon"),
        records.failure("a/1", failed=["LN-2"]),
    )
    assert len(entries(whole)) == 5


def test_an_adapter_whose_targets_all_fail_alike_has_one_entry():
    both = [records.target(), records.target("torch-cpu-compile")]
    whole = records.record(records.failure(), records.failure(target="torch-cpu-compile"), targets=both)
    assert [entry["target"] for entry in entries(whole).values()] == ["torch"]


def test_targets_of_an_adapter_that_fail_differently_stay_apart():
    three = [records.target(), records.target("torch-cpu-compile"), records.target("torch-cuda-eager")]
    whole = records.record(records.failure(), records.failure(target="torch-cpu-compile"), targets=three)
    assert [entry["target"] for entry in entries(whole).values()] == ["torch-cpu-eager", "torch-cpu-compile"]


def test_what_is_explained_and_what_passes_unexpectedly_is_not_drafted():
    whole = records.record(
        records.failure(outcome="known", known="torch-1"),
        records.failure("a/y", symptom="unexpected pass"),
        records.check("a/z", "unsupported"),
    )
    assert entries(whole) == {}


def test_a_crash_without_a_symptom_or_a_requirement_is_drafted():
    entry = next(iter(entries(records.record(records.check(outcome="crash"))).values()))
    assert entry["symptom"] == ""
    assert "requirement" not in entry


def test_the_draft_says_how_to_use_it():
    assert draft(records.record(records.failure())).startswith("# A draft of ledger entries")


def test_versions_that_are_no_versions_are_left_out():
    for versions in ({}, {"torch": "git-main"}):
        whole = records.record(records.failure(), targets=[records.target(versions=versions)])
        assert next(iter(entries(whole).values()))["versions"] == []


def test_names_from_a_record_are_values_whatever_they_look_like():
    odd = "!!python/object: &a *b\n# [x]: {y}\x1b"
    whole = records.record(
        records.failure(odd, target=odd, aspect=odd, subject=odd, symptom="a*[b]", failed=[odd]), targets=[]
    )
    ((name, entry),) = entries(whole).items()
    assert entry["cases"] == [odd]
    assert entry["aspect"] == odd
    assert entry["symptom"] == "a[*][[]b]"
    assert name.replace("-", "").isalnum()
