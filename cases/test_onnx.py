"""Every backend node case of ONNX about a normalization, on every target: one item each. Collected with --onnx."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from normcheck.adapters.targets import Target
from normcheck.cases.case import Case
from normcheck.cases.plugin import session_of
from normcheck.cases.requests.onnx_vectors import LAYER, Vector, reason_not_asked


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per node case and target, and one for each node case that no layer here is asked."""
    session = session_of(metafunc.config)
    if not session.options.onnx:
        raise pytest.UsageError("give --onnx to have ONNX's node cases asked.")
    if "reason" in metafunc.fixturenames:
        reasons = {node.name: reason_not_asked(node) for node in session.node_cases.nodes}
        left_out = {name: reason for name, reason in reasons.items() if reason}
        metafunc.parametrize("reason", left_out.values(), ids=[f"{LAYER}/{name}" for name in left_out])
        return
    triples = [(vector, vector.case, target) for vector, target in session.vectors]
    names = [f"{target.id}:{case.id}" for _, case, target in triples]
    metafunc.parametrize(("vector", "case", "target"), triples, ids=names)


@pytest.mark.normcheck
def test_vector(vector: Vector, case: Case, target: Target, judge_vector: Callable[[Vector, Target], None]) -> None:
    """The target is within our bound, and agrees with ONNX within ONNX's tolerance."""
    judge_vector(vector, target)


def test_not_asked(reason: str) -> None:
    """Says why no layer here is asked a node case."""
    pytest.skip(reason)
