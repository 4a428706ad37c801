"""Environments that are built once and kept, with wheels made here and no package index."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from normcheck.commands.environments import building
from normcheck.commands.environments.building import FINISHED, DoesNotWork, NotInstalled, alone, environment
from normcheck.commands.environments.plan import Plan
from normcheck.tests.wheels import wheel


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture
def links(tmp_path):
    for version in ("1.0", "2.0"):
        wheel(tmp_path / "links", "mylayers", version, f"version = {version!r}\n")
    return tmp_path / "links"


def plan(links, *requirements, **more):
    return Plan(requirements, find_links=(str(links),), **more)


def says(python, code):
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() + done.stderr.strip()


def test_an_environment_is_built_once_and_found_again(links, tmp_path):
    told = []
    first = environment(plan(links, "mylayers==1.0"), tmp_path / "cache", told.append)
    assert says(first.python, "import mylayers; print(mylayers.version)") == "1.0"
    assert first.versions["mylayers"] == "1.0"
    assert next(line.partition(" into ")[0] for line in told) == "mylayers==1.0: installing"
    second = environment(plan(links, "mylayers==1.0"), tmp_path / "cache", told.append)
    assert (second.python, second.versions, second.seconds) == (first.python, first.versions, 0.0)


def test_another_version_or_host_or_wheel_is_another_environment(links):
    one = plan(links, "mylayers==1.0")
    others = [plan(links, "mylayers==2.0"), plan(links, "mylayers==1.0", host=sys.executable)]
    assert len({one.folder, *(other.folder for other in others)}) == 3
    before = one.folder
    wheel(links, "mylayers", "1.0", "version = 'another build'\n")
    assert one.folder != before


def test_anew_builds_it_again(links, tmp_path):
    first = environment(plan(links, "mylayers==1.0"), tmp_path / "cache", [].append)
    marker = tmp_path / "cache" / plan(links, "mylayers==1.0").folder / "of-the-first"
    marker.touch()
    second = environment(plan(links, "mylayers==1.0"), tmp_path / "cache", [].append, anew=True)
    assert second.python == first.python
    assert second.seconds > 0
    assert not marker.exists()


def test_a_version_that_does_not_exist_says_so_and_leaves_nothing(links, tmp_path):
    with pytest.raises(NotInstalled) as stopped:
        environment(plan(links, "mylayers==3.0"), tmp_path / "cache", [].append)
    assert str(stopped.value) == (
        "mylayers==3.0 cannot be installed: No matching distribution found for mylayers==3.0."
    )
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_what_a_build_that_was_cut_short_left_is_not_taken_for_an_environment(links, tmp_path, monkeypatch):
    def cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "_fault", cut)
    with pytest.raises(KeyboardInterrupt):
        environment(plan(links, "mylayers==1.0"), tmp_path / "cache", [].append)
    monkeypatch.undo()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    folder = tmp_path / "cache" / plan(links, "mylayers==1.0").folder
    folder.mkdir()
    (folder / "pyvenv.cfg").write_text("home = nowhere\n")  # killed, it could remove nothing
    found = environment(plan(links, "mylayers==1.0"), tmp_path / "cache", [].append)
    assert says(found.python, "import mylayers; print(mylayers.version)") == "1.0"
    assert (folder / FINISHED).exists()


def test_a_version_stands_in_front_of_its_host_and_brings_what_the_host_lacks(links, tmp_path):
    wheel(
        links,
        "mylayers",
        "2.0",
        "import below, beside\nversion = '2.0'\n",
        ["below", "beside; python_version>'3'", "extra-one; extra == 'more'"],
    )
    wheel(links, "below", "1.0", "place = 'host'\n")
    host = environment(plan(links, "mylayers==1.0", "below"), tmp_path / "cache", [].append)
    wheel(links, "below", "9.0", "place = 'side'\n")
    wheel(links, "beside", "1.0", "")
    side = environment(plan(links, "mylayers==2.0", host=host.python), tmp_path / "cache", [].append)
    assert says(side.python, "import mylayers as m; print(m.version, m.below.place)") == "2.0 host"
    assert (side.versions["mylayers"], side.versions["below"], side.versions["beside"]) == ("2.0", "1.0", "1.0")


def test_the_version_that_the_host_has_stands_in_front_of_it_too(links, tmp_path):
    host = environment(plan(links, "mylayers==1.0"), tmp_path / "cache", [].append)
    wheel(links, "mylayers", "1.0", "version = 'of the side'\n")
    side = environment(plan(links, "mylayers==1.0", host=host.python), tmp_path / "cache", [].append)
    assert says(side.python, "import mylayers; print(mylayers.version)") == "of the side"


def test_what_does_not_work_on_its_host_says_so_the_second_time_too(links, tmp_path):
    broken = plan(links, "mylayers==1.0", host=sys.executable, works="import mylayers\nmylayers.absent")
    for _ in range(2):
        with pytest.raises(
            DoesNotWork, match=r"^mylayers==1.0 does not work on its host: AttributeError: .*'absent'\.$"
        ):
            environment(broken, tmp_path / "cache", [].append)


def test_an_interpreter_that_is_none_is_one_sentence(links, tmp_path):
    with pytest.raises(NotInstalled, match="there is no /nowhere/python here"):
        environment(plan(links, "mylayers==1.0", python="/nowhere/python"), tmp_path / "cache", [].append)


def test_a_second_run_waits_for_the_first(tmp_path):
    lock, order = tmp_path / "one.lock", []
    inside = threading.Event()

    def first():
        with alone(lock, lambda: order.append("never")):
            inside.set()
            while "waits" not in order:
                time.sleep(0.01)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait()
    with alone(lock, lambda: order.append("waits")):
        order.append("second")
    thread.join()
    assert order == ["waits", "first", "second"]
