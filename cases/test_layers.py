"""Every case of every layer and model, on every target: one item each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from normcheck.adapters.targets import Target
from normcheck.cases.case import Case
from normcheck.cases.plugin import session_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per case, target and what that is compared with, the targets of a case side by side."""
    items = session_of(metafunc.config).cases
    ids = [f"{target.id}:{case.id}{f':{partner.id}' if partner else ''}" for case, target, partner in items]
    metafunc.parametrize(("case", "target", "partner"), items, ids=ids)


@pytest.mark.normcheck
def test_case(
    case: Case, target: Target, partner: Target | None, judge_case: Callable[[Case, Target, Target | None], None]
) -> None:
    """Every requirement that the case covers holds on the target, or between it and its partner."""
    judge_case(case, target, partner)
