"""Judge a layer in a test file of one's own, in the manner of scikit-learn's `parametrize_with_checks`.

    @parametrize_with_cases(Adapter, expected_failures={"layer_normalization/errors/*": "no argument is checked"})
    def test_my_layer(judge):
        judge()

Every case is an item, judged as in a run of the suite; there is no record. This module is imported in the target's
process too, where the test file is, so it imports little at its top.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from normcheck.adapters.interface import Adapter

    from .runs.session import Session

MARK = "normcheck_cases"
OWN = pytest.StashKey[dict[str, "Session"]]()
Test = TypeVar("Test", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a decorator says."""

    adapter: type[Adapter] | str
    cases: tuple[str, ...]
    layers: tuple[str, ...]
    full: bool
    expected: Mapping[str, str]
    in_process: bool


def parametrize_with_cases(
    adapter: type[Adapter] | str,
    *,
    cases: Sequence[str] = (),
    layers: Sequence[str] = (),
    full: bool = False,
    expected_failures: Mapping[str, str] | None = None,
    in_process: bool = False,
) -> Callable[[Test], Test]:
    """Make one item for each case and target of a test that takes the fixture `judge`, and calls it.

    adapter: the class, or what `--target` takes. cases, layers, full: as the options of the command line; by default
    the quick list of the layers that the class names in `layers`. expected_failures: why a case fails, by its id or a
    pattern of ids; such a case is a strict xfail. in_process: run the target in pytest's own process, for a debugger.
    """
    wanted = Wanted(adapter, tuple(cases), tuple(layers), full, expected_failures or {}, in_process)

    def decorate(test: Test) -> Test:
        marked: Test = getattr(pytest.mark, MARK)(wanted=wanted)(test)
        bound: Test = pytest.mark.usefixtures("case", "target", "partner")(marked)
        return bound

    return decorate


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Judges the item's case on its target: fails as the suite does, and skips what is not supported."""
    session = _sessions(request.config).get(_test(request.node))
    if session is None:
        raise pytest.UsageError("the fixture `judge` is for a test under @parametrize_with_cases")
    case, target, partner = (request.node.callspec.params[name] for name in ("case", "target", "partner"))

    def judged() -> None:
        from .plugin import conclude

        assert session.run is not None
        conclude(case, target, session.run.checks(case, target, partner))

    return judged


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per case and target."""
    mark = metafunc.definition.get_closest_marker(MARK)
    if mark is None:
        return
    wanted: Wanted = mark.kwargs["wanted"]
    session = _sessions(metafunc.config)[metafunc.definition.nodeid] = _session(metafunc.config, wanted)
    _refuse(session.wrong)
    ids = [f"{target.id}:{case.id}{f':{partner.id}' if partner else ''}" for case, target, partner in session.cases]
    _refuse(_stale(wanted, ids))
    items = [pytest.param(*each, marks=_expected(wanted, name)) for each, name in zip(session.cases, ids, strict=True)]
    metafunc.parametrize(("case", "target", "partner"), items, ids=ids)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the targets, and ask ahead what is to be run."""
    from .plugin import wanted as asked

    if session.config.option.collectonly:
        return
    shared = hasattr(session.config, "workerinput")
    for name, own in _sessions(session.config).items():
        items = [item for item in session.items if _test(item) == name]
        targets = {target.id for item in items for target in _targets(item)}
        own.start(targets, [] if shared else asked(own, items))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the targets."""
    for own in _sessions(session.config).values():
        if own.run is not None:
            own.run.close()


def _sessions(config: pytest.Config) -> dict[str, Session]:
    """One for each decorated test, by its node id."""
    return config.stash.setdefault(OWN, {})


def _test(item: pytest.Item) -> str:
    """The node id of an item's test, without its parameters."""
    return item.nodeid.partition("[")[0]


def _targets(item: pytest.Item) -> list[Any]:
    parameters: dict[str, Any] = item.callspec.params  # type: ignore[attr-defined]
    return [one for one in (parameters["target"], parameters["partner"]) if one is not None]


def _session(config: pytest.Config, wanted: Wanted) -> Session:
    """A session of its own for one test. Raises CollectError where the adapter cannot be had."""
    from normcheck.adapters.loading import TargetError
    from normcheck.adapters.targets import offered

    from .runs.selection import Selection
    from .runs.session import Options, Session

    named = () if wanted.cases or wanted.layers else tuple(getattr(wanted.adapter, "layers", ()))
    reference = wanted.adapter if isinstance(wanted.adapter, str) else reference_of(wanted.adapter)
    options = Options(
        targets=(reference,),
        devices=tuple(config.getoption("--device")),
        ledgers=(),
        in_process=wanted.in_process or config.getoption("--in-process"),
        limit=config.getoption("--case-timeout"),
        memory=config.getoption("--memory-limit"),
        record=Path("record.jsonl"),
        command=(),
        selection=Selection(wanted.full, wanted.cases, wanted.layers or named),
    )
    session = Session(options)
    if not isinstance(wanted.adapter, str):
        try:
            session.discovery = offered(wanted.adapter, reference, _requested(wanted.adapter), options.devices)
        except TargetError as error:
            raise pytest.Collector.CollectError(str(error)) from error
    return session


def reference_of(kind: type[Adapter]) -> str:
    """Where a class can be loaded from again. Raises CollectError for one that is not at the top of its file."""
    module = sys.modules[kind.__module__]
    if getattr(module, kind.__name__, None) is not kind:
        text = f"{kind.__name__} must stand at the top of its file, so that the target's process finds it"
        raise pytest.Collector.CollectError(text)
    path = Path(str(module.__file__)).resolve()
    inside = Path(*kind.__module__.split("."))
    places = [Path(place or ".").resolve() for place in sys.path]
    importable = any(path in (place / inside.with_suffix(".py"), place / inside / "__init__.py") for place in places)
    ours = kind.__module__.startswith("normcheck.")
    return f"{kind.__module__ if importable or ours else path}:{kind.__name__}"


def _requested(kind: type[Adapter]) -> str:
    """What `--target` is given to judge a class in a run of the suite."""
    return f"{Path(str(sys.modules[kind.__module__].__file__)).resolve()}:{kind.__name__}"


def _matches(pattern: str, name: str) -> bool:
    """Whether `name`, which is `target:case`, is what `pattern` means: the case, or both."""
    case = name.partition(":")[2]
    return pattern in (name, case) or fnmatchcase(case, pattern) or fnmatchcase(name, pattern)


def _expected(wanted: Wanted, name: str) -> list[pytest.MarkDecorator]:
    reason = next((why for pattern, why in wanted.expected.items() if _matches(pattern, name)), None)
    return [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]


def _stale(wanted: Wanted, names: Sequence[str]) -> str:
    """What is wrong with what a decorator names, as a sentence; empty where nothing is."""
    if not names:
        return "no case is asked: no id matches `cases`, or the adapter names no layer that a spec describes"
    stale = [one for one in wanted.expected if not any(_matches(one, name) for name in names)]
    return f"expected_failures names {stale[0]}, and no case that is asked has such an id" if stale else ""


def _refuse(sentence: str) -> None:
    """Raises CollectError, unless nothing is wrong."""
    if sentence:
        raise pytest.Collector.CollectError(sentence)
