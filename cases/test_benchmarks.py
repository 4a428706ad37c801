"""Every benchmark of every layer, on every target: one item each. Collected with `-m benchmark` or --benchmark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from normcheck.cases.benchmarks.items import parametrize, target_clock


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per benchmark and target, the targets of a benchmark side by side."""
    parametrize(metafunc)


@pytest.mark.benchmark(timer=target_clock)
def test_benchmark(case: str, target: str, benchmark: Any, time_case: Callable[[str, str, Any], None]) -> None:
    """The call is right, and so it is timed."""
    time_case(case, target, benchmark)
