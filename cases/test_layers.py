"""Every case of every layer and model, on every target: one item each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from normcheck.adapters.targets import Target
from normcheck.cases.case import Case
from normcheck.cases.plugin import session_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per case and target, the targets of a case side by side."""
    pairs = session_of(metafunc.config).cases
    metafunc.parametrize(("case", "target"), pairs, ids=[f"{target.id}:{case.id}" for case, target in pairs])


@pytest.mark.normcheck
def test_case(case: Case, target: Target, judge_case: Callable[[Case, Target], None]) -> None:
    """Every requirement that the case covers holds on the target."""
    judge_case(case, target)
