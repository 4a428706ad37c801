"""Two records are held against each other: what is the same is silent, and every change has its class."""

from __future__ import annotations

from dataclasses import replace

import pytest

from normcheck.reports.comparing.compare import compare
from normcheck.reports.comparing.pairing import CompareError, pairs
from normcheck.reports.record import Worst
from normcheck.tests import records
from normcheck.tests.comparisons import (
    NEW,
    OLD,
    array,
    compared,
    entry,
    error,
    interface,
    judged,
    line,
    opened,
    seen,
    version,
    weight,
)

RIGHT = array([-1.26, -0.48, 0.29, 1.45])
CUT = array([-1.0, 0.0, 0.0, 1.0])
NEAR = array([-1.2600001, -0.48, 0.29, 1.45])


def wrong(of, **changes):
    return judged(
        of, outcome="fail", **({"grade": "F", "headroom": 1e5, "failed": ["LN-1"], "symptom": "grade F"} | changes)
    )


def kind(before, after):
    return entry(before, after).kind


def test_a_version_against_itself_shows_no_difference():
    facts = judged(RIGHT), seen(arrays=[RIGHT], weights=[weight("gamma")], warnings=["UserWarning: slow"]), interface()
    found = compared(facts, facts)
    assert found.entries == ()
    assert (found.compared.cases, found.compared.arrays, found.compared.same) == (1, 1, 1)


def test_what_held_and_no_longer_does_is_broken():
    found = entry([judged(RIGHT), seen(arrays=[RIGHT])], [wrong(CUT), seen(arrays=[CUT])])
    assert found.kind == "broken"
    assert (found.example.before, found.example.after) == ("-0.48", "0")


def test_a_deviation_that_the_ledger_knows_is_no_less_broken():
    known = wrong(CUT, known="keras-ln-integers").model_copy(update={"outcome": "known"})
    assert kind([judged(RIGHT), seen(arrays=[RIGHT])], [known, seen(arrays=[CUT])]) == "broken"


def test_a_deviation_is_no_difference_because_the_ledger_names_it_in_one_version_only():
    known = wrong(CUT, known="keras-ln-integers").model_copy(update={"outcome": "known"})
    assert compared([wrong(CUT)], [known]).entries == ()
    assert compared([known], [wrong(CUT)]).entries == ()


def test_what_worked_and_raises_is_broken_once_for_all_aspects():
    message = "raised ValueError in phase call: no such axis"
    ended = [
        records.check(outcome="error", aspect=aspect, symptom="raised ValueError", message=message)
        for aspect in ("output", "gradient", "state")
    ]
    before = [
        judged(RIGHT),
        judged(RIGHT, aspect="gradient", subject="input"),
        judged(RIGHT, aspect="state", subject="mean"),
    ]
    found = entry([*before, seen(arrays=[RIGHT])], [*ended, seen(errors=[error()])])
    assert found.kind == "broken"
    assert found.example.after == "ValueError: no such axis"
    assert len(found.differences) == 3


def test_numbers_without_a_verdict_that_moved_are_silently_different():
    found = entry([seen(arrays=[RIGHT])], [seen(arrays=[CUT])])
    assert found.kind == "silently-different"
    assert "cut off to whole numbers" in found.title


def test_numbers_without_a_verdict_that_rounding_explains_are_other_bits():
    assert kind([seen(arrays=[RIGHT])], [seen(arrays=[NEAR])]) == "bits"


def test_numbers_that_both_pass_are_other_bits_however_many_ulps_apart():
    far = array([-1.2601, -0.48, 0.29, 1.45])
    assert kind([judged(RIGHT), seen(arrays=[RIGHT])], [judged(far), seen(arrays=[far])]) == "bits"


def test_a_number_that_became_nan_is_silently_different_even_where_both_pass():
    nan = array([float("nan"), -0.48, 0.29, 1.45])
    found = entry([judged(RIGHT), seen(arrays=[RIGHT])], [judged(nan), seen(arrays=[nan])])
    assert found.kind == "silently-different"
    assert (found.example.before, found.example.after) == ("-1.26", "NaN")


def test_two_wrong_answers_that_are_as_far_apart_as_right_ones_may_be_are_other_bits():
    worst = Worst(index=[0], got="-1.26", expected="-1.2", bound="0.01")
    near = array([-1.27, -0.48, 0.29, 1.45])
    before, after = wrong(RIGHT, worst=worst), wrong(near, worst=worst)
    assert kind([before, seen(arrays=[RIGHT])], [after, seen(arrays=[near])]) == "bits"


def test_two_wrong_answers_that_are_further_apart_are_silently_different():
    assert kind([wrong(RIGHT), seen(arrays=[RIGHT])], [wrong(CUT), seen(arrays=[CUT])]) == "silently-different"


def test_what_raised_and_is_wrong_now_is_silently_different():
    before = [records.check(outcome="error", symptom="raised TypeError", message="raised TypeError")]
    assert kind([*before, seen(errors=[error("TypeError")])], [wrong(CUT), seen(arrays=[CUT])]) == "silently-different"


@pytest.mark.parametrize(
    ("before", "after", "meant"),
    [
        ({"headroom": 0.05}, {"headroom": 0.3}, "accuracy-lost"),
        ({"headroom": 0.3}, {"headroom": 0.05}, "accuracy-gained"),
        ({"headroom": 0.01}, {"headroom": 0.09}, "bits"),
        ({"headroom": 0.2}, {"headroom": 0.6}, "bits"),
        ({"headroom": 0.4}, {"headroom": 1.2, "grade": "B"}, "accuracy-lost"),
        ({"headroom": 0.98}, {"headroom": 1.02, "grade": "A2"}, "bits"),
        ({"headroom": 1.2, "grade": "B"}, {"headroom": 0.4}, "accuracy-gained"),
    ],
)
def test_accuracy_is_lost_or_gained_where_headroom_or_grade_moved_a_lot(before, after, meant):
    assert kind([judged(RIGHT, **before)], [judged(NEAR, **after)]) == meant


def test_the_same_numbers_in_another_dtype_are_the_interface():
    whole = [array([-1.0, 0.0, 1.0], dtype=dtype) for dtype in ("int32", "float32")]
    found = entry([seen(arrays=[whole[0]])], [seen(arrays=[whole[1]])])
    assert (found.kind, found.example.before, found.example.after) == ("interface", "int32", "float32")


def test_another_exception_is_told_once_for_all_aspects():
    def raised(name):
        checks = [
            records.check(outcome="error", aspect=aspect, symptom=f"raised {name}") for aspect in ("output", "state")
        ]
        return [*checks, seen(errors=[error(name)])]

    assert [one.kind for one in compared(raised("ValueError"), raised("TypeError")).entries] == ["interface"]


def test_what_raised_before_and_gives_no_answer_now_is_not_broken_by_that():
    before = [records.check(outcome="error", symptom="raised ValueError"), seen(errors=[error()])]
    assert kind(before, [records.check(outcome="timeout", symptom="timeout"), seen(lost="timeout")]) == "interface"
    assert kind([judged(RIGHT), seen(arrays=[RIGHT])], [seen(lost="crash")]) == "broken"


def test_what_was_wrong_and_holds_is_fixed():
    assert kind([wrong(CUT), seen(arrays=[CUT])], [judged(RIGHT), seen(arrays=[RIGHT])]) == "fixed"


def test_support_that_goes_and_comes_is_told_once_per_case_and_reason():
    lacking = [
        records.check(outcome="unsupported", aspect=aspect, message="keras offers no layer_normalization")
        for aspect in ("output", "gradient")
    ]
    there = [judged(RIGHT), judged(RIGHT, aspect="gradient", subject="input")]
    nothing = seen(unsupported={"layer": "keras offers no layer_normalization"})
    assert kind([*lacking, nothing], [*there, seen(arrays=[RIGHT])]) == "newly-supported"
    assert kind([*there, seen(arrays=[RIGHT])], [*lacking, nothing]) == "newly-unsupported"


def test_a_case_that_one_side_alone_was_asked_is_added_or_removed_and_no_regression():
    other = judged(RIGHT, "layer_normalization/other", outcome="fail", symptom="grade F")
    assert kind([judged(RIGHT)], [judged(RIGHT), other]) == "added"
    assert kind([judged(RIGHT), other], [judged(RIGHT)]) == "removed"


def test_a_case_that_is_asked_otherwise_is_not_compared_and_said():
    found = compared([judged(RIGHT), seen(arrays=[RIGHT])], [wrong(CUT), seen(arrays=[CUT], request="another")])
    assert found.entries == ()
    assert any("asked otherwise" in note for note in found.notes)


def test_a_verdict_that_only_the_specs_changed_is_no_difference():
    old = version(OLD, judged(RIGHT), seen(arrays=[RIGHT]))
    other = records.header(spec_digest="another")
    assert compare(old, version(NEW, wrong(RIGHT), seen(arrays=[RIGHT]), header=other)).entries == ()
    moved = compare(old, version(NEW, wrong(CUT), seen(arrays=[CUT]), header=other))
    assert [one.kind for one in moved.entries] == ["broken"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"weights": [weight("gamma")]}, {"weights": [weight("scale")]}, "names of the weights: gamma; now scale"),
        ({"weights": [weight("a"), weight("b")]}, {"weights": [weight("b"), weight("a")]}, "order of the weights"),
        (
            {"weights": [weight("a", shape=[4, 3])]},
            {"weights": [weight("a", shape=[3, 4])]},
            "shape [4, 3], now [3, 4]",
        ),
        ({"weights": [weight("a", dtype="float32")]}, {"weights": [weight("a", dtype="float16")]}, "dtype float32"),
        ({"weights": [weight("a")]}, {"weights": [weight("a", trainable=False)]}, "trainable True, now False"),
        ({"weights": [weight("a", [1.0])]}, {"weights": [weight("a", [0.0])]}, "new layer holds 0.0, and held 1.0"),
        ({"parameters": (8, 0)}, {"parameters": (8, 9)}, "8 trainable, 0 not; now 8 trainable, 9 not"),
        ({"configuration": ["axis"]}, {"configuration": ["axis", "renorm"]}, "Configuration keys added: renorm"),
        ({"warnings": []}, {"warnings": ["DeprecationWarning: old"]}, "A new warning: DeprecationWarning: old"),
        ({"errors": [error("ValueError")]}, {"errors": [error("IndexError")]}, "ValueError in phase call"),
        ({"errors": [error(phase="build")]}, {"errors": [error(phase="call")]}, "in phase build"),
    ],
)
def test_what_is_no_number_is_the_interface(before, after, words):
    found = entry([seen(**before)], [seen(**after)])
    assert found.kind == "interface"
    assert words in found.title


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (interface(axis=-1, rms_scaling=False), interface(axis=-1), "parameter rms_scaling=False is gone"),
        (interface(axis=-1), interface(axis=-1, dtype=None), "parameter dtype=None is new"),
        (interface(epsilon=1e-3), interface(epsilon=1e-5), "parameter epsilon=0.001 is now epsilon=1e-05"),
        (interface("f", "a", "b"), interface("f", "b", "a"), "stand in the order b, a"),
    ],
)
def test_a_signature_is_the_interface(before, after, words):
    found = entry([before], [after])
    assert found.kind == "interface"
    assert words in found.title


def test_a_warning_that_came_in_another_case_before_is_not_new():
    warning = {"warnings": ["UserWarning: said once in a process"]}
    first, second = "layer_normalization/a", "layer_normalization/b"
    assert compared([seen(first, **warning), seen(second)], [seen(first), seen(second, **warning)]).entries == ()


def test_an_export_that_appears_is_newly_supported():
    more = interface("keras.layers.RMSNormalization", layer="rms_normalization")
    assert kind([interface()], [interface(), more]) == "newly-supported"
    assert kind([interface(), more], [interface()]) == "newly-unsupported"


def test_a_file_that_does_not_open_is_told_with_its_direction():
    fails = {"phase": "load", "types": ["TypeError"], "message": "renorm", "same": False, "within": False}
    forwards = entry([], [opened(**fails)])
    backwards = entry([], [opened(NEW, OLD, **fails)])
    assert (forwards.kind, backwards.kind) == ("files", "files")
    assert "What keras 3.8.0 saved as file does not open in keras 3.15.1" in forwards.title
    assert "What keras 3.15.1 saved as file does not open in keras 3.8.0" in backwards.title


def test_a_file_that_its_own_version_cannot_open_again_says_nothing_of_the_other():
    fails = opened(phase="load", types=["TypeError"], same=False, within=False)
    own = records.check("layer_normalization/saved", "fail", aspect="persistence", subject="file", symptom="raised")
    assert compared([own], [own, fails]).entries == ()


def test_outputs_of_an_opened_file_that_differ_are_of_the_file_only_where_no_number_moved_without_it():
    other = opened(same=False, within=False, difference=0.5)
    case = "layer_normalization/saved"
    assert kind([], [other]) == "files"
    found = entry([seen(case, arrays=[RIGHT])], [seen(case, arrays=[CUT]), other])
    assert found.kind == "silently-different"


def test_a_weight_that_the_call_no_longer_moves_is_silently_different():
    counted = array([4.0], "weight count", dtype="int64")
    found = entry([seen(arrays=[RIGHT, counted])], [seen(arrays=[RIGHT])])
    assert found.kind == "silently-different"
    assert "no longer changed by the call" in found.title


def test_records_without_observations_are_compared_by_their_checks_and_it_is_said():
    found = compared([judged(RIGHT)], [wrong(CUT)])
    assert [one.kind for one in found.entries] == ["broken"]
    assert any("--observations" in note for note in found.notes)


def test_targets_pair_by_adapter_device_and_mode():
    modes = ("eager", "graph")
    before = records.record(targets=[line(OLD, mode) for mode in modes])
    after = records.record(targets=[line(NEW, mode) for mode in modes[:1]])
    found, alone = pairs(before, after)
    assert [pair.name for pair in found] == ["keras · cpu · eager"]
    assert alone == ("keras 3.8.0 · cpu · graph was asked before alone, and is not compared.",)


def test_two_versions_in_one_record_pair_in_their_order():
    both = records.record(targets=[line(NEW), line(OLD)])
    found, _ = pairs(both, both)
    assert [pair.versions["keras"] for pair in found] == [(NEW, OLD)]
    found, _ = pairs(both, both, [f"keras-{OLD}-*"], [f"keras-{NEW}-*"])
    assert [pair.versions["keras"] for pair in found] == [(OLD, NEW)]


def test_chosen_targets_of_two_adapters_pair():
    old = line("2.21", adapter="tf_keras", id="tf_keras-cpu-eager", versions={"tf_keras": "2.21.0"})
    both = records.record(targets=[line(NEW), old])
    found, _ = pairs(both, both, ["tf_keras-*"], ["keras-*"])
    assert [pair.name for pair in found] == ["tf_keras → keras · cpu · eager"]


@pytest.mark.parametrize(
    ("before", "after", "old", "new", "words"),
    [
        ([line(OLD)], [line(NEW, adapter="torch")], [], [], "Nothing pairs"),
        ([line(OLD)], [line(NEW)], ["keras-2*"], [], "--before keras-2*: the record has no such target"),
        ([line(OLD), line("3.9.0")], [line(NEW)], [], [], "are both before: choose one with --before"),
        ([line(OLD)], [line(NEW, reason="not installed")], [], [], "after no target"),
    ],
)
def test_what_does_not_pair_is_refused_with_a_sentence(before, after, old, new, words):
    with pytest.raises(CompareError, match=r".") as refused:
        pairs(records.record(targets=before), records.record(targets=after), old, new)
    assert words in str(refused.value)


def test_one_record_of_one_version_is_refused():
    alone = records.record(targets=[line(OLD)])
    with pytest.raises(CompareError, match="one version of each target"):
        pairs(alone, alone)


def test_a_record_that_was_cut_short_is_compared_and_it_is_said():
    old, new = version(OLD, judged(RIGHT)), version(NEW, judged(RIGHT))
    assert any("not complete" in note for note in compare(old, replace(new, footer=None)).notes)
