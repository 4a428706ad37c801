"""A document's claim holds, is refuted, or cannot be told, from what its cases showed."""

from __future__ import annotations

import pytest

from normcheck.cases.judgement.claims import case_ids, told, verdict
from normcheck.cases.judgement.finding import Finding
from normcheck.cases.suite import settled_on, suite
from normcheck.specs.grammar import ClaimSpec, Evidence

KNOWN = ["ln/a", "ln/b/x=1", "ln/b/x=2", "bn/a"]


def claim(**holds_when):
    statement = "Layer normalization does what it says."
    return ClaimSpec(statement=statement, about=["keras"], holds_when=Evidence(**holds_when))


def settled(outcomes, **holds_when):
    return verdict("C1-1", claim(**holds_when), "keras-cpu-eager", outcomes)


def findings(*results):
    return [Finding("output", result) for result in results]


@pytest.mark.parametrize(
    ("results", "outcome"),
    [
        (["right"], "passes"),
        (["right", "unsupported"], "passes"),
        (["right", "wrong"], "fails"),
        (["error"], "fails"),
        (["unsupported", "wrong"], "fails"),
        (["unsupported"], "unsupported"),
        (["wrong", "crash"], "untold"),
        (["timeout"], "untold"),
        ([], "untold"),
    ],
)
def test_what_the_findings_of_one_case_say(results, outcome):
    assert told(findings(*results)) == outcome


@pytest.mark.parametrize(
    ("holds_when", "outcomes", "settlement"),
    [
        ({"passes": ["ln/a"]}, {"ln/a": "passes"}, "holds"),
        ({"passes": ["ln/a"]}, {"ln/a": "fails"}, "refuted"),
        ({"passes": ["ln/a"]}, {"ln/a": "unsupported"}, "cannot be told"),
        ({"passes": ["ln/a"]}, {"ln/a": "untold"}, "cannot be told"),
        ({"passes": ["ln/a"]}, {}, "cannot be told"),
        ({"fails": ["ln/a"]}, {"ln/a": "fails"}, "holds"),
        ({"fails": ["ln/a"]}, {"ln/a": "passes"}, "refuted"),
        ({"fails": ["ln/a"]}, {"ln/a": "unsupported"}, "cannot be told"),
        ({"unsupported": ["ln/a"]}, {"ln/a": "unsupported"}, "holds"),
        ({"unsupported": ["ln/a"]}, {"ln/a": "passes"}, "refuted"),
        ({"offered": ["ln/a"]}, {"ln/a": "unsupported"}, "refuted"),
        ({"offered": ["ln/a"]}, {"ln/a": "passes"}, "holds"),
        ({"offered": ["ln/a"]}, {"ln/a": "fails"}, "holds"),
        ({"offered": ["ln/a"]}, {"ln/a": "untold"}, "cannot be told"),
        ({"passes": ["ln/b/*"]}, {"ln/b/x=1": "passes", "ln/b/x=2": "passes"}, "holds"),
        ({"passes": ["ln/b/*"]}, {"ln/b/x=1": "passes", "ln/b/x=2": "fails"}, "refuted"),
        ({"passes": ["ln/a"], "fails": ["bn/a"]}, {"ln/a": "passes", "bn/a": "fails"}, "holds"),
        ({"passes": ["ln/a"], "fails": ["bn/a"]}, {"ln/a": "passes", "bn/a": "passes"}, "refuted"),
        ({"passes": ["ln/a", "bn/a"]}, {"ln/a": "passes", "bn/a": "untold"}, "cannot be told"),
    ],
)
def test_a_claim_is_settled_by_every_case_it_names(holds_when, outcomes, settlement):
    assert settled(outcomes, **holds_when).verdict == settlement


def test_a_verdict_names_its_claim_target_and_evidence():
    found = settled({"ln/a": "fails"}, passes=["ln/a"])
    assert (found.claim, found.target) == ("C1-1", "keras-cpu-eager")
    assert found.evidence == ["ln/a: fails"]


def test_patterns_are_expanded_over_the_known_cases_in_order_and_once():
    assert case_ids(claim(passes=["ln/b/*", "ln/a"], fails=["ln/*"]), KNOWN) == ["ln/b/x=1", "ln/b/x=2", "ln/a"]
    assert case_ids(claim(passes=["ln/none"]), KNOWN) == []


def test_a_claim_is_settled_on_the_adapters_its_document_speaks_of():
    one = next(one for one in suite().claims.values() if "keras" in one.spec.about and "torch" not in one.spec.about)
    targets = [
        type("T", (), {"name": name, "compiles": slow})
        for name, slow in (("keras", False), ("torch", False), ("keras", True))
    ]
    assert [settled_on(one, target) for target in targets] == [True, False, False]


def test_every_case_that_a_packaged_claim_names_is_a_case():
    for one in suite().claims.values():
        assert set(one.cases) <= set(suite().by_id)
        named = [pattern for patterns in one.spec.holds_when.model_dump().values() for pattern in patterns]
        assert all(case_ids(claim(passes=[pattern]), suite().by_id) for pattern in named)
