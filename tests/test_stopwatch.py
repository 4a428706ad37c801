"""Calls timed inside the target: the very call is observed first, and blocks are counted; no time is asserted."""

from __future__ import annotations

import os
import re
import weakref
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from normcheck.adapters.interface import Unsupported
from normcheck.adapters.observe import observe
from normcheck.adapters.process.process import Failed
from normcheck.adapters.process.wire import pack, unpack
from normcheck.adapters.process.worker import answered
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.targets import discover
from normcheck.adapters.timing import stopwatch
from normcheck.adapters.timing.asking import Timekeeper
from normcheck.adapters.timing.process_memory import most_needed
from normcheck.adapters.timing.questions import Timed, Timing
from normcheck.adapters.timing.stopwatch import FITTING, ROOMS, Stopwatch, available_cores, room, shorter
from normcheck.cases.benchmarks.benchmark import benchmarks
from normcheck.cases.requests.ask import request_for
from normcheck.cases.suite import suite
from normcheck.tests.suite_runs import ADAPTERS

BY_ID = {one.id: one for one in benchmarks(suite().specs.layers)}
NAME = "layer_normalization/benchmarks/language/size=small,dtype=float32,pass="
FORWARD, BACKWARD = (request_for(BY_ID[NAME + what].case, "keras") for what in ("inference", "backward"))
SHORT = 1e-5


class Counting(ReferenceAdapter):
    """Counts what it is asked, and how often it is waited for."""

    def __init__(self):
        super().__init__()
        self.calls = self.waits = self.inputs = 0

    def call(self, layer, x, training):
        self.calls += 1
        return super().call(layer, x, training)

    def to_native(self, array):
        self.inputs += 1
        return super().to_native(array)

    def wait(self, result):
        self.waits += 1


class Placing(ReferenceAdapter):
    """Knows where its inputs lay."""

    def __init__(self):
        super().__init__()
        self.places = []

    def to_native(self, array):
        x = super().to_native(array)
        self.places.append(id(x.data))
        return x


class Tracking(ReferenceAdapter):
    """Knows, at each call, how many earlier results somebody still holds."""

    def __init__(self):
        super().__init__()
        self.results, self.held = weakref.WeakSet(), []

    def call(self, layer, x, training):
        self.held.append(len(self.results))
        result = Result(super().call(layer, x, training))
        self.results.add(result)
        return result

    def to_array(self, value):
        return super().to_array(value.value)


class Result:
    def __init__(self, value):
        self.value = value


class Refusing(ReferenceAdapter):
    def call(self, layer, x, training):
        raise Unsupported("this one is never called")


class Raising(ReferenceAdapter):
    def build(self, layer, shape):
        raise ValueError("no such shape")


def prepared(adapter, request=FORWARD):
    watch = Stopwatch(adapter)
    return watch, watch.answer(Timing("one", request))


@pytest.mark.parametrize("request_", [FORWARD, BACKWARD], ids=["forward", "backward"])
def test_the_call_that_is_timed_gives_what_a_case_gives(request_):
    _, first = prepared(ReferenceAdapter(), request_)
    (step,), (usual,) = first.observation.steps, observe(ReferenceAdapter(), request_).steps
    assert step.output == usual.output
    assert step.gradients == usual.gradients
    assert first.first > 0


def test_blocks_are_timed_by_both_clocks_with_as_many_calls_as_asked():
    adapter = Counting()
    watch, _ = prepared(adapter)
    adapter.calls = adapter.waits = 0
    found = watch.answer(Timing("one", blocks=3, calls=20))
    assert len(found.wall) == len(found.busy) == 3
    assert (found.calls, adapter.calls) == (20, 3 * (20 + 3))  # a tenth of a block, and one, come before it
    assert adapter.waits == 6


def test_each_call_finds_what_the_one_before_took_given_back():
    adapter = Tracking()
    watch, _ = prepared(adapter)
    adapter.held.clear()
    watch.answer(Timing("one", blocks=2, calls=20))
    assert set(adapter.held) == {0}


def test_the_number_of_calls_is_chosen_once():
    watch, _ = prepared(ReferenceAdapter())
    chosen = watch.answer(Timing("one", seconds=SHORT)).calls
    assert chosen >= 1
    assert watch.answer(Timing("one", blocks=1)).calls == chosen


def test_figures_are_measured_where_they_are_asked_for():
    watch, _ = prepared(ReferenceAdapter())
    plain, full = watch.answer(Timing("one", calls=1)), watch.answer(Timing("one", calls=1, figures=True))
    assert (plain.bandwidth, plain.peak) == (0.0, None)
    assert full.bandwidth > 0


def test_the_input_is_put_elsewhere_on_demand():
    adapter = Counting()
    watch, _ = prepared(adapter)
    adapter.inputs = 0
    watch.answer(Timing("one", blocks=1, calls=1))
    assert adapter.inputs == 0
    watch.answer(Timing("one", blocks=1, calls=1, anew=True))
    assert adapter.inputs == 1


def test_the_input_never_lies_where_the_one_before_lay():
    adapter = Placing()
    watch, _ = prepared(adapter)
    for _ in range(16):
        watch.answer(Timing("one", calls=1, anew=True))
    assert len(adapter.places) == 17
    assert all(before != after for before, after in pairwise(adapter.places))


def test_memory_that_was_taken_at_a_place_is_kept_for_some_places_and_no_longer():
    watch, _ = prepared(ReferenceAdapter())
    taken = []
    for _ in range(16):
        watch.answer(Timing("one", calls=1, anew=True))
        taken.append(weakref.ref(watch.prepared["one"].rooms[-1][0]))
    assert [one() is not None for one in taken] == [False] * (16 - ROOMS) + [True] * ROOMS


def test_what_is_taken_of_memory_fits_where_an_output_was_and_moves_what_comes_after_it():
    size = len(FORWARD.steps[0].input.data)
    sizes = [[part.nbytes for part in room(FORWARD)] for _ in range(8)]
    assert all(one[:FITTING] == [size] * FITTING and min(one[FITTING:]) >= size for one in sizes)
    assert len({part for one in sizes for part in one[FITTING:]}) > 8


def test_the_process_is_free_again_after_it_was_bound_to_a_core():
    every = available_cores()
    watch, first = prepared(ReferenceAdapter())
    assert first.cores == every
    assert watch.answer(Timing("one", blocks=2, calls=1, cores=every[:1])).cores == every[:1]
    assert available_cores() == every


def test_several_threads_are_not_bound_to_one_core():
    class Threaded(ReferenceAdapter):
        seen = ()

        def threads(self):
            return 4

        def call(self, layer, x, training):
            self.seen = available_cores()
            return super().call(layer, x, training)

    adapter = Threaded()
    watch, _ = prepared(adapter)
    assert watch.answer(Timing("one", blocks=1, calls=1, cores=available_cores()[:1])).threads == 4
    assert adapter.seen == available_cores()


def test_what_is_forgotten_has_to_be_asked_again():
    watch, _ = prepared(ReferenceAdapter())
    watch.answer(Timing("two", FORWARD, forget=True))
    with pytest.raises(KeyError):
        watch.answer(Timing("one", blocks=1))


def test_what_is_not_offered_or_raises_is_observed_and_never_ready():
    watch, refused = prepared(Refusing())
    assert refused.observation.unsupported == {"layer": "this one is never called"}
    _, raised = prepared(Raising())
    assert (raised.observation.raised.types[0], raised.observation.raised.phase) == ("ValueError", "build")
    assert watch.prepared == {}


def test_other_processes_do_not_make_a_call_longer():
    assert shorter(wall=3.0, busy=1.0, device="cpu") == 1.0
    assert shorter(wall=1.0, busy=4.0, device="cpu") == 1.0  # four threads
    assert shorter(wall=3.0, busy=1.0, device="cuda:1") == 3.0
    assert shorter(wall=3.0, busy=0.0, device="cpu") == 3.0  # a clock that tells nothing


def test_memory_that_is_needed_for_a_moment_is_seen():
    found = most_needed(lambda: np.ones(32 << 20, np.uint8).sum())
    assert found is None or 30 << 20 < found < 48 << 20
    assert (found is None) == (not os.path.exists("/proc/self/clear_refs"))


def test_memory_is_kept_once_something_is_timed_and_not_before(monkeypatch):
    kept = []
    monkeypatch.setattr(stopwatch, "keep_freed", lambda: kept.append("freed"))
    monkeypatch.setattr(stopwatch, "on_large_pages", lambda: kept.append("large"))
    watch = Stopwatch(ReferenceAdapter())
    assert kept == []
    watch.answer(Timing("one", FORWARD))
    watch.answer(Timing("one", blocks=1, calls=1))
    assert kept == ["freed", "large"]


def test_the_heap_asks_for_large_pages_even_after_memory_was_measured_on_small_ones():
    watch, _ = prepared(ReferenceAdapter())
    assert all("hg" in flags for flags in flags_of_the_heap())
    watch.answer(Timing("one", calls=1, figures=True))
    assert all("hg" in flags for flags in flags_of_the_heap())


def flags_of_the_heap():
    """Of each part of it, as Linux lists them where it knows large pages; none elsewhere."""
    if not Path("/sys/kernel/mm/transparent_hugepage").exists():
        return []
    parts = re.findall(r"\[heap\]\n(?:.*\n)*?VmFlags: (.*)\n", Path("/proc/self/smaps").read_text())
    assert parts
    return [flags.split() for flags in parts]


def test_questions_and_answers_travel():
    for one in (Timing("one", FORWARD, blocks=3, cores=(0, 1)), Timed("one", wall=(1.0,), busy=(0.5,))):
        assert unpack(pack(one)) == one


def test_a_worker_answers_each_kind_of_question():
    adapter = ReferenceAdapter()
    watch = Stopwatch(adapter)
    assert isinstance(answered(adapter, Timing("one", FORWARD), watch), Timed)
    assert answered(adapter, FORWARD, watch).steps


def test_a_target_in_a_process_of_its_own_is_timed_there():
    (target,) = discover(["reference"], ["cpu"]).targets
    keeper = Timekeeper(target)
    try:
        assert keeper.ask(Timing("one", FORWARD), 60.0).observation.steps
        assert len(keeper.ask(Timing("one", blocks=2, calls=1), 60.0).wall) == 2
    finally:
        keeper.close()


def test_a_target_that_dies_says_so():
    (target,) = discover([str(ADAPTERS / "exits_when_timed.py")], ["cpu"]).targets
    keeper = Timekeeper(target)
    try:
        with pytest.raises(Failed, match="crashed: it exited with status 3"):
            keeper.ask(Timing("one", FORWARD), 60.0)
    finally:
        keeper.close()
