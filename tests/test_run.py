"""A run: answers in whatever order they are wanted, claims settled, the ledger applied, the record closed."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from normcheck.adapters.interface import Observation
from normcheck.adapters.observe import observe
from normcheck.adapters.process.transport import LocalWorker, Loss
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.targets import BUILT_IN, Target
from normcheck.cases.ledger import Entry
from normcheck.cases.requests.ask import request_for
from normcheck.cases.runs.run import AHEAD, Asked, Run, ledger_for, reproduce
from normcheck.cases.runs.selection import Selection
from normcheck.cases.runs.session import Options, Session
from normcheck.cases.suite import suite
from normcheck.reports.reading import read
from normcheck.reports.record import Check
from normcheck.tests.small_suite import case

EXAMPLE = "layer_normalization/documentation-example"
REFERENCE = Target(
    "reference-cpu-eager",
    "reference · cpu · eager",
    "normcheck.adapters.reference:ReferenceAdapter",
    "reference",
    "keras",
    "cpu",
    "eager",
    requested="reference:eager",
)
CASES = suite().cases[: AHEAD + 8]
OWN_LEDGER = f"""\
entries:
  of-torch:
    target: "torch*"
    cases: [{EXAMPLE}]
    aspect: output
    symptom: "grade F*"
    reason: It is wrong on purpose.
"""


class Recorded:
    """A worker that remembers what it was sent and answers in order, losing the cases in `lost`."""

    def __init__(self, lost=()):
        self.lost = lost
        self.sent = []
        self.open = []
        self.ready = self.unavailable = None

    def submit(self, request):
        self.sent.append(request.case)
        self.open.append(request)

    def receive(self, limit):
        request = self.open.pop(0)
        if request.case in self.lost:
            return Loss("crash", request.case, "it crashed")
        return Observation(request.case)

    def close(self):
        self.open = None


def one_run(worker, ledger=None):
    return Run(suite(), {REFERENCE.id: Asked(REFERENCE, worker, ledger or {})}, 60.0)


def wanted(cases):
    return [(REFERENCE.id, one) for one in cases]


def test_requests_are_sent_ahead_but_not_all_at_once():
    worker = Recorded()
    run = one_run(worker)
    run.enqueue(wanted(CASES))
    run.asked[REFERENCE.id].answer(CASES[0], 60.0)
    assert worker.sent == [one.id for one in CASES[: AHEAD + 1]]


def test_every_case_is_asked_once_and_gets_its_own_answer():
    worker = Recorded(lost={CASES[3].id})
    run = one_run(worker)
    run.enqueue(wanted(CASES))
    answers = [run.asked[REFERENCE.id].answer(one, 60.0) for one in CASES]
    assert [answer.case for answer in answers] == [one.id for one in CASES]
    assert [type(answer) for answer in answers[2:5]] == [Observation, Loss, Observation]
    assert worker.sent == [one.id for one in CASES]


def test_answers_may_be_wanted_in_another_order_or_out_of_the_blue():
    worker = Recorded()
    asked = one_run(worker).asked[REFERENCE.id]
    asked.queue.extend(CASES[:4])
    unexpected = CASES[6]
    order = [CASES[2], unexpected, CASES[0], CASES[3], CASES[1]]
    assert [asked.answer(one, 60.0).case for one in order] == [one.id for one in order]
    assert len(worker.sent) == 5


def test_a_case_that_two_claims_want_is_observed_each_time():
    asked = Asked(REFERENCE, Recorded(), observing=True)
    asked.queue.extend([CASES[0], CASES[1], CASES[0]])
    for one in (CASES[0], CASES[1], CASES[0]):
        assert asked.answer(one, 60.0).case == one.id
    assert [line.case for line in asked.seen] == [CASES[0].id, CASES[1].id, CASES[0].id]


def test_a_case_that_nobody_announced_does_not_wait_for_those_announced():
    worker = Recorded()
    asked = one_run(worker).asked[REFERENCE.id]
    asked.queue.extend(CASES[1:])
    asked.answer(CASES[0], 60.0)
    assert worker.sent[0] == CASES[0].id


def test_a_case_that_cannot_be_asked_fails_alone(monkeypatch):
    def made(case, dialect):
        if case is CASES[1]:
            raise ValueError("no such axis")
        return request_for(case, dialect)

    monkeypatch.setattr("normcheck.cases.runs.run.request_for", made)
    run = one_run(Recorded())
    run.enqueue((REFERENCE.id, case) for case in CASES[:3])
    assert run.checks(CASES[0], REFERENCE)
    with pytest.raises(ValueError, match="no such axis"):
        run.checks(CASES[1], REFERENCE)
    assert run.checks(CASES[2], REFERENCE)


def test_a_case_may_be_asked_again():
    asked = one_run(Recorded()).asked[REFERENCE.id]
    assert [asked.answer(CASES[0], 60.0).case for _ in range(2)] == [CASES[0].id] * 2


def test_a_target_in_this_process_is_judged_like_any_other():
    lines = one_run(LocalWorker(REFERENCE)).checks(case(EXAMPLE), REFERENCE)
    assert {line.outcome for line in lines} == {"pass"}
    assert {line.target for line in lines} == {REFERENCE.id}


def test_a_lost_case_fails_in_every_aspect_and_says_how_to_repeat_it():
    lines = one_run(Recorded(lost={EXAMPLE})).checks(case(EXAMPLE), REFERENCE)
    assert {line.outcome for line in lines} == {"crash"}
    assert {line.reproduce for line in lines} == {
        f"pytest --pyargs normcheck.cases --target reference:eager --case '{EXAMPLE}'"
    }


def test_the_ledger_is_applied_to_the_targets_it_speaks_of():
    entry = Entry(
        target="reference", cases=[EXAMPLE], aspect="output", symptom="crash", reason="It crashes on every machine."
    )
    assert ledger_for(REFERENCE, {"e": entry}) == {"e": entry}
    assert ledger_for(dataclasses.replace(REFERENCE, name="torch", id="torch-cpu-eager"), {"e": entry}) == {}
    lines = one_run(Recorded(lost={EXAMPLE}), {"e": entry}).checks(case(EXAMPLE), REFERENCE)
    assert {(line.aspect, line.known) for line in lines if line.outcome == "known"} == {("output", "e")}
    assert {line.outcome for line in lines if line.aspect != "output"} == {"crash"}


def test_a_claim_is_settled_from_its_cases():
    claim = suite().claims["C001-1"]
    assert one_run(LocalWorker(REFERENCE)).settle(claim, REFERENCE).verdict == "holds"
    assert one_run(Recorded(lost=set(claim.cases))).settle(claim, REFERENCE).verdict == "cannot be told"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "--target reference:eager --case"),
        ({"device": "cuda"}, "--target reference:eager --device cuda --case"),
        ({"requested": "my layers.py"}, "--target 'my layers.py' --case"),
        ({"requested": ""}, "--target reference:eager --case"),
    ],
)
def test_the_line_that_repeats_a_check_can_be_pasted(changes, words):
    line = Check(
        case=EXAMPLE, layer="layer_normalization", target="t", aspect="output", dtype="float32", outcome="fail"
    )
    assert words in reproduce(line.case, dataclasses.replace(REFERENCE, **changes))


def test_the_reference_sees_no_expectation_in_a_request():
    asked = request_for(case(EXAMPLE), "keras")
    assert not {"expect", "requirements", "output"} & {one.name for one in dataclasses.fields(asked)}
    assert observe(ReferenceAdapter(), asked).case == EXAMPLE


@pytest.fixture
def session(tmp_path):
    options = Options((), (), (), True, 60.0, 256, tmp_path / "record.jsonl", ("cases",))
    return Session(options, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


def check(**changes):
    about = {"case": "a/b", "layer": "a", "target": "t", "aspect": "output", "dtype": "float32", "outcome": "pass"}
    return {"kind": "check", **about, **changes}


def test_a_full_run_finds_stale_entries_and_fails(session):
    session.due, session.selected, session.reported = ["used", "stale"], 1, 1
    session.append([check(outcome="known", known="used")])
    found = session.finish(0)
    assert [note.entry for note in found.ledger_notes] == ["stale"]
    assert (found.complete, found.footer.exit_status) == (True, 1)


def test_a_run_cut_short_calls_no_entry_stale(session):
    session.due, session.selected, session.reported = ["stale"], 2, 1
    session.append([check()])
    found = session.finish(0)
    assert read(session.options.record).ledger_notes == ()
    assert (found.complete, found.shortfall, found.footer.exit_status) == (False, "1 of 2 items ran", 1)


def test_the_footer_keeps_the_status_that_pytest_gave(session):
    session.selected = session.reported = 1
    session.append([check()])
    assert session.finish(2).footer.exit_status == 2
    assert read(session.options.record).footer.exit_status == 2


def test_what_is_found_of_the_record_at_the_end_is_what_is_read_back(session):
    session.selected = session.reported = 1
    session.append([check()])
    assert session.finish(0) == read(session.options.record)


def test_only_a_run_of_everything_can_find_an_entry_stale(session):
    session.run = Run(suite(), {"t": Asked(REFERENCE, Recorded(), {"e": entry_of_everything()})}, 60.0)
    assert session.entries_due() == []
    session.whole = True
    assert session.entries_due() == ["e"]
    session.options = dataclasses.replace(session.options, targets=("reference",))
    assert session.entries_due() == []


def test_an_entry_of_long_cases_alone_is_due_in_a_full_run_alone(session):
    long = next(case.id for case in suite().cases if case.full and "output" in case.aspects)
    entry = entry_of_everything().model_copy(update={"cases": [long]})
    session.run = Run(suite(), {"t": Asked(REFERENCE, Recorded(), {"e": entry})}, 60.0)
    session.whole = True
    assert session.entries_due() == []
    session.options = dataclasses.replace(session.options, selection=Selection(full=True))
    assert session.entries_due() == ["e"]


def test_a_selection_of_aspects_keeps_the_others_out_of_the_record():
    run = Run(suite(), {REFERENCE.id: Asked(REFERENCE, LocalWorker(REFERENCE))}, 60.0, Selection(aspects=("dtype",)))
    case = suite().by_id[EXAMPLE]
    run.enqueue([(REFERENCE.id, case)])
    assert {check.aspect for check in run.checks(case, REFERENCE)} == {"dtype"}


def test_the_header_says_which_list_was_run(session):
    quick = session.header()
    session.options = dataclasses.replace(session.options, selection=Selection(full=True))
    full = session.header()
    assert (quick.case_list, full.case_list) == ("quick", "full")
    assert 0 < quick.listed < full.listed == full.cases == quick.cases


def entry_of_everything():
    return Entry(target="*", cases=["*"], aspect="output", symptom="*", reason="For a test of the end of a run.")


def test_what_is_wrong_is_one_sentence_and_leaves_nothing_to_judge(session, tmp_path):
    session.options = dataclasses.replace(
        session.options, ledgers=(str(tmp_path / "none.yaml"),), targets=("reference",)
    )
    assert session.wrong.endswith("none.yaml:1:1: there is no such file")
    assert (session.cases, session.claims) == ([], [])


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_limit_is_a_time(session, limit):
    session.options = dataclasses.replace(session.options, limit=limit)
    assert session.wrong.endswith("give seconds above 0, and 86400 at the most.")


def test_a_memory_limit_leaves_some_memory(session):
    session.options = dataclasses.replace(session.options, memory=0)
    assert session.wrong == "--memory-limit 0: give at least 1 MiB."


def test_the_packaged_ledger_is_in_force_and_ones_own_beside_it(session, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("entries: {}\n")
    session.options = dataclasses.replace(session.options, ledgers=(str(own),), targets=("reference",))
    assert session.wrong == ""
    assert set(session.ledger) >= {"keras-integers-truncated"}
    assert Path(session.options.record).exists() is False


def test_a_packaged_entry_binds_the_built_in_adapter_and_no_other_of_that_name(session, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(OWN_LEDGER)
    session.options = dataclasses.replace(session.options, ledgers=(str(own),))
    torch = dataclasses.replace(REFERENCE, name="torch", id="torch-cpu-eager", versions={"torch": "2.13.0"})
    theirs = dataclasses.replace(torch, adapter=BUILT_IN["torch"])
    mine = dataclasses.replace(torch, adapter="/somewhere/my_layers.py:Adapter")
    assert {"torch-negative-epsilon", "of-torch"} <= set(session.ledger_of(theirs))
    assert set(session.ledger_of(mine)) == {"of-torch"}
