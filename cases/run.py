"""One run: targets started, requests sent ahead in the order of the pytest items, answers judged."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote

from normcheck.adapters.interface import Observation
from normcheck.adapters.targets import Target
from normcheck.adapters.transport import LocalWorker, Loss, Worker
from normcheck.reports.record import Check, ClaimVerdict

from .ask import request_for
from .case import Case
from .claims import told, verdict
from .finding import Finding, check_line
from .judge import judge
from .ledger import Entry, applies, explained
from .onnx_agreement import agreement
from .onnx_vectors import LAYER, Vector
from .selection import Selection
from .suite import Claim, Suite

AHEAD = 32
PLAIN = ("pass", "unsupported")


@dataclass(slots=True)
class Asked:
    """What one target still has to be asked, what is on its way, and what came back before it was wanted."""

    target: Target
    worker: Worker | LocalWorker
    ledger: Mapping[str, Entry] = field(default_factory=dict)
    queue: deque[Case] = field(default_factory=deque)
    sent: deque[Case] = field(default_factory=deque)
    answers: dict[str, Observation | Loss] = field(default_factory=dict)

    def answer(self, case: Case, limit: float) -> Observation | Loss:
        """What the target was seen to do with `case`; one answer is waited for at most `limit` seconds."""
        if case.id not in self.answers and not any(case is other for other in (*self.sent, *self.queue)):
            self.queue.appendleft(case)
        while case.id not in self.answers:
            self._send_ahead()
            answer = self.worker.receive(limit)
            self.answers[self.sent.popleft().id] = answer
        self._send_ahead()
        return self.answers.pop(case.id)

    def _send_ahead(self) -> None:
        while self.queue and len(self.sent) < AHEAD:
            case = self.queue.popleft()
            self.worker.submit(request_for(case, self.target.dialect))
            self.sent.append(case)


@dataclass(slots=True)
class Run:
    """The state of a run: one `Asked` per target. selection: says which aspects are judged."""

    suite: Suite
    asked: dict[str, Asked]
    limit: float
    selection: Selection = field(default_factory=Selection)

    def enqueue(self, pairs: Iterable[tuple[str, Case]]) -> None:
        """Say in which order cases will be wanted, so that requests can be sent ahead."""
        for target, case in pairs:
            self.asked[target].queue.append(case)

    def checks(self, case: Case, target: Target) -> list[Check]:
        """Ask a target a case, judge what it did, and hold it against the ledger."""
        answer = self.asked[target.id].answer(case, self.limit)
        return self._lines(judge(case, target.dialect, answer), case, target)

    def vector_checks(self, vector: Vector, target: Target) -> list[Check]:
        """Ask a target a node case of ONNX, and judge it twice: by our bound, and by what ONNX states."""
        answer = self.asked[target.id].answer(vector.case, self.limit)
        ours = self._lines(judge(vector.case, target.dialect, answer), vector.case, target)
        theirs = self._lines(agreement(vector, target.dialect, answer), vector.stated, target)
        return [line.model_copy(update={"layer": LAYER}) for line in (*ours, *theirs)]

    def _lines(self, findings: Sequence[Finding], case: Case, target: Target) -> list[Check]:
        ledger = self.asked[target.id].ledger
        wanted = [finding for finding in findings if self.selection.judges(finding.aspect)]
        lines = [explained(check_line(finding, case, target.id), ledger) for finding in wanted]
        again = {"reproduce": reproduce(case.id, target)}
        return [line if line.outcome in PLAIN else line.model_copy(update=again) for line in lines]

    def settle(self, claim: Claim, target: Target) -> ClaimVerdict:
        """Ask a target every case of a claim and settle it."""
        asked = self.asked[target.id]
        outcomes = {}
        for name in claim.cases:
            case = self.suite.by_id[name]
            findings = judge(case, target.dialect, asked.answer(case, self.limit))
            outcomes[name] = told(findings)
        return verdict(claim.id, claim.spec, target.id, outcomes)

    def close(self) -> None:
        """End every worker."""
        for asked in self.asked.values():
            asked.worker.close()


def ledger_for(target: Target, entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The entries that speak of a target."""
    return {name: entry for name, entry in entries.items() if applies(entry, target)}


def reproduce(case: str, target: Target) -> str:
    """One line that asks one target the case with this id again."""
    device = "" if target.device == "cpu" else f" --device {quote(target.device)}"
    asked = quote(target.requested or f"{target.name}:{target.mode}")
    onnx = " --onnx" if case.startswith(f"{LAYER}/") else ""
    return f"pytest --pyargs normcheck.cases{onnx} --target {asked}{device} --case '{case}'"
