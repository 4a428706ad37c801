"""The call that is timed is the layer's: its results are those of the same call in a case, in every mode."""

from __future__ import annotations

import pytest

from normcheck.adapters.keras import KerasAdapter
from normcheck.adapters.targets import discover
from normcheck.adapters.timing.asking import Timekeeper
from normcheck.adapters.timing.questions import Timing
from normcheck.adapters.timing.stopwatch import Stopwatch
from normcheck.adapters.torch import TorchAdapter
from normcheck.cases.benchmarks.benchmark import benchmarks
from normcheck.cases.judgement.judge import judge
from normcheck.cases.requests.ask import request_for
from normcheck.cases.suite import suite

BY_ID = {one.id: one for one in benchmarks(suite().specs.layers)}
LAYER = "layer_normalization/benchmarks/language/size=small,dtype=float32,pass="
LAYOUT = {"keras": "channels-last", "torch": "channels-first"}
MODES = [(TorchAdapter, "eager"), (TorchAdapter, "compile"), (KerasAdapter, "eager"), (KerasAdapter, "graph")]


def started(kind, mode):
    adapter = kind("cpu", mode)
    adapter.start()
    return adapter


@pytest.mark.parametrize("what", ["inference", "training", "backward"])
@pytest.mark.parametrize(("kind", "mode"), MODES, ids=lambda one: getattr(one, "name", one))
def test_the_call_that_is_timed_is_right_before_and_after_it_was_timed(kind, mode, what):
    adapter = started(kind, mode)
    asked = BY_ID[LAYER + what]
    request = request_for(asked.case, adapter.dialect)
    watch = Stopwatch(adapter)
    first = watch.answer(Timing("one", request))
    assert {one.result for one in judge(asked.case, adapter.dialect, first.observation)} == {"right"}

    timed = watch.answer(Timing("one", blocks=2, calls=3, anew=True))
    assert min(timed.wall + timed.busy) > 0
    again = watch.prepared["one"].run(1)
    (step,) = first.observation.steps
    assert adapter.to_array(again if what != "backward" else again[0]) == step.output


@pytest.mark.parametrize(("kind", "mode"), MODES, ids=lambda one: getattr(one, "name", one))
def test_batch_normalization_in_training_stays_right_while_its_statistics_move(kind, mode):
    adapter = started(kind, mode)
    name = f"batch_normalization/benchmarks/{LAYOUT[adapter.dialect]}/size=small,dtype=float32,pass=backward"
    watch = Stopwatch(adapter)
    first = watch.answer(Timing("one", request_for(BY_ID[name].case, adapter.dialect)))
    assert {one.result for one in judge(BY_ID[name].case, adapter.dialect, first.observation)} == {"right"}
    output, _ = watch.prepared["one"].run(5)
    assert adapter.to_array(output) == first.observation.steps[0].output


@pytest.mark.parametrize("name", ["torch:eager", "keras:eager", "keras-torch:eager", "onnxruntime"])
def test_a_target_of_two_threads_computes_with_two(name):
    (target,) = discover([f"{name}+2threads"], ["cpu"]).targets
    benchmark = BY_ID[f"{LAYER}inference"]
    keeper = Timekeeper(target)
    try:
        assert keeper.ready().threads == 2
        asked = Timing("one", request_for(benchmark.case, target.dialect))
        found = keeper.ask(asked, 60.0)
        assert {one.result for one in judge(benchmark.case, target.dialect, found.observation)} == {"right"}
        assert keeper.ask(Timing("one", blocks=1, calls=2), 60.0).threads == 2
    finally:
        keeper.close()


@pytest.mark.parametrize(("kind", "mode"), MODES, ids=lambda one: getattr(one, "name", one))
def test_a_cpu_is_no_accelerator(kind, mode):
    assert started(kind, mode).accelerator() == ""


def test_pytorch_records_a_graph_in_training_alone():
    adapter = started(TorchAdapter, "eager")
    recorded = {}
    for what in ("inference", "training"):
        watch = Stopwatch(adapter)
        watch.answer(Timing("one", request_for(BY_ID[LAYER + what].case, "torch")))
        recorded[what] = watch.prepared["one"].run(1).requires_grad
    assert recorded == {"inference": False, "training": True}
