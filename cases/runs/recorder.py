"""Writes the record, the page and the progress of a pytest run, in the process that reports to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ..plugin import SESSION, session_of

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from normcheck.reports.reading import Record

    from .held import Held
    from .progress import Progress
    from .session import Session

EVERY = 10.0
SHARE = 0.1


class Recorder:
    """Writes the record, the page and the progress; only where pytest reports to a person."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.handed: dict[str, Any] = {}
        self.found: dict[str, dict[str, Any]] = {}
        self.interfaces: dict[tuple[str, str], dict[str, Any]] = {}
        self.selected = 0
        self.record: Record | None = None
        self.held: Held | None = None
        self.progress: Progress | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Append an item's lines to the record."""
        lines = getattr(report, "normcheck", None)
        if lines is not None:
            one = session_of(self.config)
            one.reported += 1
            self._belongs(one, getattr(report, "normcheck_shard", None))
            one.append(lines)
            self._tell(sum(line["kind"] == "check" for line in lines))

    def _belongs(self, one: Session, shard: dict[str, Any] | None) -> None:
        """Learn from a worker of pytest-xdist, which has the items, which part of them this run is."""
        from normcheck.reports.record import Shard

        if shard and one.shard is None:
            one.shard = Shard.model_validate(shard)

    def _tell(self, checks: int) -> None:
        """Show the progress: every ten seconds on a terminal, at each tenth of the items in a log."""
        reporter: TerminalReporter | None = self.config.pluginmanager.get_plugin("terminalreporter")
        line = self.progress.after(checks) if self.progress else ""
        if reporter is not None and line and self.config.get_verbosity() > -2:
            if self.config.get_verbosity() < 0:
                reporter.line("")  # under -q the reporter does not know that it stands behind a row of dots
            reporter.write_line(line)

    def _begin(self, items: int) -> None:
        from .progress import Progress

        reporter: TerminalReporter | None = self.config.pluginmanager.get_plugin("terminalreporter")
        on_terminal = reporter is not None and reporter.isatty
        self.progress = Progress(items, EVERY, 0.0 if on_terminal else SHARE)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Start the clock; without pytest-xdist, whose controller has no items."""
        if session.items:
            self._begin(session_of(self.config).selected if SESSION in self.config.stash else 0)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """Remember how many items the workers of pytest-xdist share, all of which must run for a complete record."""
        self.selected = len(ids)
        self._begin(len(ids))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take what a worker of pytest-xdist found; a target that any of them lost is a target lost.

        One that had no item of a target ended it before it told anything of itself.
        """
        self.handed = getattr(node, "workeroutput", {}).get("normcheck", self.handed)
        for line in self.handed.get("targets", []):
            if line["kind"] == "interface":
                self.interfaces.setdefault((line["target"], line["name"]), line)
                continue
            known = self.found.get(line["id"], {"reason": "", "python": ""})
            if line["reason"] or not (known["reason"] or known["python"]):
                self.found[line["id"]] = line

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """End the record, make the page, and fail a run in which nothing was judged."""
        one = self.config.stash.get(SESSION, None)
        if one is None or one.writer is None:
            return
        self._finish(one, session, int(exitstatus))

    def _finish(self, one: Session, session: pytest.Session, status: int) -> None:
        from normcheck.reports.page import write_page

        from .held import held

        if one.run is None:
            one.selected, one.due = self.selected, self.handed.get("due", [])
        one.append(one.close() or (*self.found.values(), *self.interfaces.values()))
        self.record = one.finish(status)
        assert self.record.footer is not None
        session.exitstatus = self.record.footer.exit_status
        if one.options.baseline:
            self.held = held(one.options.baseline, self.record, one.options.baseline_fails)
            session.exitstatus = session.exitstatus or int(self.held.fails)
        write_page(self.record, one.options.record.with_suffix(".html"))

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Show counts per target and outcome, what stands against success, and where the record and the page are."""
        if self.record is None:
            return
        from normcheck.reports.summary import terminal

        path = session_of(self.config).options.record
        terminalreporter.section("normcheck")
        terminalreporter.write_line(terminal(self.record, colour=terminalreporter.hasmarkup))
        if self.held is not None:
            terminalreporter.section("beside the baseline")
            terminalreporter.write_line(self.held.text)
        terminalreporter.write_line(f"\nrecord: {path}\npage:   {path.with_suffix('.html')}")
