"""One run: targets started, requests sent ahead in the order of the pytest items, answers judged."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from shlex import quote

from normcheck.adapters.interface import Observation, Request
from normcheck.adapters.process.pool import Pool
from normcheck.adapters.process.transport import LocalWorker, Loss, Worker
from normcheck.adapters.targets import Target
from normcheck.reports.record import Check, ClaimVerdict, Seen

from ..case import Case
from ..judgement.claims import told, verdict
from ..judgement.comparison import Side, beside, compared, side_names, stopped
from ..judgement.finding import Finding, check_line
from ..judgement.judge import judge
from ..judgement.onnx_agreement import agreement
from ..judgement.seen import seen
from ..judgement.transplant import carried
from ..ledger import Entry, applies, explained
from ..requests.ask import request_for
from ..requests.onnx_vectors import LAYER, Vector
from ..suite import Claim, Suite
from .selection import Selection

AHEAD = 32
ELSEWHERE = ("device", "dialect")
PLAIN = ("pass", "unsupported")


@dataclass(slots=True)
class Asked:
    """What one target still has to be asked, what is on its way, and what came back before it was wanted.

    ahead: how many cases may be on their way. observing: keep in `seen` what the target did with each case.
    sent, answers: with the request, for a case may be asked in several ways, and several times.
    """

    target: Target
    worker: Worker | Pool | LocalWorker
    ledger: Mapping[str, Entry] = field(default_factory=dict)
    ahead: int = AHEAD
    observing: bool = False
    queue: deque[Case] = field(default_factory=deque)
    sent: deque[tuple[Case, Request]] = field(default_factory=deque)
    answers: dict[str, tuple[Request, Observation | Loss] | Exception] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def answer(self, case: Case, limit: float, request: Request | None = None) -> Observation | Loss:
        """What the target was seen to do with `case`; one answer is waited for at most `limit` seconds.

        request: what it is asked in place of the case's own request. Raises what making the case's own request raises.
        """
        if request is not None:
            self._submit(case, request)
        elif case.id not in self.answers and not any(case is other for other in (*self._on_the_way(), *self.queue)):
            self.queue.appendleft(case)
        while case.id not in self.answers:
            self._send_ahead()
            if case.id not in self.answers:
                received = self.worker.receive(limit)
                answered, asked = self.sent.popleft()
                self.answers[answered.id] = asked, received
        self._send_ahead()
        found = self.answers.pop(case.id)
        if isinstance(found, Exception):
            raise found
        asked, answer = found
        if self.observing:
            self.seen.append(seen(case, self.target.dialect, asked, self.target.id, answer))
        return answer

    def _on_the_way(self) -> Iterator[Case]:
        return (case for case, _ in self.sent)

    def _send_ahead(self) -> None:
        while self.queue and len(self.sent) < self.ahead:
            case = self.queue.popleft()
            try:
                request = request_for(case, self.target.dialect)
            except Exception as error:  # it is raised where the case is wanted
                self.answers[case.id] = error
            else:
                self._submit(case, request)

    def _submit(self, case: Case, request: Request) -> None:
        self.worker.submit(replace(request, describe=True) if self.observing else request)
        self.sent.append((case, request))


@dataclass(slots=True)
class Run:
    """The state of a run: one `Asked` per target. selection: says which aspects are judged.

    start: starts another process of a target. again: those that were started so, by target.
    """

    suite: Suite
    asked: dict[str, Asked]
    limit: float
    selection: Selection = field(default_factory=Selection)
    start: Callable[[Target], Worker] = Worker
    again: dict[str, Asked] = field(default_factory=dict)

    def enqueue(self, pairs: Iterable[tuple[str, Case]]) -> None:
        """Say in which order cases will be wanted, so that requests can be sent ahead."""
        for target, case in pairs:
            self.asked[target].queue.append(case)

    def checks(self, case: Case, target: Target, partner: Target | None = None) -> list[Check]:
        """Ask a target a case, judge what it did, and hold it against the ledger.

        partner: the target that the other side of a comparison is asked of, where that is another one.
        """
        return self._lines(self._findings(case, target, partner), case, target, partner)

    def _findings(self, case: Case, target: Target, partner: Target | None = None) -> list[Finding]:
        answer = self.asked[target.id].answer(case, self.limit)
        if case.other is None:
            return judge(case, target.dialect, answer)
        if partner is None and case.other.on in ELSEWHERE:
            return []
        mine, theirs = side_names(case, target, partner)
        first = Side(case, target.dialect, mine, answer)
        if case.other.on == "dialect" and stopped(first):
            return stopped(first)
        second = Side(case.other.case, (partner or target).dialect, theirs, self._other(first, target, partner))
        return beside(partner, compared(first, second))

    def _other(self, first: Side, target: Target, partner: Target | None) -> Observation | Loss:
        """The answer of the other side, from whom it is asked."""
        other = first.case.other
        assert other is not None
        if other.on == "process":
            return self._again(target).answer(other.case, self.limit)
        asked = self.asked[(partner or target).id]
        if other.on != "dialect":
            return asked.answer(other.case, self.limit)
        request = carried(first.case, first.dialect, first.seen, other.case, asked.target.dialect)
        return asked.answer(other.case, self.limit, request)

    def _again(self, target: Target) -> Asked:
        """Another process of a target, started when first wanted."""
        if target.id not in self.again:
            self.again[target.id] = Asked(target, self.start(target), observing=self.asked[target.id].observing)
        return self.again[target.id]

    def vector_checks(self, vector: Vector, target: Target) -> list[Check]:
        """Ask a target a node case of ONNX, and judge it twice: by our bound, and by what ONNX states."""
        answer = self.asked[target.id].answer(vector.case, self.limit)
        ours = self._lines(judge(vector.case, target.dialect, answer), vector.case, target)
        theirs = self._lines(agreement(vector, target.dialect, answer), vector.stated, target)
        return [line.model_copy(update={"layer": LAYER}) for line in (*ours, *theirs)]

    def _lines(
        self, findings: Sequence[Finding], case: Case, target: Target, partner: Target | None = None
    ) -> list[Check]:
        ledger = self.asked[target.id].ledger
        wanted = [finding for finding in findings if self.selection.judges(finding.aspect)]
        lines = [explained(check_line(finding, case, target.id), ledger) for finding in wanted]
        again = {"reproduce": reproduce(case.id, target, partner)}
        return [line if line.outcome in PLAIN else line.model_copy(update=again) for line in lines]

    def settle(self, claim: Claim, target: Target) -> ClaimVerdict:
        """Ask a target every case of a claim and settle it."""
        outcomes = {}
        for name in claim.cases:
            case = self.suite.by_id[name]
            outcomes[name] = told(self._findings(case, target))
        return verdict(claim.id, claim.spec, target.id, outcomes)

    def told(self) -> list[Seen]:
        """What targets were seen to do since this was last asked."""
        every = (*self.asked.values(), *self.again.values())
        found = [line for one in every for line in one.seen]
        for one in every:
            one.seen.clear()
        return found

    def close(self) -> None:
        """End every worker."""
        for asked in (*self.asked.values(), *self.again.values()):
            asked.worker.close()


def ledger_for(target: Target, entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The entries that speak of a target."""
    return {name: entry for name, entry in entries.items() if applies(entry, target)}


def reproduce(case: str, target: Target, partner: Target | None = None) -> str:
    """One line that asks one target, or two that are compared, the case with this id again."""
    onnx = " --onnx" if case.startswith(f"{LAYER}/") else ""
    both = dict.fromkeys(_asked_for(one) for one in (target, partner) if one is not None)
    words = " ".join(f"--target {one}" for one in both)
    devices = dict.fromkeys(one.device for one in (target, partner) if one is not None)
    device = "".join(f" --device {quote(one)}" for one in devices) if tuple(devices) != ("cpu",) else ""
    return f"pytest --pyargs normcheck.cases{onnx} {words}{device} --case '{case}'"


def _asked_for(target: Target) -> str:
    return quote(target.requested or f"{target.name}:{target.mode}")
