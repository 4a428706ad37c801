"""The pytest plugin: options, fixtures and hooks.

It is loaded in every pytest run of its environment, so everything heavier than an option is imported when a
normcheck item is collected.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from normcheck.specs.aspects import ASPECTS

from .runs.options import FOLDER, add_options

if TYPE_CHECKING:
    from normcheck.adapters.targets import Target

    from .case import Case
    from .requests.onnx_vectors import Vector
    from .runs.run import Run
    from .runs.session import Session
    from .suite import Claim

pytest_plugins = ("normcheck.cases.benchmarks.items",)
SESSION = pytest.StashKey["Session"]()
LINES = pytest.StashKey[list[dict[str, Any]]]()
SPECS = Path(__file__).parent.parent / "specs"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a run."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks, and let tests of one's own be judged."""
    from . import judging

    config.pluginmanager.register(judging, "normcheck-judging")
    config.addinivalue_line("markers", f"{judging.MARK}: a test of one's own that judges a layer")
    config.addinivalue_line("markers", "normcheck: an item that judges a target")
    config.addinivalue_line("markers", "full: a case that is on the full list alone")
    for kind in ("layer", "model"):
        for path in sorted(SPECS.glob(f"{kind}s/*.yaml")):
            config.addinivalue_line("markers", f"{path.stem}: a case of this {kind}")
    for aspect in ASPECTS:
        config.addinivalue_line("markers", f"{aspect}: a case that looks at this aspect")


def session_of(config: pytest.Config) -> Session:
    """The session of a pytest run, made when first asked for."""
    from .runs.selection import Selection
    from .runs.session import Options, Session

    if SESSION not in config.stash:
        get = config.getoption
        started = datetime.now(UTC)
        folder = config.invocation_params.dir
        record = get("--record") or f"{FOLDER}/{started:%Y-%m-%dT%H-%M-%SZ}-{secrets.token_hex(2)}.jsonl"
        options = Options(
            targets=tuple(get("--target")),
            devices=tuple(get("--device")),
            ledgers=tuple(get("--ledger")),
            in_process=get("--in-process"),
            limit=get("--case-timeout"),
            memory=get("--memory-limit"),
            record=folder / Path(record),
            command=tuple(map(str, config.invocation_params.args)),
            onnx=get("--onnx"),
            shard=get("--shard"),
            workers=get("--workers"),
            observations=get("--observations") or bool(get("--baseline")),
            baseline=str(folder / get("--baseline")) if get("--baseline") else "",
            baseline_fails=get("--baseline-fail-on"),
            selection=Selection(get("--full"), *(tuple(get(name)) for name in ("cases", "layers", "aspects"))),
        )
        config.stash[SESSION] = Session(options, started)
    return config.stash[SESSION]


def run_of(config: pytest.Config) -> Run:
    """The run of the session, which is there once collection has finished."""
    run = session_of(config).run
    assert run is not None
    return run


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave ONNX's node cases out unless they are asked for; None leaves it to others."""
    theirs = collection_path == Path(__file__).with_name("test_onnx.py")
    return True if theirs and not config.getoption("--onnx") else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let -m and -k find items by layer, aspects and list, and -k by target and dtype as well."""
    case: Any = _parameters(item).get("case")
    if item.get_closest_marker("normcheck") and hasattr(case, "aspects"):
        names = (case.layer, *case.aspects, *(["full"] if case.full else []))
        # What add_marker does, without looking each mark up again for every item.
        item.own_markers.extend(map(_mark, names))
        item.extra_keyword_matches.update(names, (case.dtype,))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse what cannot be run, and drop the items that stand for no case and target, or for none selected."""
    if SESSION not in config.stash:
        return
    _refuse(config.stash[SESSION].wrong)
    items[:] = [item for item in items if not item.get_closest_marker("normcheck") or hasattr(_target(item), "id")]
    if config.stash[SESSION].options.selection.narrowed:
        _drop(config, items, [item for item in items if "case" not in _parameters(item)])
    if config.stash[SESSION].options.shard:
        _drop(config, items, _elsewhere(config.stash[SESSION], items))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the targets, unless this is only a collection or the controller of pytest-xdist."""
    ours = [item for item in session.items if item.get_closest_marker("normcheck")]
    if not ours or session.config.option.collectonly:
        return
    one = session_of(session.config)
    if one.wrong:
        return
    one.selected = len(ours)
    shared = hasattr(session.config, "workerinput")
    one.start({target.id for item in ours for target in _targets(item)}, [] if shared else wanted(one, ours))
    one.whole = _judging(ours) + one.elsewhere == len(one.cases) and not one.options.selection.narrowed
    one.due = one.entries_due()
    if not shared:
        try:
            one.open()
        except OSError as error:
            _refuse(f"the record cannot be written: {error}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Refuse wrong options before pytest-xdist starts processes, each of which would tell of them in its own way."""
    if config.getoption("--workers") != 1:
        _refuse("--workers together with -n: each process of pytest-xdist starts every target; give one of the two.")
    named = ("--target", "--device", "--ledger", "--record", "--shard", "layers", "aspects")
    if any(config.getoption(name) for name in named):
        _refuse(session_of(config).wrong)


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """In a worker of pytest-xdist, which is told item by item what to run: ask for the next one ahead."""
    if nextitem is None or not hasattr(item.config, "workerinput"):
        return
    if nextitem.get_closest_marker("normcheck"):
        run_of(item.config).enqueue(wanted(session_of(item.config), [nextitem]))


@pytest.fixture
def judge_case(request: pytest.FixtureRequest) -> Any:
    """A function that judges one case on one target and gives pytest the outcome."""

    def judge(case: Case, target: Target, partner: Target | None) -> None:
        run = run_of(request.config)
        _judged(request.node, case, target, run.checks(case, target, partner))

    return judge


@pytest.fixture
def judge_vector(request: pytest.FixtureRequest) -> Any:
    """A function that judges one node case of ONNX on one target and gives pytest the outcome."""

    def judge(vector: Vector, target: Target) -> None:
        run = run_of(request.config)
        _judged(request.node, vector.case, target, run.vector_checks(vector, target))

    return judge


@pytest.fixture
def settle_claim(request: pytest.FixtureRequest) -> Any:
    """A function that settles one claim on one target and gives pytest the outcome."""

    def settle(claim: Claim, target: Target) -> None:
        from .judgement.seen import lines_of

        run = run_of(request.config)
        verdict = run.settle(claim, target)
        request.node.stash[LINES] = [verdict.model_dump(), *lines_of(run.told())]
        if verdict.verdict == "cannot be told":
            pytest.skip(f"{claim.id} cannot be told on {target.title}: {'; '.join(verdict.evidence) or 'no case ran'}")

    return settle


def _judged(item: pytest.Item, case: Case, target: Target, checks: Sequence[Any]) -> None:
    """Keep an item's lines for the record, and give pytest the outcome."""
    from .judgement.seen import lines_of

    found = [check.model_dump(exclude_defaults=True) | {"kind": "check"} for check in checks]
    item.stash[LINES] = [*found, *lines_of(run_of(item.config).told())]
    conclude(case, target, checks)


def conclude(case: Case, target: Target, checks: Sequence[Any]) -> None:
    """Give pytest the outcome of an item."""
    from normcheck.reports.record import UNEXPLAINED

    from .judgement.message import failure_text

    unexplained = [check for check in checks if check.outcome in UNEXPLAINED]
    if unexplained:
        pytest.fail(failure_text(case, target.title, unexplained), pytrace=False)
    known = [check for check in checks if check.outcome == "known"]
    if known:
        pytest.xfail(f"known, {known[0].known}: {known[0].symptom}")
    if all(check.outcome == "unsupported" for check in checks):
        pytest.skip(checks[0].message if checks else "there was nothing to judge")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the record's lines travel with the report, through pytest-xdist as well."""
    report = yield
    if report.when == "call" and LINES in item.stash:
        report.normcheck = item.stash[LINES]  # type: ignore[attr-defined]
        shard = session_of(item.config).shard
        report.normcheck_shard = shard.model_dump() if shard else None  # type: ignore[attr-defined]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In a worker of pytest-xdist, hand the targets found to the controller."""
    one = session.config.stash.get(SESSION, None)
    if one is None or one.run is None:
        return
    lines = one.close()
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["normcheck"] = {"targets": lines, "due": one.due}


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Write a record, unless this is a worker of pytest-xdist, whose controller does."""
    if not hasattr(session.config, "workerinput"):
        from .runs.recorder import Recorder

        session.config.pluginmanager.register(Recorder(session.config), "normcheck-recorder")


@lru_cache(maxsize=256)
def _mark(name: str) -> pytest.Mark:
    return getattr(pytest.mark, name).mark  # type: ignore[no-any-return]


def _parameters(item: pytest.Item) -> dict[str, Any]:
    callspec = getattr(item, "callspec", None)
    return callspec.params if callspec else {}


def _target(item: pytest.Item) -> Any:
    """The item's target; a placeholder without an id where there was none to make an item for."""
    return _parameters(item).get("target")


def _targets(item: pytest.Item) -> list[Target]:
    """The item's target, and its partner where it has one."""
    partner: Target | None = _parameters(item).get("partner")
    return [_target(item), *([partner] if partner else [])]


def _judging(items: Sequence[pytest.Item]) -> int:
    """How many items judge a case of the specs: not a claim, and not a node case of ONNX."""
    return sum("case" in named and "vector" not in named for named in map(_parameters, items))


def _elsewhere(one: Session, items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The items that other shards run."""
    ours = [item for item in items if item.get_closest_marker("normcheck")]
    if not ours:
        return []
    try:
        kept = set(one.share([item.name for item in ours], [_target(item).id for item in ours]))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    others = [item for at, item in enumerate(ours) if at not in kept]
    one.elsewhere = _judging(others)
    return others


def _drop(config: pytest.Config, items: list[pytest.Item], dropped: Sequence[pytest.Item]) -> None:
    """Take items out of `items`, and let pytest count them as deselected."""
    gone = set(dropped)
    config.hook.pytest_deselected(items=list(dropped))
    items[:] = [item for item in items if item not in gone]


def _refuse(sentence: str) -> None:
    """Raises UsageError, unless nothing is wrong."""
    if sentence:
        raise pytest.UsageError(sentence)


def wanted(one: Session, items: Sequence[pytest.Item]) -> Iterator[tuple[str, Case]]:
    """The target and every case that each item asks for, as far as it is known before an answer is there."""
    for item in items:
        parameters = _parameters(item)
        claim, partner = parameters.get("claim"), parameters.get("partner")
        for case in [one.suite.by_id[name] for name in claim.cases] if claim else [parameters["case"]]:
            yield _target(item).id, case
            if case.other and (case.other.on is None or (partner and case.other.on == "device")):
                yield (partner or _target(item)).id, case.other.case
