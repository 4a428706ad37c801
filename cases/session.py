"""What pytest's hooks need between collection and the end: the targets, the run, the record."""

from __future__ import annotations

import platform
import sys
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from normcheck.adapters.targets import Discovery, Target, discover
from normcheck.adapters.transport import LocalWorker, Worker
from normcheck.reports.record import LINE, Footer, Header, LedgerNote, TargetLine
from normcheck.reports.writing import RecordWriter

from .case import Case
from .ledger import Entry, read_ledger, unmatched
from .run import Asked, Run, ledger_for
from .suite import Suite, claim_texts, requirement_texts, suite

LEDGER = Path(__file__).parent / "ledger.yaml"
EXPLAINED = ("pass", "known", "unsupported")


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, as far as it concerns normcheck. limit: seconds per case; memory: MiB per target."""

    targets: tuple[str, ...]
    devices: tuple[str, ...]
    ledgers: tuple[str, ...]
    in_process: bool
    limit: float
    memory: int
    record: Path
    command: tuple[str, ...]


@dataclass
class Session:
    """Everything between collection and the end. Targets and specs are looked for when first needed."""

    options: Options
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    run: Run | None = None
    writer: RecordWriter | None = None
    checks: int = 0
    matched: set[str] = field(default_factory=set)
    selected: int = 0
    reported: int = 0
    closing: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def suite(self) -> Suite:
        """The specs, expanded."""
        return suite()

    @cached_property
    def discovery(self) -> Discovery:
        """The targets asked for, and what is missing."""
        return discover(list(self.options.targets) or None, list(self.options.devices) or None)

    @cached_property
    def ledger(self) -> dict[str, Entry]:
        """The packaged ledger, and the user's."""
        return {
            name: entry
            for path in (LEDGER, *map(Path, self.options.ledgers))
            for name, entry in read_ledger(path).items()
        }

    def start(self, pairs: Iterable[tuple[str, Case]]) -> Run:
        """Start the targets that `pairs` of target id and case need, and send the first requests ahead."""
        pairs = list(pairs)
        needed = {target for target, _ in pairs}
        asked = {
            target.id: Asked(target, self._worker(target), ledger_for(target, self.ledger))
            for target in self.discovery.targets
            if target.id in needed
        }
        self.run = Run(self.suite, asked, self.options.limit)
        self.run.enqueue(pairs)
        return self.run

    def _worker(self, target: Target) -> Worker | LocalWorker:
        if self.options.in_process:
            return LocalWorker(target)
        return Worker(target, memory=self.options.memory << 20)

    def append(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Write lines to the record, and remember what the end of the run needs of them."""
        for line in lines:
            self._writer().append(LINE.validate_python(dict(line)))
            if line["kind"] == "check":
                self.checks += 1
                self.matched.add(line.get("known") or "")

    def _writer(self) -> RecordWriter:
        if self.writer is None:
            self.writer = RecordWriter(self.options.record)
            self.writer.append(self.header())
        return self.writer

    def header(self) -> Header:
        """The first line of the record."""
        return Header(
            run=uuid.uuid4().hex,
            started=self.started.isoformat(timespec="seconds"),
            normcheck=_own_version(),
            spec_digest=self.suite.specs.digest,
            platform={
                "system": platform.platform(),
                "machine": platform.machine(),
                "processor": _processor(),
                "python": sys.version.split()[0],
            },
            options=list(self.options.command),
            layers={name: spec.title for name, spec in self.suite.subjects.items()},
            requirements=requirement_texts(self.suite),
            claims=claim_texts(self.suite),
            selected=self.selected,
        )

    def close(self) -> list[dict[str, Any]]:
        """End the targets; returns the record's lines about them, as they were found when they started."""
        if self.run is not None and not self.closing:
            self.closing = [line.model_dump() for line in self.target_lines()]
            self.run.close()
        return self.closing

    def target_lines(self) -> list[TargetLine]:
        """A line per target, as it was found when it started, and per target that could not be had."""
        asked = self.run.asked.values() if self.run else ()
        missing = [
            TargetLine(
                id=missing.adapter,
                title=missing.adapter,
                adapter=missing.adapter,
                dialect="",
                device="",
                mode="",
                requested=bool(self.options.targets),
                reason=missing.reason,
            )
            for missing in self.discovery.missing
        ]
        return [*(_target_line(one) for one in asked), *missing]

    def stale(self, full: bool) -> list[LedgerNote]:
        """Ledger entries about the targets of a full run that matched nothing."""
        if not full or self.run is None:
            return []
        entries = {name: entry for asked in self.run.asked.values() for name, entry in asked.ledger.items()}
        return unmatched(entries, self.matched)

    def finish(self, full: bool, complete: bool, reason: str, status: int) -> None:
        """Write the last lines of the record."""
        if self.writer is None:
            return
        for note in self.stale(full):
            self.writer.append(note)
        self.writer.append(
            Footer(
                finished=datetime.now(UTC).isoformat(timespec="seconds"),
                complete=complete,
                reason=reason,
                checks=self.checks,
                exit_status=status,
            )
        )
        self.writer.close()


def closing_lines(session: Session, handed: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """The lines about targets, and the number of items selected: this process's own, or those `handed` by a worker."""
    if session.run is None:
        return list(handed.get("targets", [])), int(handed.get("selected", 0))
    return session.close(), session.selected


def _target_line(asked: Asked) -> TargetLine:
    target, ready = asked.target, asked.worker.ready
    return TargetLine(
        id=target.id,
        title=target.title,
        adapter=target.name,
        dialect=target.dialect,
        device=target.device,
        mode=target.mode,
        versions=dict(target.versions),
        threads=ready.threads if ready else None,
        python=ready.python if ready else "",
        reason=asked.worker.unavailable or "",
    )


def _own_version() -> str:
    try:
        return version("normcheck")
    except PackageNotFoundError:
        return "clone"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
