"""The pytest plugin of the benchmarks: `pytest -m benchmark` makes items of pytest-benchmark of them.

It is loaded in every pytest run of its environment, so it imports little at its top. The times are those of the
target's own clock: pytest-benchmark reads `target_clock`, which stands still but for what the target says it took.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from normcheck.adapters.timing.asking import Timekeeper

    from .benchmark import Benchmark

BLOCKS = 32
ITEMS = Path(__file__).parent.parent / "test_benchmarks.py"
NEEDED = "pytest -m benchmark needs pytest-benchmark: install it with `pip install normcheck[benchmark]`."
KEEPERS = pytest.StashKey[dict[str, "Timekeeper"]]()
ASKED = pytest.StashKey[dict[str, "Benchmark"]]()


class Clock:
    """Seconds that a target says it took, added up."""

    now = 0.0


def target_clock() -> float:
    """What pytest-benchmark reads before and after each round."""
    return Clock.now


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that is another word for `-m benchmark`, and leaves the other items in."""
    group = parser.getgroup("normcheck", "normcheck: conformance of normalization layers")
    group.addoption("--benchmark", action="store_true", help="time the benchmarks too; `-m benchmark` times them alone")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Name the mark, which pytest-benchmark names as well where it is installed."""
    if not config.pluginmanager.hasplugin("benchmark"):
        config.addinivalue_line("markers", "benchmark: times a layer, with pytest-benchmark")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the benchmarks out unless they are asked for; None leaves it to others."""
    return True if collection_path == ITEMS and not _wanted(config) else None


def _wanted(config: pytest.Config) -> bool:
    chosen = re.findall(r"[\w.-]+", str(config.getoption("-m", default="")))
    return bool(config.getoption("--benchmark") or "benchmark" in chosen)


def parametrize(metafunc: pytest.Metafunc) -> None:
    """One item for each benchmark and target. Raises UsageError without pytest-benchmark, or for wrong options."""
    from ..plugin import session_of
    from .benchmark import asked_of, benchmarks, selected

    config = metafunc.config
    if not config.pluginmanager.hasplugin("benchmark"):
        raise pytest.UsageError(NEEDED)
    session = session_of(config)
    if session.wrong:
        raise pytest.UsageError(session.wrong)
    options = session.options.selection
    every = selected(benchmarks(session.suite.specs.layers), options.full, options.cases, options.layers)
    config.stash[ASKED] = {one.id: one for one in every}
    pairs = [(one, target) for one in every for target in session.targets if asked_of(one, target)]
    metafunc.parametrize(
        ("case", "target"),
        [pytest.param(one.id, target.id, marks=getattr(pytest.mark, one.spec.layer)) for one, target in pairs],
        ids=[f"{target.id}:{one.id}" for one, target in pairs],
    )


@pytest.fixture
def time_case(request: pytest.FixtureRequest) -> Callable[[str, str, Any], None]:
    """A function that judges the call of one benchmark on one target and hands its times to pytest-benchmark."""

    def timed(case: str, target: str, benchmark: Any) -> None:
        _timed(request.config, request.config.stash[ASKED][case], target, benchmark)

    return timed


def _timed(config: pytest.Config, asked: Benchmark, name: str, benchmark: Any) -> None:
    from normcheck.adapters.process.process import Failed

    from ..plugin import conclude, session_of
    from .asking import Result, lost, measured, seconds, told

    session = session_of(config)
    target = next(one for one in session.targets if one.id == name)
    blocks = max(BLOCKS, config.getoption("benchmark_min_rounds")) if benchmark.enabled else 0
    try:
        keeper = _keeper(config, name)
        found = measured(keeper, asked, blocks, session.options.limit, session.ledger_of(target))
    except (Failed, OSError) as error:
        _end(config, name)
        found = Result(lost(asked, target, error))
    if found.first is None or found.timed is None:
        # pytest-benchmark would complain that it was not used; disabled, it calls what it is given, and keeps no time.
        benchmark.disabled = True
        benchmark.pedantic(lambda: conclude(asked.case, target, found.checks))
        return
    benchmark.extra_info.update(told(asked, target, keeper.ready(), found.first, found.timed))
    rounds = seconds(found.timed, target.device)
    benchmark.pedantic(_advanced(iter(rounds)), rounds=len(rounds))


def _end(config: pytest.Config, name: str) -> None:
    """End the process of a target, if it could be started at all."""
    keeper = config.stash.setdefault(KEEPERS, {}).pop(name, None)
    if keeper is not None:
        keeper.close()


def _advanced(each: Iterator[float]) -> Callable[[], None]:
    """What moves the clock on by one block after the other."""

    def advance() -> None:
        Clock.now += next(each)

    return advance


def _keeper(config: pytest.Config, name: str) -> Timekeeper:
    """The process of a target, started when first wanted, and again when it was lost."""
    from normcheck.adapters.timing.asking import Timekeeper

    from ..plugin import session_of

    keepers = config.stash.setdefault(KEEPERS, {})
    if name not in keepers:
        keepers[name] = Timekeeper(next(one for one in session_of(config).targets if one.id == name))
    return keepers[name]


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Add the fingerprint by which the history is kept."""
    from normcheck.adapters.process.machine import fingerprint, machine

    machine_info["normcheck"] = fingerprint(machine())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the targets."""
    for keeper in session.config.stash.get(KEEPERS, {}).values():
        keeper.close()
