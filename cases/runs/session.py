"""What pytest's hooks need between collection and the end: the targets, the run, the record."""

from __future__ import annotations

import platform
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from normcheck.adapters.interface import Export
from normcheck.adapters.loading import TargetError
from normcheck.adapters.process.pool import Pool
from normcheck.adapters.process.transport import LocalWorker, Worker
from normcheck.adapters.targets import Discovery, Target, built_in, discover
from normcheck.reports.reading import Record, read
from normcheck.reports.record import LINE, Footer, Header, Interface, KnownText, Parameter, Shard, TargetLine
from normcheck.reports.shards import unmatched
from normcheck.reports.summary import exit_status
from normcheck.reports.writing import RecordWriter
from normcheck.specs.source import SpecError

from ..case import Case
from ..ledger import LEDGER, Entry, must_show, read_ledger
from ..requests.onnx_vectors import NodeCases, OnnxMissing, Vector, read_node_cases, reason_not_asked, translated
from ..suite import Claim, Suite, asked_of, claim_texts, lone, partners, requirement_texts, settled_on, suite
from .describing import Describing, spec_texts
from .held import wrong_baseline
from .run import AHEAD, Asked, Run, ledger_for
from .selection import Selection
from .sharding import parse, part, shard, wrong_shard

LONGEST = 86_400.0


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, as far as it concerns normcheck. limit: seconds per case; memory: MiB per target.

    onnx: ONNX's node cases are asked too. selection: which cases are asked. shard: `2/5`, or empty for all items.
    workers: processes of each target. observations: the record says what each target did, too.
    baseline: the file that the run is held against, or empty; baseline_fails: the classes by which it fails.
    """

    targets: tuple[str, ...]
    devices: tuple[str, ...]
    ledgers: tuple[str, ...]
    in_process: bool
    limit: float
    memory: int
    record: Path
    command: tuple[str, ...]
    onnx: bool = False
    shard: str = ""
    workers: int = 1
    observations: bool = False
    baseline: str = ""
    baseline_fails: str = ""
    selection: Selection = field(default_factory=Selection)


@dataclass
class Session:
    """Everything between collection and the end. Targets and specs are looked for when first needed.

    selected, reported: how many items are to run, and how many have. whole: the whole list is run on every
    target found, in other shards too. due: the ledger's entries that must match. shard: which part of the items is run.
    elsewhere: how many of the cases' items other shards run.
    """

    options: Options
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    run: Run | None = None
    writer: RecordWriter | None = None
    checks: int = 0
    matched: set[str] = field(default_factory=set)
    observed: set[tuple[str, str]] = field(default_factory=set)
    selected: int = 0
    reported: int = 0
    whole: bool = False
    due: list[str] = field(default_factory=list)
    shard: Shard | None = None
    elsewhere: int = 0
    closing: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def suite(self) -> Suite:
        """The specs, expanded."""
        return suite()

    @cached_property
    def describing(self) -> Describing:
        """What the record says of cases besides how they were judged."""
        return Describing(self.suite.by_id)

    @cached_property
    def discovery(self) -> Discovery:
        """The targets asked for, and what is missing."""
        options = self.options
        return discover(list(options.targets) or None, list(options.devices) or None, full=options.selection.full)

    @cached_property
    def ledger(self) -> dict[str, Entry]:
        """The packaged ledger, and the user's."""
        return read_ledger(LEDGER) | self.own_ledger

    @cached_property
    def own_ledger(self) -> dict[str, Entry]:
        """The user's ledger."""
        files = map(Path, self.options.ledgers)
        return {name: entry for path in files for name, entry in read_ledger(path).items()}

    def ledger_of(self, target: Target) -> dict[str, Entry]:
        """The entries that speak of a target: the packaged ones of a built-in adapter, on which they were found."""
        return ledger_for(target, self.ledger if built_in(target) else self.own_ledger)

    @cached_property
    def node_cases(self) -> NodeCases:
        """ONNX's node cases; none where they are not asked for. Raises OnnxMissing."""
        return read_node_cases() if self.options.onnx else NodeCases()

    @cached_property
    def wrong(self) -> str:
        """What makes a run impossible, as a sentence: an option, a ledger or a spec; empty where nothing does."""
        if not 0 < self.options.limit <= LONGEST:
            return f"--case-timeout {self.options.limit:g}: give seconds above 0, and {LONGEST:g} at the most."
        if self.options.memory < 1:
            return f"--memory-limit {self.options.memory}: give at least 1 MiB."
        if self.options.workers < 1 or (self.options.in_process and self.options.workers > 1):
            asked = f"--workers {self.options.workers}"
            return f"{asked}: give 1 or more, and no more than 1 together with --in-process, which starts none."
        if self.options.shard and (fault := wrong_shard(self.options.shard)):
            return fault
        if self.options.record.suffix == ".html":
            return f"{self.options.record} would be overwritten by the page; give the record another ending, .jsonl."
        if self.options.record.is_dir():
            return f"{self.options.record} is a folder; name a file for the record."
        if fault := wrong_baseline(self.options.baseline, self.options.baseline_fails):
            return fault
        try:
            _ = self.suite, self.discovery, self.ledger, self.node_cases
        except (SpecError, TargetError, OnnxMissing) as error:
            return str(error)
        away = [target.id for target in self.discovery.targets if target.python or target.host]
        if self.options.in_process and away:
            return f"--in-process: {away[0]} has an interpreter of its own, and cannot run in this one."
        unknown = self.options.selection.wrong(self.suite.subjects)
        if unknown:
            return unknown
        if not self.discovery.targets:
            reasons = "; ".join(f"{missing.adapter}: {missing.reason}" for missing in self.discovery.missing)
            return f"there is no target to judge: {reasons}"
        return ""

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets that were found; none where something is wrong."""
        return () if self.wrong else self.discovery.targets

    @cached_property
    def cases(self) -> list[tuple[Case, Target, Target | None]]:
        """What is judged: every case that is selected beside every target that is asked it, and what it is held to."""
        found = self.targets
        chosen = self.options.selection
        every = filter(chosen.has, self.suite.cases) if found else ()
        return [
            (case, target, partner)
            for case in every
            for target in found
            if chosen.asks(case, target)
            for partner in partners(case, target, found)
        ]

    @cached_property
    def claims(self) -> list[tuple[Claim, Target]]:
        """What is settled: every claim beside every target that it is about; none where cases are selected."""
        found = self.targets
        every = self.suite.claims.values() if found and not self.options.selection.narrowed else ()
        return [(claim, target) for claim in every for target in found if settled_on(claim, target)]

    @cached_property
    def vectors(self) -> list[tuple[Vector, Target]]:
        """ONNX's node cases that a layer here is asked, beside every target that is asked them."""
        found = self.targets
        nodes = [node for node in self.node_cases.nodes if not reason_not_asked(node)] if found else []
        dialects = dict.fromkeys(target.dialect for target in found)
        layers = self.suite.specs.layers
        made = [{dialect: translated(node, layers, dialect) for dialect in dialects} for node in nodes]
        pairs = [(each[target.dialect], target) for each in made for target in found]
        chosen = self.options.selection
        return [
            (vector, target) for vector, target in pairs if chosen.has(vector.case) and chosen.asks(vector.case, target)
        ]

    def share(self, names: Sequence[str], targets: Sequence[str]) -> list[int]:
        """The positions of the items that this shard runs. names, targets: of all items.

        Raises ValueError with a sentence where there are fewer items than shards.
        """
        number, of = parse(self.options.shard)
        if len(names) < of:
            raise ValueError(
                f"--shard {self.options.shard}: {len(names)} items are selected; give no more shards than that."
            )
        self.shard = shard(number, of, names)
        return part(number, of, targets)

    def start(self, needed: set[str], ahead: Iterable[tuple[str, Case]]) -> None:
        """Start the targets with the ids `needed`; ask at once for the first of the target ids and cases in `ahead`."""
        asked = {
            target.id: Asked(
                target,
                self._worker(target),
                self.ledger_of(target),
                AHEAD * self.options.workers,
                self.options.observations,
            )
            for target in self.discovery.targets
            if target.id in needed
        }
        self.run = Run(self.suite, asked, self.options.limit, self.options.selection, self._process)
        self.run.enqueue(ahead)

    def _worker(self, target: Target) -> Worker | Pool | LocalWorker:
        if self.options.in_process:
            return LocalWorker(target)
        if self.options.workers > 1:
            return Pool(target, self.options.workers, self._process)
        return self._process(target)

    def _process(self, target: Target) -> Worker:
        return Worker(target, memory=self.options.memory << 20)

    def append(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Write lines to the record, and remember what the end of the run needs of them.

        A claim may ask what a case asked too; what was seen stands there once.
        """
        for line in lines:
            if line["kind"] == "seen":
                if (key := (line["case"], line["target"])) in self.observed:
                    continue
                self.observed.add(key)
            if line["kind"] == "check" and (text := self.describing.first_of(line["case"])):
                self.open().append(text)
            self.open().append(LINE.validate_python(dict(line)))
            if line["kind"] == "check":
                self.checks += 1
                self.describing.met(line)
                self.matched.add(line.get("known") or "")

    def open(self) -> RecordWriter:
        """The record, begun with its header. Raises OSError where it cannot be written."""
        if self.writer is None:
            first = self.header()
            self.writer = RecordWriter(self.options.record)
            self.writer.append(first)
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
            layers={name: spec.title for name, spec in self.suite.subjects.items()} | self.node_cases.layers,
            specs=spec_texts(self.suite),
            requirements=requirement_texts(self.suite) | self.node_cases.requirements,
            claims=claim_texts(self.suite),
            ledger={
                name: KnownText(reason=one.reason, link=one.link, script=one.script)
                for name, one in self.ledger.items()
            },
            lone=lone(self.suite.cases, self.targets),
            shard=self.shard,
            selected=self.selected,
            case_list="full" if self.options.selection.full else "quick",
            listed=sum(map(self.options.selection.lists, self.suite.cases)),
            cases=len(self.suite.cases),
        )

    def close(self) -> list[dict[str, Any]]:
        """End the targets; returns the record's lines about them, as they were found when they started."""
        if self.run is not None and not self.closing:
            self.closing = [line.model_dump() for line in (*self.target_lines(), *self.interfaces())]
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
        return [*(_target_line(one, self.whole or bool(self.options.targets)) for one in asked), *missing]

    def interfaces(self) -> list[Interface]:
        """What each target exports, where the record says what targets did; nothing of one that never started."""
        asked = self.run.asked.values() if self.run and self.options.observations else ()
        return [_interface(one.target, export) for one in asked if one.worker.ready for export in one.worker.exports()]

    def entries_due(self) -> list[str]:
        """The ledger's entries that must match something: where every target found is asked the whole list."""
        if not self.run or not self.whole or self.options.targets:
            return []
        return list(dict.fromkeys(name for one in self.run.asked.values() for name in self._due_on(one)))

    def _due_on(self, asked: Asked) -> list[str]:
        """The entries about a target that must match: on the quick list, those that its cases must show."""
        if self.options.selection.full:
            return list(asked.ledger)
        every = [case for case in self.suite.cases if asked_of(case, asked.target)]
        chosen = self.options.selection
        listed = {case.id for case in every if chosen.has(case) and chosen.asks(case, asked.target)}
        return [name for name, entry in asked.ledger.items() if must_show(entry, every, listed)]

    def finish(self, status: int) -> Record:
        """Write the last lines of the record; returns all of it. status: pytest's own, by the items alone."""
        complete = self.reported >= self.selected
        notes = unmatched(self.due, self.matched) if complete and self.shard is None else []
        self.append(note.model_dump() for note in notes)
        self.append(one.model_dump() for one in self.describing.scripts(lambda: self.discovery.targets))
        footer = Footer(
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            complete=complete,
            reason="" if complete else f"{self.reported} of {self.selected} items ran",
            checks=self.checks,
            due=self.due if self.shard else [],
        )
        record = replace(read(self.options.record), footer=footer)
        footer = footer.model_copy(update={"exit_status": status or exit_status(record)})
        self.append([footer.model_dump()])
        self.open().close()
        return replace(record, footer=footer)


def _target_line(asked: Asked, requested: bool) -> TargetLine:
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
        requested=requested or bool(asked.worker.unavailable),
        reason=asked.worker.unavailable or "",
    )


def _interface(target: Target, export: Export) -> Interface:
    parameters = [Parameter(name=one.name, kind=one.kind, default=one.default) for one in export.signature]
    return Interface(target=target.id, name=export.name, layer=export.layer or "", parameters=parameters)


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
