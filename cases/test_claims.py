"""Every claim of every document, on every target it speaks of: settled either way, or skipped where it can't be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from normcheck.adapters.targets import Target
from normcheck.cases.plugin import session_of
from normcheck.cases.suite import Claim


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per claim and target that the claim is about."""
    pairs = session_of(metafunc.config).claims
    metafunc.parametrize(("claim", "target"), pairs, ids=[f"{target.id}:{claim.id}" for claim, target in pairs])


@pytest.mark.normcheck
def test_claim(claim: Claim, target: Target, settle_claim: Callable[[Claim, Target], None]) -> None:
    """The claim is settled on the target."""
    settle_claim(claim, target)
