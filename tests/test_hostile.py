"""The topic of hostile values: every case of it says something, and the reference passes."""

from __future__ import annotations

import math

import pytest

from normcheck.adapters.reference import ReferenceAdapter
from normcheck.cases.judgement.finding import check_line
from normcheck.cases.judgement.judge import judge
from normcheck.cases.suite import suite
from normcheck.tests.small_suite import seen

TOPIC = suite().specs.topics["hostile"]
CASES = [case for case in suite().cases if case.id.split("/")[1] in {*TOPIC.cases, *TOPIC.sweeps}]
SHORT = [case for case in CASES if math.prod(case.shape) < 10_000]


@pytest.mark.parametrize("layer", TOPIC.layers)
def test_every_hostile_case_has_a_verdict_on_its_output_and_the_reference_passes(layer):
    for case in (case for case in SHORT if case.layer == layer):
        found = {
            finding.aspect: check_line(finding, case, "reference").outcome
            for finding in judge(case, ReferenceAdapter.dialect, seen(case))
        }
        assert found["output"] == "pass", case.id
        assert set(found.values()) <= {"pass", "unsupported"}, case.id


def test_a_million_elements_are_on_the_full_list_alone():
    long = [case for case in CASES if case not in SHORT]
    assert max(math.prod(case.shape) for case in long) >= 2**20
    assert all(case.full for case in long)
