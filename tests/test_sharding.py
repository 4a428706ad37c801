"""Shards: every item once, an even share of every target, and the same record as one run when merged."""

from __future__ import annotations

from collections import Counter

import pytest

from normcheck.cases.runs.sharding import part, shard, wrong_shard
from normcheck.cases.suite import suite
from normcheck.reports.merging import content, merge
from normcheck.reports.record import Footer, Shard
from normcheck.reports.summary import exit_status, shard_sentence, verdict_sentences
from normcheck.tests import records
from normcheck.tests.suite_runs import ADAPTERS, judged, record, run

TARGETS = ["--target", ADAPTERS / "zeros.py", "--target", ADAPTERS / "overwrites.py"]
RANKS = ["--case", "layer_normalization/ranks/*"]


@pytest.mark.parametrize("of", [1, 2, 3, 5, 7])
def test_the_shards_have_every_item_once_and_an_even_share_of_each_target(of):
    targets = [name for at in range(40) for name in ("a", "b", "c") if at % 3 or name != "b"]
    shares = [part(number, of, targets) for number in range(1, of + 1)]
    assert sorted(at for share in shares for at in share) == list(range(len(targets)))
    assert all(share == sorted(share) for share in shares)
    for name in "abc":
        counts = [Counter(targets[at] for at in share)[name] for share in shares]
        assert max(counts) - min(counts) <= 1


def test_no_shard_is_empty_where_there_are_as_many_items():
    assert [len(part(number, 4, ["a", "b", "a", "b"])) for number in range(1, 5)] == [1, 1, 1, 1]


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "2/", "-1/2", "1/2/3", "one/two", "1/10001", "1/0", "²/3"])
def test_what_is_no_shard_is_told_in_a_sentence(text):
    assert wrong_shard(text).startswith(f"--shard {text}: give the number of the shard")
    assert wrong_shard("2/5") == ""


def piece(number, *checks, of=2, items="i", due=(), **changes):
    """The record of a shard; its exit status is that of its checks."""
    head = records.header(run=f"run-{number}", shard=Shard(number=number, of=of, items=items))
    one = records.record(*checks, header=head, **changes)
    return records.record(
        *checks,
        header=head,
        footer=Footer(finished="now", complete=True, checks=len(checks), exit_status=exit_status(one), due=list(due)),
    )


def test_a_shard_that_is_missing_makes_the_whole_incomplete_and_is_named():
    two, four = piece(2, records.check("a/x"), of=4), piece(4, records.check("a/y"), of=4)
    whole = merge([two, four])
    assert (whole.complete, whole.footer.exit_status) == (False, 1)
    assert whole.shortfall == "of 4 shards of one run there is no 1, 3"


def test_shards_of_other_items_do_not_stand_in_for_one_another():
    whole = merge([piece(1, records.check("a/x")), piece(2, records.check("a/y"), items="other")])
    assert whole.shortfall == "of 2 shards of one run there is no 2; of 2 shards of one run there is no 1"


def test_merging_shards_in_two_steps_is_merging_in_one():
    parts = [piece(number, records.check(f"a/{number}"), of=3, due=["stale"]) for number in (1, 2, 3)]
    for first in (parts[:2], parts[:1]):
        assert merge([merge(first), *parts[len(first) :]]) == merge(parts)
    assert [note.entry for note in merge(parts).ledger_notes] == ["stale"]


def test_an_entry_of_the_ledger_is_stale_where_it_matched_in_no_shard():
    known = records.check("a/x", outcome="known", known="shown")
    parts = [piece(1, known, due=["shown", "stale"]), piece(2, records.check("a/y"), due=["shown", "stale"])]
    assert [part.footer.exit_status for part in parts] == [0, 0]
    assert merge(parts[:1]).ledger_notes == ()
    whole = merge(parts)
    assert [note.entry for note in whole.ledger_notes] == ["stale"]
    assert (whole.complete, whole.footer.exit_status) == (True, 1)
    assert merge([parts[0], piece(2, records.check("a/y"), due=["shown"])]).ledger_notes != ()


def test_a_shard_with_nothing_but_unsupported_is_no_failure_and_the_whole_is():
    parts = [piece(number, records.check(f"a/{number}", outcome="unsupported")) for number in (1, 2)]
    assert [part.footer.exit_status for part in parts] == [0, 0]
    assert "Nothing was judged" in verdict_sentences(merge(parts))[0]


def test_a_shard_says_what_it_is():
    assert shard_sentence(piece(2).header).startswith("Shard 2 of 2: `normcheck merge` joins")
    assert shard_sentence(merge([piece(1), piece(2)]).header) == ""


def test_a_digest_of_what_was_found_knows_no_order_and_no_time():
    one = records.record(records.check("a/x", seconds=1.0), records.check("a/y"))
    other = records.record(records.check("a/y"), records.check("a/x", seconds=2.0))
    wrong = records.record(records.check("a/y"), records.check("a/x", outcome="fail"))
    assert content(one) == content(other) != content(wrong)


def test_shards_of_the_same_items_belong_together():
    assert shard(1, 2, ["a", "b"]).items == shard(2, 2, ["a", "b"]).items != shard(1, 2, ["a", "c"]).items


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("whole")
    run(place, *TARGETS, *RANKS)
    return record(place)


def test_shards_merge_to_the_record_of_one_run(whole, tmp_path):
    # That with pytest-xdist has the same items as those without.
    for number, more in ((1, []), (2, ["-n", "2"]), (3, [])):
        done = run(tmp_path / str(number), *TARGETS, *RANKS, "--shard", f"{number}/3", *more)
        assert f"Shard {number} of 3" in done.text
    parts = [record(tmp_path / str(number)) for number in (1, 2, 3)]
    merged = merge(parts)
    assert [len({(check.case, check.target) for check in one.checks}) for one in parts] == [4, 3, 3]
    assert judged(merged) == judged(whole)
    assert content(merged) == content(whole)
    assert (merged.complete, merged.problems) == (True, ())


def test_claims_are_settled_in_the_shard_that_has_them(tmp_path):
    chosen = ["--target", "reference", "-k", "C000 or C004-2"]
    run(tmp_path / "all", *chosen)
    whole = record(tmp_path / "all")
    for number in (1, 2):
        run(tmp_path / str(number), *chosen, "--shard", f"{number}/2")
    merged = merge([record(tmp_path / str(number)) for number in (1, 2)])
    assert len(whole.claims) > 2
    assert content(merged) == content(whole)
    assert suite().claims.keys() >= {claim.claim for claim in merged.claims}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shard", "6/5"], "--shard 6/5: give the number of the shard"),
        (["--shard", "1/400"], "--shard 1/400: 10 items are selected; give no more shards than that."),
        (["--workers", "0"], "--workers 0: give 1 or more"),
        (["--workers", "2", "--in-process"], "no more than 1 together with --in-process"),
        (["--workers", "2", "-n", "2"], "--workers together with -n"),
    ],
)
def test_what_cannot_be_shared_is_refused_in_one_sentence(words, said, tmp_path):
    done = run(tmp_path, *TARGETS, *RANKS, *words)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    (error,) = [line for line in done.text.splitlines() if line.startswith("ERROR: ")]
    assert said in error


def test_several_workers_find_the_same_in_the_same_order(whole, tmp_path):
    run(tmp_path, *TARGETS, *RANKS, "--workers", "2")
    found = record(tmp_path)
    assert [check.key for check in found.checks] == [check.key for check in whole.checks]
    assert content(found) == content(whole)
