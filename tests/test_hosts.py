"""Targets on another host: what they are sent is enough, what kills them costs one case, and nothing is left there."""

from __future__ import annotations

import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from normcheck.adapters.arrays import encode
from normcheck.adapters.interface import Observation, Request, Step
from normcheck.adapters.loading import TargetError
from normcheck.adapters.process.host import beside, interpreter, parcel
from normcheck.adapters.process.pool import Pool
from normcheck.adapters.process.process import ROOT
from normcheck.adapters.process.transport import Worker
from normcheck.adapters.targets import BUILT_IN, Missing, discover
from normcheck.adapters.wishes import parse
from normcheck.tests import links
from normcheck.tests.suite_runs import ADAPTERS, record, run

AWAY = ADAPTERS / "far_away.py"
HERE = f"ssh:loopback:{sys.executable}"
EXAMPLE = "layer_normalization/documentation-example"
LONG = 60.0


@pytest.fixture(scope="module", params=["stand-in", "sshd"])
def link(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("link")
    if request.param == "stand-in":
        yield links.stand_in(folder)
        return
    if links.missing():
        pytest.skip(links.missing())
    made, server = links.sshd(folder)
    yield made
    server.terminate()
    server.wait()


@pytest.fixture
def linked(link, monkeypatch):
    monkeypatch.setenv("PATH", link.path)
    return link


@pytest.fixture
def pretended(tmp_path, monkeypatch):
    made = links.stand_in(tmp_path)
    monkeypatch.setenv("PATH", made.path)
    return tmp_path


def away(linked):
    (target,) = discover([f"{AWAY}@{HERE}"]).targets
    return target


def request(layer):
    step = Step("call", encode(np.arange(6.0)), training=False)
    return Request(layer, layer, {"axis": -1}, (6,), "float64", steps=(step,))


def ask(worker, *layers, timeout=LONG):
    for layer in layers:
        worker.submit(request(layer))
    return [worker.receive(timeout) for _ in layers]


def empty(folder):
    """Whether a folder becomes empty."""
    until = time.monotonic() + LONG
    while any(folder.iterdir()):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_versions_and_devices_come_from_the_far_side_and_so_does_the_copy_of_normcheck(linked):
    target = away(linked)
    numpy = metadata.version("numpy")
    assert target.id == f"away-{numpy}-loopback-cpu-eager"
    assert target.title == f"away (numpy {numpy}) on loopback · cpu · eager"
    assert target.versions["beside"] == "sent"
    assert target.versions["root"] != ROOT
    assert Path(target.versions["root"]).parent == linked.there
    assert (target.host, target.python) == ("loopback", sys.executable)
    assert empty(linked.there)


def test_it_answers_as_it_does_here(linked):
    (there,) = discover([f"reference@{HERE}"]).targets
    (here,) = discover(["reference"]).targets
    assert there.requested == f"reference:eager@{HERE}"
    with Worker(there) as far, Worker(here) as near:
        (one,), (other,) = ask(far, "layer_normalization"), ask(near, "layer_normalization")
        assert far.ready.smoke is None
    assert one.steps[0].output == other.steps[0].output
    assert empty(linked.there)


def test_a_crash_and_a_hang_cost_one_case_each_and_are_explained(linked):
    with Worker(away(linked)) as worker:
        crash, answer = ask(worker, "crash", "layer_normalization")
        worker.submit(request("hang"))
        worker.submit(request("layer_normalization"))
        hang, after = worker.receive(1.0), worker.receive(LONG)
    assert (crash.kind, hang.kind) == ("crash", "timeout")
    assert "it was killed on loopback, or the connection was lost" in crash.message
    assert "the last words" in crash.message
    assert "Segmentation fault" in crash.message
    assert "far_away.py" in hang.message
    assert isinstance(answer, Observation)
    assert isinstance(after, Observation)
    assert empty(linked.there)


def test_closing_in_the_middle_of_a_hang_leaves_nothing_there(linked):
    with Pool(away(linked), 2, Worker) as both:
        both.start()
        both.submit(request("hang"))
        time.sleep(0.2)
    assert empty(linked.there)


def test_the_suite_judges_a_target_on_another_host(linked, tmp_path):
    done = run(tmp_path, "--target", f"reference@{HERE}", "--case", EXAMPLE, PATH=linked.path)
    assert done.returncode == 0, done.text
    (line,) = record(tmp_path).targets
    assert (line.id.endswith("-loopback-cpu-eager"), line.python) == (True, sys.version.split()[0])


def test_a_host_that_cannot_be_reached_is_one_sentence(pretended):
    (missing,) = discover(["reference@ssh:me@elsewhere"]).missing
    assert missing == Missing(
        "reference@ssh:me@elsewhere",
        "me@elsewhere cannot be reached: ssh: Could not resolve hostname me@elsewhere. `ssh me@elsewhere` has to work "
        "without a password.",
    )
    done = run(pretended, "--target", "reference@ssh:elsewhere", PATH=f"{pretended / 'bin'}:/usr/bin:/bin")
    (error,) = [line for line in done.text.splitlines() if line.startswith("ERROR: ")]
    assert "reference@ssh:elsewhere: elsewhere cannot be reached" in error
    assert done.returncode == pytest.ExitCode.USAGE_ERROR


def test_a_machine_without_ssh_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    (missing,) = discover(["reference@ssh:elsewhere"]).missing
    assert "install OpenSSH's client" in missing.reason


@pytest.mark.parametrize(
    ("prints", "said"),
    [
        ("/x\\n3\\n9\\n1", "is Python 3.9; a target needs 3.11 or newer."),
        ("/x\\n3\\n11\\n0", "has no NumPy, which every target needs."),
        ("hello", "does not work as a Python interpreter."),
    ],
)
def test_an_interpreter_that_will_not_do_is_one_sentence(prints, said, pretended):
    script = pretended / "python"
    script.write_text(f"#!/bin/sh\nprintf '{prints}'\n")
    script.chmod(0o755)
    (missing,) = discover([f"reference@ssh:loopback:{script}"]).missing
    assert missing.reason == f"{script} on loopback {said}"


def test_an_interpreter_may_be_named_by_its_environment_and_one_that_is_not_there_is_told(pretended):
    environment = pretended / "an environment"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(sys.executable)
    assert interpreter("loopback", str(environment)) == str(environment / "bin" / "python")
    (missing,) = discover(["reference@ssh:loopback:/nowhere"]).missing
    assert missing.reason.startswith("there is no Python interpreter /nowhere on loopback.")


@pytest.mark.parametrize(
    ("place", "host", "python"),
    [
        ("host", "host", None),
        ("me@host.example.org", "me@host.example.org", None),
        ("host:path/to/python", "host", "path/to/python"),
        ("me@host:/opt/env", "me@host", "/opt/env"),
        ("[::1]:/opt/env", "::1", "/opt/env"),
    ],
)
def test_what_a_host_may_look_like(place, host, python):
    wish = parse(f"torch:compile@ssh:{place}", BUILT_IN)
    assert (wish.name, wish.mode, wish.host, wish.python) == ("torch", "compile", host, python)


@pytest.mark.parametrize("place", ["", "host:2222", "-oProxyCommand=x", "me@", "a b", "host:", "host;ls", "@host"])
def test_what_names_no_host_is_refused(place):
    with pytest.raises(TargetError, match=r"names no host\. Write ssh:host, ssh:user@host"):
        parse(f"torch@ssh:{place}", BUILT_IN)


def test_a_file_that_is_not_there_is_told_before_anything_is_sent():
    with pytest.raises(TargetError, match=r"there is no file .*nowhere\.py to send to loopback"):
        discover(["nowhere.py@ssh:loopback"])


def test_what_is_sent_is_the_adapters_and_a_file_with_what_it_imports_beside_it(tmp_path):
    (tmp_path / "package" / "inner").mkdir(parents=True)
    for name in ("__init__.py", "inner/__init__.py", "inner/more.py"):
        (tmp_path / "package" / name).write_text("")
    (tmp_path / "mine.py").write_text("import os, package.inner\nfrom other import x\nimport numpy as np\n")
    (tmp_path / "other.py").write_text("import mine\nthis is no Python\n")
    (tmp_path / "stranger.py").write_text("")
    mine = {"mine.py", "other.py", "package/__init__.py", "package/inner/__init__.py", "package/inner/more.py"}
    assert set(beside(tmp_path / "mine.py")) == mine
    sent = parcel(f"{tmp_path / 'mine.py'}:Adapter")
    assert {f"own/{name}" for name in mine} < set(sent)
    assert {name for name in sent if not name.startswith("own/")} == set(parcel(BUILT_IN["torch"]))
    assert "adapters/process/worker.py" in sent


def test_a_target_with_an_interpreter_of_its_own_cannot_run_in_this_one(pretended, tmp_path):
    done = run(
        tmp_path, "--target", f"reference@{HERE}", "--in-process", "--case", EXAMPLE, PATH=f"{pretended}/bin:/bin"
    )
    assert "cannot run in this one" in done.text
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
