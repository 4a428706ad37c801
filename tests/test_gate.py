"""The gate with targets whose times are made up: who is asked in which turn, what is refused, when it stops."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from normcheck.adapters.observe import observe
from normcheck.adapters.process.process import Failed
from normcheck.adapters.process.worker import Ready
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.targets import discover
from normcheck.adapters.timing.questions import Timed
from normcheck.cases.benchmarks import gate
from normcheck.cases.benchmarks.benchmark import benchmarks
from normcheck.cases.benchmarks.decision import Rules
from normcheck.cases.benchmarks.gate import LOOKS, Comparison, Held, Plan, compare
from normcheck.cases.benchmarks.verdicts import as_values, failed, table
from normcheck.cases.suite import suite
from normcheck.commands.bench import bench, share
from normcheck.tests.suite_runs import ADAPTERS

BY_ID = {one.id: one for one in benchmarks(suite().specs.layers)}
SMALL = [
    f"layer_normalization/benchmarks/language/size=small,dtype=float32,pass={one}" for one in ("inference", "backward")
]
WRONG = ADAPTERS / "zeros.py"
(REFERENCE,) = discover(["reference"], ["cpu"]).targets
(ZEROS,) = discover([str(WRONG)], ["cpu"]).targets


class Made:
    """Stands for the processes of both sides: the new side takes `slower` times as long, with noise of two levels."""

    def __init__(self, slower=1.0, within=0.003, between=0.0, dies_at="", cores=2):
        self.slower, self.within, self.between, self.dies_at = slower, within, between, dies_at
        self.cores = tuple(range(cores))
        self.chance = np.random.default_rng(7)
        self.asked = []
        self.started = self.closed = 0

    def __call__(self, target):
        self.started += 1
        return Side(self, target, new=target is not REFERENCE)


class Side:
    def __init__(self, made, target, new):
        self.made, self.target, self.new = made, target, new
        self.launch = made.chance.normal(0, made.between) if made.between else 0.0

    def ready(self):
        return Ready("reference", "keras", (), (), (), (), (), {}, {}, 1, "3.11", {"numpy": "1"}, ("cpu",), 1)

    def close(self):
        self.made.closed += 1

    def ask(self, asked, limit):
        if self.new and self.made.dies_at and asked.case == self.made.dies_at:
            raise Failed("it crashed: it exited with status 3")
        if asked.request is not None:
            adapter = ReferenceAdapter()
            return Timed(asked.case, observe(adapter, asked.request), 1.0, 1.0)
        self.made.asked.append((self.new, asked))
        if asked.anew:
            self.place = self.made.chance.normal(0, self.made.within)
        if not asked.blocks:
            return Timed(asked.case, calls=50, cores=self.made.cores)
        spent = 1e-4 * np.exp(self.launch + self.place) * (self.made.slower if self.new else 1.0)
        spent *= 1 + abs(self.made.chance.normal(0, 0.01))  # what disturbs a block makes it longer
        return Timed(asked.case, wall=(3 * spent,), busy=(spent,), calls=50, cores=self.made.cores)


class Zeros(Side):
    """A side that answers zeros, whatever it is asked."""

    def ask(self, asked, limit):
        if asked.request is None or not self.new:
            return super().ask(asked, limit)
        from normcheck.adapters.loading import load

        return Timed(asked.case, observe(load(str(WRONG))(), asked.request), 1.0, 1.0)


def compared(monkeypatch, made, names=SMALL, new=None, **plan):
    """A comparison of the reference with itself, or with `new`, timed by `made`."""
    monkeypatch.setattr(gate, "Timekeeper", made)
    second = new or discover([str(ADAPTERS / "reference_again.py")], ["cpu"]).targets[0]
    held = [Held(BY_ID[name]) for name in names]
    rules = Rules(benchmarks=12, looks=len(LOOKS))
    return compare(Comparison((REFERENCE, second), held, Plan(rules, seed=1, **plan)))


def verdicts(found):
    return [one.decision.verdict for one in found.held]


def test_blocks_are_asked_in_turns_of_four_and_each_place_on_the_next_core(monkeypatch):
    made = Made()
    compared(monkeypatch, made, SMALL[:1])
    blocks = [(new, one.cores[0]) for new, one in made.asked if one.blocks]
    places = [blocks[start : start + 4] for start in range(0, len(blocks), 4)]
    assert {"".join("AB"[new] for new, _ in place) for place in places} == {"ABBA", "BAAB"}
    assert all(len({core for _, core in place}) == 1 for place in places)
    cores = [place[0][1] for place in places]
    assert all(one != following for one, following in itertools.pairwise(cores[: gate.PLACES]))


@pytest.mark.parametrize("cores", [1, 2, 3, 10, 16, 64])
def test_neither_side_has_the_first_block_or_a_core_to_itself(monkeypatch, cores):
    made = Made(cores=cores)
    compared(monkeypatch, made, SMALL[:1])
    first = [(new, one.cores[0]) for new, one in made.asked if one.blocks][::4]
    for launch in range(LOOKS[0]):
        of_it = [new for new, _ in first[launch * gate.PLACES : (launch + 1) * gate.PLACES]]
        assert sum(of_it) == gate.PLACES // 2
    if cores <= 3:
        assert {core for new, core in first if new} == {core for new, core in first if not new} == set(range(cores))


def test_both_sides_move_at_every_place_before_either_is_timed_there(monkeypatch):
    made = Made()
    compared(monkeypatch, made, SMALL[:1])
    asked = [(new, one.anew, one.blocks) for new, one in made.asked][2 : 2 + 6 * gate.PLACES]
    for place in (asked[start : start + 6] for start in range(0, len(asked), 6)):
        assert {new for new, *_ in place[:2]} == {False, True}
        assert [(anew, blocks) for _, anew, blocks in place] == 2 * [(True, 0)] + 4 * [(False, 1)]


@pytest.mark.parametrize(
    ("fit", "calls"), [(1, 1), (2, 2), (16, 16), (20, 16), (200, 40), (1250, 250)], ids=lambda one: f"{one}"
)
def test_a_block_is_short_unless_its_calls_are_long(fit, calls):
    assert gate.in_a_block(fit) == calls


def test_both_sides_are_asked_the_same_as_often(monkeypatch):
    made = Made()
    compared(monkeypatch, made, SMALL[:1])
    asked = [sorted(repr(one) for new, one in made.asked if new == side) for side in (False, True)]
    assert asked[0] == asked[1]


def test_easy_benchmarks_are_decided_at_the_first_look(monkeypatch):
    made = Made()
    found = compared(monkeypatch, made)
    assert verdicts(found) == ["same", "same"]
    assert (found.launches, made.started, made.closed) == (LOOKS[0], 2 * LOOKS[0], 2 * LOOKS[0])


@pytest.mark.parametrize(("slower", "verdict"), [(1.10, "slower"), (0.90, "faster")])
def test_a_difference_is_called_by_its_name(monkeypatch, slower, verdict):
    found = compared(monkeypatch, Made(slower))
    assert verdicts(found) == [verdict, verdict]
    assert found.held[0].decision.ratio == pytest.approx(slower, rel=0.02)
    assert failed(found, 0.10) == (verdict == "slower")
    assert not failed(found, None)


def test_launches_go_on_where_they_disagree_and_end_undecided(monkeypatch):
    found = compared(monkeypatch, Made(between=0.2), SMALL[:1])
    assert verdicts(found) == ["undecided"]
    assert found.launches == LOOKS[-1]


def test_no_launch_is_begun_when_the_time_is_at_an_end(monkeypatch):
    found = compared(monkeypatch, Made(between=0.2), SMALL[:1], budget=0.0)
    assert found.launches == LOOKS[0]
    assert verdicts(found) == ["undecided"]


def test_a_wrong_result_is_never_timed(monkeypatch):
    class Wrong(Made):
        def __call__(self, target):
            self.started += 1
            return Zeros(self, target, new=target is not REFERENCE)

    made = Wrong()
    found = compared(monkeypatch, made, new=ZEROS)
    assert not [one for _, one in made.asked if one.blocks]
    assert all("fail, grade F" in one.refused for one in found.held)
    assert failed(found, None)
    assert "not timed" in "\n".join(table(found))


def test_a_target_that_dies_costs_one_benchmark(monkeypatch):
    made = Made(dies_at=SMALL[0])
    found = compared(monkeypatch, made)
    by_id = {one.benchmark.id: one for one in found.held}
    assert "status 3" in by_id[SMALL[0]].refused
    assert by_id[SMALL[1]].decision.verdict == "same"
    assert made.started == made.closed


def test_what_was_measured_is_kept_where_a_target_starts_no_more(monkeypatch):
    class Ending(Made):
        def __call__(self, target):
            if self.started == 2 * LOOKS[0]:
                raise OSError("there is no room for a process")
            return super().__call__(target)

    found = compared(monkeypatch, Ending(between=0.2), SMALL[:1])
    assert found.launches == LOOKS[0]
    assert verdicts(found) == ["undecided"]
    assert "ended early: there is no room" in "\n".join(table(found))
    assert failed(found, None)


def test_a_target_that_never_starts_is_named(monkeypatch):
    class Silent(Side):
        def ready(self):
            raise Failed("it exited with status 3")

    class Never(Made):
        def __call__(self, target):
            self.started += 1
            return Silent(self, target, new=False)

    with pytest.raises(Failed, match=r"^reference.*: it exited with status 3"):
        compared(monkeypatch, Never(), SMALL[:1])


def test_a_benchmark_that_is_lost_later_stands_in_the_table_once(monkeypatch):
    class Dying(Made):
        def __call__(self, target):
            self.dies_at = SMALL[0] if self.started >= 2 * LOOKS[0] else ""
            return super().__call__(target)

    lines = [line for line in table(compared(monkeypatch, Dying(between=0.2), SMALL[:1])) if SMALL[0] in line]
    assert len(lines) == 1
    assert "not timed" in lines[0]


def test_a_comparison_in_which_nothing_was_timed_does_not_pass():
    assert failed(
        Comparison((REFERENCE, REFERENCE), [Held(BY_ID[SMALL[0]], refused="it is unsupported")], Plan()), None
    )


def test_the_table_says_what_was_found_and_what_could_have_been(monkeypatch):
    text = "\n".join(table(compared(monkeypatch, Made(1.10))))
    assert "slower     layer_normalization/benchmarks/language" in text
    assert f"would have been seen, {LOOKS[0]} launches" in text
    assert f"2 slower; {LOOKS[0]} launches of both in " in text


def test_everything_that_was_measured_can_be_kept(monkeypatch):
    found = compared(monkeypatch, Made(1.10))
    values = json.loads(json.dumps(as_values(found)))
    one = values["benchmarks"][0]
    assert np.asarray(one["blocks"]).shape == (LOOKS[0], 2, gate.PLACES, 2)
    assert one["decision"]["verdict"] == "slower"
    assert values["base"]["versions"] == {"numpy": "1"}
    assert values["new"]["threads"] == 1


def test_the_command_fails_for_a_slowdown_alone(monkeypatch, tmp_path):
    words = ["reference", ADAPTERS / "reference_again.py", "--fail-on-slowdown", "10%", "--json", tmp_path / "x.json"]
    words += [word for name in SMALL for word in ("--case", name)]
    outcomes = []
    for slower in (1.0, 1.1):
        made = Made(slower)
        monkeypatch.setattr(
            gate, "Timekeeper", lambda target, made=made: Side(made, target, target.name != "reference")
        )
        outcomes.append(CliRunner().invoke(bench, list(map(str, words))))
    assert [one.exit_code for one in outcomes] == [0, 1]
    assert "2 slower" in outcomes[1].output
    assert json.loads((tmp_path / "x.json").read_text())["launches"] == LOOKS[0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["reference", "nobody"], "nobody"),
        (["reference", "reference", "--limit", "five"], "no share"),
        (["reference", "reference", "--case", "nothing/*"], "no benchmark is selected"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(words, sentence):
    done = CliRunner().invoke(bench, words)
    assert done.exit_code == 2
    assert sentence in done.output


def test_a_slowdown_that_fails_a_run_is_never_called_the_same(monkeypatch):
    made = Made(1.04)
    monkeypatch.setattr(gate, "Timekeeper", lambda target: Side(made, target, target.name != "reference"))
    words = ["reference", str(ADAPTERS / "reference_again.py"), "--case", SMALL[0], "--fail-on-slowdown", "3%"]
    done = CliRunner().invoke(bench, words)
    assert done.exit_code == 1
    assert "1 slower" in done.output


def test_a_file_that_cannot_be_written_is_told_of_before_anything_is_timed(tmp_path):
    done = CliRunner().invoke(bench, ["reference", "reference", "--json", str(tmp_path / "nowhere" / "x.json")])
    assert done.exit_code == 2
    assert "there is no folder" in done.output


def test_sides_on_two_machines_are_refused(monkeypatch):
    monkeypatch.setattr("normcheck.commands.bench._target", lambda text, device: replace(REFERENCE, host=text))
    done = CliRunner().invoke(bench, ["one", "two"])
    assert done.exit_code == 2
    assert "on one machine" in done.output


def test_shares_are_written_in_two_ways():
    assert [share(None, None, text) for text in ("5%", "0.05", "12.5 %")] == [0.05, 0.05, 0.125]
