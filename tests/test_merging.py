"""Records merge without loss, and whatever does not agree is told."""

from __future__ import annotations

import pytest

from normcheck.reports.merging import merge, write
from normcheck.reports.reading import read
from normcheck.reports.record import ClaimVerdict, Interface, LedgerNote, Opened, Seen, SeenArray
from normcheck.tests import records


def run(name, *checks, **changes):
    header = changes.pop("header", {})
    return records.record(*checks, header=records.header(run=name, **header), **changes)


def test_shards_of_a_run_become_the_whole_run():
    whole = merge([run("one", records.check("a/x")), run("two", records.check("a/y"))])
    assert [check.case for check in whole.checks] == ["a/x", "a/y"]
    assert whole.targets == (records.target(),)
    assert whole.complete
    assert whole.problems == ()


def test_targets_and_machines_stand_side_by_side():
    keras = records.target("keras-cpu-eager", adapter="keras")
    whole = merge(
        [
            run("one", records.check()),
            run(
                "two",
                records.check(target="keras-cpu-eager"),
                targets=[keras],
                header={"platform": {"system": "Darwin"}},
            ),
        ]
    )
    assert {line.id for line in whole.targets} == {"torch-cpu-eager", "keras-cpu-eager"}
    assert [part.run for part in whole.header.parts] == ["one", "two"]
    assert [part.platform["system"] for part in whole.header.parts] == ["Linux 6.8 x86_64", "Darwin"]


def test_duplicates_that_agree_collapse_and_are_counted():
    whole = merge([run("one", records.check(seconds=1.0)), run("two", records.check(seconds=2.0))])
    assert len(whole.checks) == 1
    assert whole.problems == ("1 duplicate checks agreed with the first and were collapsed.",)
    assert whole.footer is not None
    assert whole.footer.checks == 1


@pytest.mark.parametrize("change", [{"outcome": "fail"}, {"grade": "B"}, {"fingerprint": "22"}])
def test_pairs_that_conflict_are_both_kept_and_named(change):
    first = records.check(grade="A", fingerprint="11")
    second = first.model_copy(update=change)
    whole = merge([run("one", first), run("two", second)])
    assert whole.checks == (first, second)
    assert len(whole.problems) == 1
    assert "layer_normalization/plain · torch-cpu-eager · output" in whole.problems[0]


def test_a_target_described_in_two_ways_is_named():
    other = records.target(title="torch 2.14.0 · cpu · eager", versions={"torch": "2.14.0"})
    whole = merge([run("one", records.check()), run("two", records.check("a/y"), targets=[other])])
    assert len(whole.targets) == 2
    assert "torch 2.14.0" in whole.problems[0]


def test_claims_that_conflict_are_both_kept_and_named():
    holds, refuted = (
        ClaimVerdict(claim="D00-1", target="torch-cpu-eager", verdict=verdict) for verdict in ("holds", "refuted")
    )
    whole = merge([run("one", claims=(holds,)), run("two", claims=(refuted,)), run("three", claims=(holds,))])
    assert whole.claims == (holds, refuted)
    assert "D00-1" in whole.problems[0]


def test_ledger_notes_are_kept_once():
    note = LedgerNote(entry="torch-1", problem="matched nothing")
    assert merge([run("one", ledger_notes=(note,)), run("two", ledger_notes=(note,))]).ledger_notes == (note,)


def test_specs_that_differ_are_told():
    whole = merge([run("one", records.check()), run("two", records.check("a/y"), header={"spec_digest": "other"})])
    assert "different specs (5f2c9a, other)" in whole.problems[0]


def test_the_whole_is_complete_only_when_every_part_is():
    whole = merge([run("one", records.check()), records.cut(run("two", records.check("a/y")))])
    assert not whole.complete
    assert "two: the run was cut short" in whole.shortfall


def test_a_merged_record_is_written_and_read_without_loss(tmp_path):
    whole = merge([run("one", records.check()), run("two", records.failure())])
    write(whole, tmp_path / "merged.jsonl")
    assert read(tmp_path / "merged.jsonl") == whole


def test_merging_in_two_steps_is_merging_in_one():
    parts = [run(name, records.check(f"a/{name}")) for name in ("one", "two", "three")]
    assert merge([merge(parts[:2]), parts[2]]) == merge(parts)


def test_a_record_merged_with_itself_is_the_same_run():
    alone = run("one", records.check(), records.check("a/y"))
    whole = merge([alone, alone])
    assert whole.header.run == "one"
    assert whole.checks == alone.checks


def test_there_is_something_to_merge():
    with pytest.raises(ValueError, match="at least one record"):
        merge([])


def seen_of(case, fingerprint="ab"):
    array = SeenArray(subject="output", dtype="float32", fingerprint=fingerprint)
    return Seen(case=case, layer="layer_normalization", target="torch-cpu-eager", request="12", arrays=[array])


def test_what_targets_did_is_kept_once_and_what_differs_is_named(tmp_path):
    interface = Interface(target="torch-cpu-eager", name="torch.nn.LayerNorm")
    opened = Opened(case="a/x", layer="x", saved_by="torch-cpu-eager", opened_by="other", form="file")
    one = run("one", records.check(), interfaces=(interface,), seen=(seen_of("a/x"),), opened=(opened,))
    two = run("two", records.check(), interfaces=(interface,), seen=(seen_of("a/x"), seen_of("a/y")))
    whole = merge([one, two])
    assert whole.seen == (seen_of("a/x"), seen_of("a/y"))
    assert (whole.interfaces, whole.opened) == ((interface,), (opened,))
    assert len(whole.problems) == 1
    write(whole, tmp_path / "merged.jsonl")
    assert read(tmp_path / "merged.jsonl") == whole
    otherwise = merge([one, run("two", records.check(), seen=(seen_of("a/x", "cd"),))])
    assert len(otherwise.seen) == 2
    assert "a/x · torch-cpu-eager is the first" in otherwise.problems[-1]
