"""A target that crashes, hangs or runs out of memory costs one case; a new process answers the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from normcheck.adapters.arrays import encode
from normcheck.adapters.interface import Observation, Request, Step
from normcheck.adapters.observe import folders_of
from normcheck.adapters.process.pool import Pool
from normcheck.adapters.process.process import ROOT, excerpt, threaded
from normcheck.adapters.process.transport import LocalWorker, Loss, Worker
from normcheck.adapters.targets import Target

ADAPTERS = Path(__file__).parent / "adapters"
LONG = 60.0


def target(file="faults.py", **changes):
    about = {
        "id": "t-cpu-eager",
        "title": "t · cpu · eager",
        "name": "t",
        "dialect": "keras",
        "device": "cpu",
    }
    return Target(adapter=f"{ADAPTERS / file}:Adapter", mode="eager", **about | changes)


def request(layer, case="", values=None):
    step = Step("call", encode(np.arange(6.0) if values is None else values), training=False)
    return Request(case or layer, layer, {"axis": -1}, step.input.shape, "float64", steps=(step,))


def ask(worker, *layers, timeout=LONG):
    for at, layer in enumerate(layers):
        worker.submit(request(layer, f"{at}-{layer}"))
    return [worker.receive(timeout) for _ in layers]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_answers_come_in_order_and_unsupported_is_an_answer():
    with Worker(target()) as worker:
        answers = ask(worker, "same", "unheard_of", "same")
    assert [answer.case for answer in answers] == ["0-same", "1-unheard_of", "2-same"]
    assert answers[0].steps[0].output == request("same").steps[0].input
    assert answers[1].unsupported == {"layer": "faults offers no unheard_of"}


def test_ready_tells_about_the_process_of_its_own_with_one_thread():
    with Worker(target(environment={"OMP_NUM_THREADS": "3"})) as worker:
        ready = worker.start()
        assert ready.pid != os.getpid()
        assert alive(ready.pid)
    assert ready.versions == {"numpy": np.__version__}
    assert ready.threads == 3
    assert ready.python == ".".join(map(str, sys.version_info[:3]))
    assert not alive(ready.pid)


def test_a_target_of_more_threads_computes_with_as_many_or_says_that_it_cannot():
    with Worker(target(threads=3)) as worker:
        assert worker.start().threads == 3
    with Worker(target("tells.py", threads=3)) as worker:
        (answer,) = ask(worker, "same")
    assert "does not choose its threads, and cannot be asked for 3" in answer.message


def test_every_crash_costs_one_case():
    faults = ("segfault", "same", "abort", "same", "sigkill", "same", "exit", "same")
    with Worker(target()) as worker:
        answers = ask(worker, *faults)
    assert [type(answer) for answer in answers] == [Loss, Observation] * 4
    crashes = answers[::2]
    assert [crash.case for crash in crashes] == ["0-segfault", "2-abort", "4-sigkill", "6-exit"]
    assert {crash.kind for crash in crashes} == {"crash"}
    for crash, words in zip(crashes, ["SIGSEGV", "SIGABRT", "SIGKILL", "status 7"], strict=True):
        assert words in crash.message
    assert "about to abort" in crashes[1].message
    assert "faults.py" in crashes[1].message, "the Python frame that aborted is quoted"
    assert worker.restarted == 4


def test_an_exit_from_inside_a_layer_is_an_exception_like_any_other():
    with Worker(target()) as worker:
        (answer,) = ask(worker, "leave")
    assert answer.raised.types[0] == "SystemExit"


def test_a_hang_is_ended_says_where_it_was_and_costs_one_case():
    with Worker(target()) as worker:
        first = worker.start()
        worker.submit(request("hang"))
        worker.submit(request("same"))
        lost = worker.receive(0.3)
        answer = worker.receive(LONG)
        assert worker.ready.pid != first.pid
    assert (lost.kind, lost.case) == ("timeout", "hang")
    assert "gave no answer within 0.3 s" in lost.message
    assert "faults.py" in lost.message
    assert answer.case == "same"
    assert not alive(first.pid)


@pytest.mark.parametrize(
    ("file", "layer", "zero", "kept"),
    [
        ("zeros.py", "layer_normalization", True, True),
        ("zeros.py", "rms_normalization", False, True),
        ("overwrites.py", "layer_normalization", False, False),
    ],
)
def test_adapters_of_the_users_own_file_extend_built_in_ones(file, layer, zero, kept):
    with Worker(target(file)) as worker:
        worker.submit(replace(request(layer), shape=(2, 3), steps=(Step("call", encode(np.eye(2, 3))),)))
        (step,) = worker.receive(LONG).steps
    assert (step.output == encode(np.zeros((2, 3)))) is zero
    assert step.input_kept is kept


def test_filling_the_memory_costs_one_case_and_the_limit_is_named():
    with Worker(target(), memory=256 << 20) as worker:
        lost, answer = ask(worker, "fill", "same")
    assert (lost.kind, lost.case) == ("crash", "0-fill")
    assert "ran out of memory (limit: 256 MiB more than after its start)" in lost.message
    assert isinstance(answer, Observation)
    assert worker.restarted == 1


def test_what_a_target_prints_reaches_neither_the_terminal_nor_the_protocol(capfd):
    with Worker(target()) as worker:
        answers = ask(worker, "chatter", "same")
    assert [type(answer) for answer in answers] == [Observation, Observation]
    assert capfd.readouterr() == ("", "")


def test_many_large_requests_may_be_sent_ahead():
    values = np.arange(131072.0)
    with Worker(target()) as worker:
        for at in range(64):
            worker.submit(request("same", str(at), values + at))
        for at in range(64):
            answer = worker.receive(LONG)
            assert answer.case == str(at)
            assert answer.steps[0].output == encode(values + at)


def test_what_was_sent_ahead_survives_a_hang_that_reads_nothing():
    values = np.arange(131072.0)
    with Worker(target()) as worker:
        worker.start()
        worker.submit(request("stick"))
        for at in range(20):
            worker.submit(request("same", str(at), values))
        assert worker.receive(0.3).kind == "timeout"
        assert [worker.receive(LONG).case for _ in range(20)] == [str(at) for at in range(20)]


def test_a_log_that_somebody_deleted_costs_nothing_but_its_words():
    with Worker(target()) as worker:
        worker.start()
        Path(worker._process._log).unlink()
        (lost,) = ask(worker, "abort")
    assert "SIGABRT" in lost.message


def test_restarts_are_bounded_and_what_remains_is_lost_with_the_reason():
    with Worker(target(), restarts=1) as worker:
        answers = ask(worker, "exit", "same", "exit", "same", "same")
    assert [type(answer) for answer in answers] == [Loss, Observation, Loss, Loss, Loss]
    assert worker.unavailable == answers[3].message.removeprefix("t · cpu · eager ")
    assert "gave up after 1 restarts" in worker.unavailable
    assert "status 7" in worker.unavailable


def test_killed_from_outside_during_a_case():
    with Worker(target()) as worker:
        pid = worker.start().pid
        worker.submit(request("hang"))
        worker.submit(request("same"))
        killer = threading.Timer(0.2, os.kill, (pid, signal.SIGTERM))
        killer.start()
        lost, answer = worker.receive(LONG), worker.receive(LONG)
        killer.join()
    assert (lost.kind, lost.case) == ("crash", "hang")
    assert "SIGTERM" in lost.message
    assert answer.case == "same"


def test_a_process_that_is_killed_while_it_saves_leaves_no_folder():
    asked = replace(request("layer_normalization", values=np.ones((2, 3))), restore=("file",))
    with Worker(target("killed_while_saving.py")) as worker:
        worker.submit(asked)
        lost = worker.receive(LONG)
        pid = worker.ready.pid
    assert lost.kind == "crash"
    assert not list(Path(tempfile.gettempdir()).glob(f"{folders_of(pid)}*"))


def test_killed_from_outside_between_two_cases_costs_nothing():
    with Worker(target()) as worker:
        ask(worker, "same")
        os.kill(worker.ready.pid, signal.SIGKILL)
        while not worker._process.ended:
            time.sleep(0.01)
        (answer,) = ask(worker, "same")
    assert isinstance(answer, Observation)
    assert worker.restarted == 1


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (
            "exits_at_start.py",
            "could not be started: it exited with status 5. It printed:\n    no licence found",
        ),
        ("declines.py", "could not be started: there is no such accelerator in this machine"),
        ("nowhere.py", f"could not be started: there is no file {ADAPTERS / 'nowhere.py'}. "),
    ],
)
def test_a_target_that_cannot_start_says_why_for_every_request(file, reason):
    with Worker(target(file)) as worker:
        answers = ask(worker, "same", "same")
        assert worker.start() is None
        assert worker.unavailable.startswith(reason)
    assert [answer.kind for answer in answers] == ["crash", "crash"]
    assert answers[1].message == f"t · cpu · eager {worker.unavailable}"


def test_a_target_that_failed_to_start_is_not_started_again():
    with Worker(target("declines.py")) as worker:
        while not worker._process.ended:
            time.sleep(0.01)
        (answer,) = ask(worker, "same")
    assert worker.restarted == 0
    assert "no such accelerator" in answer.message


def test_a_start_that_takes_too_long_is_ended():
    with Worker(target(), startup=0.001) as worker:
        assert worker.start() is None
        assert "was not ready after 0.001 s" in worker.unavailable


def test_closing_in_the_middle_leaves_no_process():
    worker = Worker(target())
    pid = worker.start().pid
    worker.submit(request("hang"))
    worker.close()
    worker.close()
    assert not alive(pid)
    assert "was closed before it answered" in worker.receive(LONG).message


def test_an_interrupt_leaves_no_process_even_where_nothing_is_closed(tmp_path):
    code = """if True:
        import sys, types
        package = types.ModuleType("normcheck")
        package.__path__ = [sys.argv[1]]
        sys.modules["normcheck"] = package
        from normcheck.adapters.interface import Request
        from normcheck.adapters.targets import Target
        from normcheck.adapters.process.transport import Worker
        worker = Worker(Target("t", "t", sys.argv[2], "t", "keras", "cpu", "eager"))
        print(worker.start().pid, flush=True)
        worker.submit(Request("hang", "hang_on_construction", {}, (), "float32"))
        worker.receive(600)
    """
    command = [sys.executable, "-c", code, ROOT, f"{ADAPTERS / 'faults.py'}:Adapter"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=LONG)[1]
    assert said.rstrip().endswith(b"KeyboardInterrupt")
    assert not list(tmp_path.iterdir())
    assert not alive(pid)


def test_a_wrong_interpreter_is_a_reason():
    with Worker(target(python="/nowhere/python")) as worker:
        worker.submit(request("same"))
        assert "/nowhere/python is no Python interpreter" in worker.receive(LONG).message


def test_nothing_asked_is_nothing_to_receive():
    with LocalWorker(target()) as worker, pytest.raises(LookupError, match="was asked nothing"):
        worker.receive()


def test_a_local_worker_answers_in_this_process(monkeypatch):
    monkeypatch.setenv("NORMCHECK_TEST", "to be restored")
    with LocalWorker(target()) as worker:
        answers = ask(worker, "same", "unheard_of")
        assert worker.ready.pid == os.getpid()
    assert answers[0].steps[0].output == request("same").steps[0].input
    assert answers[1].unsupported


def test_a_local_worker_that_cannot_start_says_why():
    with LocalWorker(target("declines.py")) as worker:
        (answer,) = ask(worker, "same")
    assert "no such accelerator" in answer.message


def test_flags_that_were_set_are_kept():
    flags = {"XLA_FLAGS": "--xla_dump_to=x"}
    assert threaded(flags)["XLA_FLAGS"] == "--xla_dump_to=x --xla_cpu_multi_thread_eigen=false"
    assert threaded(flags, threads=2)["XLA_FLAGS"] == "--xla_dump_to=x"


def test_an_excerpt_is_what_is_around_the_fatal_error():
    text = "\n".join([*map(str, range(50)), "Fatal Python error: Aborted", "here", *["far"] * 50])
    lines = excerpt(text)
    assert lines[:2] == ["42", "43"]
    assert lines[8:10] == ["Fatal Python error: Aborted", "here"]
    assert len(lines) == 16
    assert excerpt("a\n\nb") == ["a", "b"]


def pool(workers=2, **limits):
    return Pool(target(), workers, partial(Worker, **limits))


def test_several_workers_answer_in_the_order_of_the_requests():
    with pool() as both:
        answers = ask(both, "same", "unheard_of", *["same"] * 20)
        pids = {worker.start().pid for worker in both._workers}
    assert [answer.case for answer in answers][:2] == ["0-same", "1-unheard_of"]
    assert [answer.case for answer in answers][2:] == [f"{at}-same" for at in range(2, 22)]
    assert len(pids) == 2
    assert not any(map(alive, pids))


def test_a_worker_that_hangs_holds_up_none_of_the_others():
    with pool() as both:
        both.start()
        both.submit(request("hang"))
        for at in range(8):
            both.submit(request("same", str(at)))
        lost = both.receive(0.5)
        assert (lost.kind, lost.case) == ("timeout", "hang")
        assert [both.receive(LONG).case for _ in range(8)] == [str(at) for at in range(8)]


def test_restarts_of_several_workers_count_together():
    faults = ["exit"] * 3 + ["same"] * 3
    with pool(restarts=2) as both, Worker(target(), restarts=2) as one:
        several, alone = ask(both, *faults), ask(one, *faults)
    assert [(type(answer), answer.case) for answer in several] == [(type(answer), answer.case) for answer in alone]
    assert "gave up after 2 restarts" in both.unavailable
    assert sum(worker.restarted for worker in both._workers) == 2


def test_a_target_that_cannot_start_says_why_once_for_all_its_workers():
    with Pool(target("declines.py"), 2, Worker) as both:
        answers = ask(both, "same", "same")
        assert both.start() is None
    assert {answer.message for answer in answers} == {f"t · cpu · eager {both.unavailable}"}


def test_several_workers_were_asked_nothing():
    with pool() as both, pytest.raises(LookupError, match="was asked nothing"):
        both.receive(LONG)
