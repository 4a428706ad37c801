"""The exit status is 0 only where everything asked was judged and found right or known."""

from __future__ import annotations

import pytest

from normcheck.reports.record import ClaimVerdict, LedgerNote
from normcheck.reports.summary import counts, exit_status, list_sentence, terminal, verdict_sentences
from normcheck.tests import records


def status(whole):
    """The exit status, checked against the sentences that explain it."""
    assert exit_status(whole) == (1 if verdict_sentences(whole) else 0)
    return exit_status(whole)


def test_passes_and_known_deviations_are_success():
    assert status(records.record(records.check(), records.check("a/y", "known", known="torch-1"))) == 0


@pytest.mark.parametrize("outcome", ["fail", "error", "crash", "timeout"])
def test_one_unexplained_failure_fails_the_run(outcome):
    whole = records.record(records.check(), records.failure("a/y", outcome))
    assert status(whole) == 1
    assert "1 check " in verdict_sentences(whole)[0]


def test_a_run_in_which_nothing_was_judged_fails():
    assert status(records.record()) == 1
    assert status(records.record(records.check(outcome="unsupported"))) == 1
    assert "Nothing was judged" in verdict_sentences(records.record())[0]


def test_a_target_on_which_nothing_was_judged_fails():
    whole = records.record(
        records.check(),
        records.check(target="keras-cpu-eager", outcome="unsupported"),
        targets=[records.target(), records.target("keras-cpu-eager")],
    )
    assert status(whole) == 1
    assert "keras-cpu-eager" in verdict_sentences(whole)[0]


def test_a_target_that_was_started_and_asked_nothing_fails():
    assert status(records.record(records.check(), targets=[records.target(), records.target("idle")])) == 1


def test_a_target_that_a_selection_happens_to_leave_without_a_verdict_does_not_fail_it():
    good = records.check(target="torch-cpu-eager")
    idle = records.check("a/2", "unsupported", target="keras-cpu-eager")
    targets = [records.target("torch-cpu-eager"), records.target("keras-cpu-eager", requested=False)]
    assert status(records.record(good, idle, targets=targets)) == 0


def test_settled_claims_alone_are_a_judgement():
    settled = ClaimVerdict(claim="C-1", target="torch-cpu-eager", verdict="refuted")
    assert status(records.record(claims=(settled,))) == 0


def test_a_requested_target_that_could_not_be_had_fails_and_one_merely_listed_does_not():
    def with_missing(requested):
        missing = records.target("jax-cpu", reason="No module named 'jax'", requested=requested)
        return records.record(records.check(), targets=[records.target(), missing])

    assert status(with_missing(True)) == 1
    assert "No module named 'jax'" in verdict_sentences(with_missing(True))[0]
    assert status(with_missing(False)) == 0


def test_a_stale_ledger_entry_fails_the_run():
    note = LedgerNote(entry="torch-1", problem="matched no check")
    assert status(records.record(records.check(), ledger_notes=(note,))) == 1


def test_a_run_cut_short_fails_and_says_why():
    whole = records.cut(records.record(records.check()), "stopped after 1 failure")
    assert status(whole) == 1
    assert "stopped after 1 failure" in verdict_sentences(whole)[0]


def test_outcomes_are_counted_by_target():
    found = counts(records.record(records.check(), records.check("a/y"), records.failure("a/z")))
    assert found["torch-cpu-eager"] == {"pass": 2, "fail": 1}


def test_the_table_shows_targets_symptoms_and_the_verdict():
    text = terminal(records.full_run())
    assert "torch-cpu-compile" in text
    assert "20 × unbiased variance on torch-cpu-eager" in text
    assert "40 checks fail, and no ledger entry explains it." in text
    assert "\x1b" not in text


def test_the_list_that_was_run_is_told():
    quick = records.header(case_list="quick", listed=600, cases=1200)
    assert list_sentence(quick) == "The quick list: 600 of 1,200 cases; --full asks all of them."
    assert list_sentence(records.header(case_list="full", listed=1200, cases=1200)) == "The full list: all 1,200 cases."
    assert list_sentence(records.header()) == ""
    assert list_sentence(quick) in terminal(records.record(records.check(), header=quick))


def test_colour_is_for_terminals_and_changes_no_word():
    whole = records.record(records.check(), records.failure("a/y"))
    coloured = terminal(whole, colour=True)
    assert "\x1b[31m" in coloured
    assert coloured.replace("\x1b[31m", "").replace("\x1b[32m", "").replace("\x1b[0m", "") == terminal(whole)


def test_nothing_in_a_record_can_steer_the_terminal():
    odd = "\x1b[2J\r\nfake line\u202e"
    whole = records.record(
        records.failure(target=odd, symptom=odd),
        targets=[records.target(odd, reason=odd)],
        ledger_notes=(LedgerNote(entry=odd, problem=odd),),
        problems=(odd,),
    )
    text = terminal(whole)
    assert not set(text) & set("\x1b\r\u202e")
    assert "\nfake line" not in text


def test_a_target_that_was_lost_on_the_way_and_judged_in_nothing_fails():
    lost = records.target("keras-cpu-eager", reason="it died twice", requested=False)
    asked = records.check(target="keras-cpu-eager", outcome="unsupported")
    assert status(records.record(records.check(), asked, targets=[records.target(), lost])) == 1
