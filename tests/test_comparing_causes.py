"""One changed behaviour is one entry, however many checks it shows in."""

from __future__ import annotations

import math
import struct

from normcheck.reports.comparing.compare import compare
from normcheck.reports.comparing.numbers import allowed, moved, pattern
from normcheck.reports.comparing.pairing import pairs
from normcheck.tests import records
from normcheck.tests.comparisons import (
    NEW,
    OLD,
    array,
    compared,
    error,
    interface,
    judged,
    line,
    seen,
    version,
    weight,
)

LAYERS = ("layer_normalization", "group_normalization")


def plain(case, aspect, subject="", **changes):
    """A check of no array."""
    layer = case.split("/")[0]
    outcome = "fail" if changes else "pass"
    return records.check(case, outcome, layer=layer, aspect=aspect, subject=subject, **changes)


def nudged(values, by=1e-7):
    return [value * (1 + by) for value in values]


def reduction(changed, modes=("eager",)):
    """A layer in a hundred cases of several dtypes, with or without another order of summing: the last bits move."""
    facts = []
    for n in range(100):
        case = f"layer_normalization/lengths/features={n}"
        values = [0.1 * n + 0.3, -1.0, 0.5][: 2 + n % 2]
        of = array(nudged(values) if changed else values, dtype=("float32", "bfloat16")[n % 2])
        gradient = array(nudged(values, 2e-7) if changed else values, "gradient input")
        headroom = 0.05 if not changed else (0.2, 0.05, 0.011)[n % 3]
        facts += [
            judged(of, case, headroom=headroom),
            judged(gradient, case, aspect="gradient", subject="input"),
            seen(case, arrays=[of, gradient]),
        ]
    return facts


def test_a_changed_reduction_is_one_entry_and_shows_its_smallest_case():
    (found,) = compared(reduction(False), reduction(True)).entries
    assert found.kind == "bits"
    assert (found.cases, len(found.differences)) == (100, 200)
    assert found.example.size == 2
    assert set(found.aspects) == {"output", "gradient"}
    assert found.commands[1].startswith("pytest --pyargs normcheck.cases --target keras:eager --case 'layer_norm")


def test_several_modes_of_a_target_are_one_entry():
    modes = ("eager", "graph")
    sides = []
    for of, changed in ((OLD, False), (NEW, True)):
        parts = [version(of, *reduction(changed), mode=mode) for mode in modes]
        checks = [check for part in parts for check in part.checks]
        arrays = tuple(line for part in parts for line in part.seen)
        sides.append(records.record(*checks, targets=[line(of, mode) for mode in modes], seen=arrays))
    (found,) = compare(*sides).entries
    assert [pair.after.mode for pair in found.pairs] == ["eager", "graph"]


def test_accuracy_that_is_lost_in_some_checks_and_gained_in_as_many_is_rounding():
    def facts(*headrooms):
        of = [array([0.5 + n, 1.0 + headroom]) for n, headroom in enumerate(headrooms)]
        return [judged(one, f"layer_normalization/{n}", headroom=headrooms[n]) for n, one in enumerate(of)]

    assert [one.kind for one in compared(facts(0.1, 0.5), facts(0.5, 0.1)).entries] == ["bits"]
    assert [one.kind for one in compared(facts(0.1, 0.1), facts(0.5, 0.5)).entries] == ["accuracy-lost"]


def test_integers_that_are_cut_off_are_one_entry_over_layers_and_aspects():
    def facts(cut):
        found = []
        for layer in LAYERS:
            case = f"{layer}/whole-numbers"
            values = [-1.26, -0.48, 0.29, 1.45]
            of = array([float(int(value)) for value in values] if cut else values)
            after = array([value / 2 if cut else value for value in values], "gradient gamma")
            fails = {"outcome": "fail", "grade": "F", "symptom": "grade F", "failed": ["WH-2"]} if cut else {}
            found += [judged(of, case, dtype="int32", **fails), seen(case, arrays=[of, after])]
        return found

    (found,) = compared(facts(False), facts(True)).entries
    assert found.kind == "broken"
    assert found.layers == LAYERS
    assert set(found.aspects) == {"output", "gradient"}
    assert (found.example.before, found.example.after) == ("-0.48", "0")


def test_float64_that_is_computed_in_float32_is_one_entry_over_layers():
    old = [0.1234567890123, -1.7583182134567, 0.3141592653589, 2.7182818284590]
    new = [0.12345679104328156, -1.7583181858062744, 0.31415927410125732, 2.71828174591064453]

    def facts(values):
        found = []
        for layer in LAYERS:
            case, of = f"{layer}/doubles", array(values, dtype="float64")
            found.append(seen(case, arrays=[of, array(values, "gradient input", dtype="float64")]))
        return found

    (found,) = compared(facts(old), facts(new)).entries
    assert (found.kind, found.layers) == ("silently-different", LAYERS)
    assert "rounded to fewer bits" in found.title


def test_what_overflows_where_float64_is_computed_in_float32_is_a_part_of_that():
    old, new = (
        [0.1234567890123, -1.7583182134567, 0.3141592653589],
        [0.12345679104328156, -1.7583181858, 0.314159274101],
    )
    new = [struct.unpack("f", struct.pack("f", value))[0] for value in new]
    fails = {"outcome": "fail", "grade": "F", "symptom": "grade F", "failed": ["LN-1"]}

    def facts(narrow, layer="layer_normalization", dtype="float64"):
        found = []
        for n in range(3):
            of = array(new if narrow else old, dtype="float64")
            found += [judged(of, f"layer_normalization/doubles-{n}", dtype="float64", **(fails if narrow else {}))]
            found += [seen(f"layer_normalization/doubles-{n}", arrays=[of])]
        large = array([math.nan if narrow else 0.5, 1.0], dtype=dtype)
        found += [judged(large, f"{layer}/large", dtype=dtype, **(fails if narrow else {}))]
        return [*found, seen(f"{layer}/large", arrays=[large])]

    assert [one.cases for one in compared(facts(False), facts(True)).entries] == [4]
    for other in ({"layer": "unit_normalization"}, {"dtype": "float32"}):
        assert [one.cases for one in compared(facts(False, **other), facts(True, **other)).entries] == [3, 1]


def test_one_error_over_layers_is_one_entry_and_so_is_a_file_whose_outputs_and_gradients_differ():
    def facts(wrong):
        error = {"symptom": "raised IndexError", "message": "raised IndexError", "failed": ["ER-1"]} if wrong else {}
        differs = {"symptom": "differ", "message": "the loaded layer differs"} if wrong else {}
        saved = "unit_normalization/saved"
        return [plain(f"{layer}/errors/axis", "error", **error) for layer in LAYERS] + [
            plain(saved, "persistence", f"file {what}", **differs) for what in ("output", "gradients")
        ]

    errors, files = compared(facts(False), facts(True)).entries
    assert (errors.layers, errors.cases) == (LAYERS, 2)
    assert (files.layers, len(files.differences)) == (("unit_normalization",), 2)


def test_rounding_explains_no_file_that_no_longer_opens():
    def facts(changed):
        case, of = "layer_normalization/saved", array(nudged([0.3, -1.0]) if changed else [0.3, -1.0])
        fails = {"symptom": "raised ValueError", "message": "raised ValueError in phase load: Shape"} if changed else {}
        return [judged(of, case), plain(case, "persistence", "file", **fails), seen(case, arrays=[of])]

    assert [one.kind for one in compared(facts(False), facts(True)).entries] == ["broken", "bits"]


def test_one_exception_over_shapes_and_layers_is_one_entry():
    def facts(raised):
        found = []
        for n, layer in enumerate(LAYERS * 2):
            case = f"{layer}/axes/axis={n}"
            message = (
                f"Invalid axis {n} for shape ({n}, {n + 1}): <Variable path={layer}_{n}, value=[[1. {n}.] [2. 3.]]>"
            )
            raises = {"errors": [error("ValueError", "build", message)]} if raised else {"arrays": [array([1.0])]}
            outcome = {"outcome": "error", "symptom": "raised ValueError", "message": "raised"} if raised else {}
            found += [records.check(case, layer=layer, **outcome), seen(case, **raises)]
        return found

    (found,) = compared([*facts(False)], [*facts(True)]).entries
    assert (found.kind, found.cases, found.layers) == ("broken", 4, LAYERS)


def test_a_weight_of_another_shape_stands_for_the_values_that_cannot_be_assigned_to_it():
    case = "layer_normalization/axes/axis=2+1"
    old = [records.check(case, aspect="weights", subject="gamma shape"), records.check(case)]
    message = "raised ValueError in phase assign: the shape must match"
    new = [
        records.check(case, "fail", aspect="weights", subject="gamma shape", symptom="gamma shape [4, 3]"),
        records.check(case, "error", symptom="raised ValueError", message=message),
    ]
    (found,) = compared(
        [*old, seen(case, weights=[weight("gamma", shape=[3, 4])])],
        [*new, seen(case, weights=[weight("gamma", shape=[4, 3])], errors=[error(phase="assign")])],
    ).entries
    assert found.kind == "broken"
    assert set(found.aspects) == {"weights", "output"}


def test_broken_numbers_without_a_pattern_are_parted_by_the_requirements_that_fail():
    def facts(*failed):
        values = ([1.1, 2.2, 3.3], [1.1, 2.7, 3.1]) if failed else ([1.1, 2.2, 3.3],)
        found = []
        for n, names in enumerate(failed or ((), ())):
            of = array(values[-1])
            fails = {"outcome": "fail", "grade": "F", "symptom": "grade F", "failed": names} if names else {}
            found += [judged(of, f"layer_normalization/{n}", **fails), seen(f"layer_normalization/{n}", arrays=[of])]
        return found

    assert len(compared(facts(), facts(["LN-1"], ["LN-1", "LN-2"])).entries) == 1
    assert len(compared(facts(), facts(["LN-1"], ["LN-2"])).entries) == 2


def test_a_parameter_that_every_signature_lost_is_one_entry():
    names = [f"keras.layers.Layer{n}" for n in range(5)]
    (found,) = compared([interface(name, old=1) for name in names], [interface(name) for name in names]).entries
    assert found.title == "keras.layers.Layer0: parameter old=1 is gone. So it is with 4 more."


def test_first_values_that_are_drawn_anew_are_not_compared():
    def facts(seed):
        return [seen(f"layer_normalization/{n}", weights=[weight("kernel", [seed + n, 1.0])]) for n in range(6)]

    assert compared(facts(0.5), facts(0.25)).entries == ()
    assert len(compared(facts(0.5)[:1], facts(0.25)[:1]).entries) == 1


def test_entries_come_in_the_order_of_seriousness():
    of, other = array([1.0, 2.0, 3.0]), array([1.0, 2.7, 3.1])
    found = compared(
        [judged(of), seen(arrays=[of], configuration=["axis"]), judged(of, "layer_normalization/b", outcome="fail")],
        [
            judged(other, outcome="fail"),
            seen(arrays=[other], configuration=["axis", "x"]),
            judged(of, "layer_normalization/b"),
        ],
    )
    assert [one.kind for one in found.entries] == ["broken", "interface", "fixed"]


def test_two_right_answers_may_differ_by_roundings_of_storing_and_of_sums():
    assert allowed("float32", 0, 1.0) == 4 * 2.0**-23
    assert allowed("float32", 100, 2.0) == 2 * (4 + 160) * 2.0**-23
    assert allowed("bfloat16", 100, 1.0) == 4 * 2.0**-7 + 160 * 2.0**-23
    assert allowed("int32", 100, 1.0) == 0
    near, far = (array([1.0, 1.0 + by]) for by in (3 * 2.0**-23, 40 * 2.0**-23))
    assert not moved(array([1.0, 1.0]), near, 2).beyond
    assert moved(array([1.0, 1.0]), far, 2).beyond


def test_what_a_change_of_numbers_looks_like():
    old = [-1.5, 0.25, 2.5, 0.75]
    assert pattern(old, [-1.0, 0.0, 2.0, 0.0]) == "cut off to whole numbers"
    assert pattern([-1.0, 0.0, 2.0, 0.0], old) == "no longer whole numbers"
    assert pattern(old, [1.0, 0.0, 1.0, 1.0]) == "became whole numbers"
    assert pattern([-1.5e9, 2e9, 7e9], [0.5, 0.25, 0.75]) == "other numbers"
    assert pattern(old, [2 * value for value in old]) == "multiplied by a constant"
    assert pattern(old, [value + 1 for value in old]) == "shifted by a constant"
    assert pattern(old, old[::-1]) == "in another order"
    assert pattern(old, [0.0] * 4) == "became zero"
    assert pattern(old, [float("nan"), *old[1:]]) == "became NaN"
    assert pattern([float("inf"), *old[1:]], old) == "no longer infinite"
    assert pattern(old, [1.0, 2.5, -0.5, 7.25]) == "other numbers"


def test_pairs_name_only_the_versions_that_differ():
    found, _ = pairs(records.record(targets=[line(OLD)]), records.record(targets=[line(NEW)]))
    assert found[0].versions == {"keras": (OLD, NEW)}
