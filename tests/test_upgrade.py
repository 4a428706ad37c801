"""What `normcheck upgrade` makes of what is typed, and an upgrade of a package made here, through the command line."""

from __future__ import annotations

import ast
import json
import re
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from normcheck.adapters.targets import discover
from normcheck.cases.runs.run import reproduce
from normcheck.cases.scripts.script import Unwritten, signature
from normcheck.commands import main
from normcheck.commands.environments.building import DoesNotWork, Environment, NotInstalled
from normcheck.commands.upgrading import sides as module
from normcheck.commands.upgrading.results import repeated
from normcheck.commands.upgrading.sides import Options, Wrong, sides, wanted
from normcheck.reports.comparing.difference import Difference, Entry, Pair
from normcheck.reports.reading import read
from normcheck.tests import records as record_lines
from normcheck.tests.suite_runs import CLONE
from normcheck.tests.wheels import wheel

LAYER = """
import numpy as np

def layer_norm(x, gamma=1, beta=0, *, axis, epsilon):
    centred = x - x.mean(axis, keepdims=True, dtype="float64")
    return (centred / np.sqrt((centred**2).{spread}(axis, keepdims=True) + epsilon) * gamma + beta).astype(x.dtype)
"""
ADAPTER = """
import mylayers
from normcheck.adapters.function import FunctionAdapter

class Adapter(FunctionAdapter):
    name = "mine"
    requires = ("numpy", "mylayers")
    broadcast = True
    layers = {"layer_normalization": mylayers.layer_norm}
"""


@pytest.fixture
def built(monkeypatch):
    """The environments that would be built; what is in `broken` does not work on its host."""
    asked, faults = [], {"broken": (), "versions": {}}

    def had(self, requirements, host=None, works=""):
        name = "+".join([*requirements, *([f"on {host}"] if host else [])])
        asked.append(name)
        if name in faults["broken"]:
            raise DoesNotWork(f"{name} does not work on its host.")
        return Environment(name, faults["versions"].get(name, {}))

    monkeypatch.setattr(Options, "had", had)
    monkeypatch.setattr(module, "versions", lambda python: {"there": "1"})
    return asked, faults


def options(tmp_path, *targets, **more):
    return Options(tmp_path, [].append, targets, **more)


def pythons(both):
    return [side.environment.python for side in both]


HOST = "on tensorflow==2.21.*"


def test_keras_stands_on_one_tensorflow_on_both_sides(built, tmp_path):
    both = sides(wanted("keras==3.8.0"), wanted("keras==3.15.1"), options(tmp_path))
    assert pythons(both) == [f"keras==3.8.0+{HOST}", f"keras==3.15.1+{HOST}"]
    assert [side.targets for side in both] == [("keras",), ("keras",)]


def test_where_one_side_does_not_work_on_the_first_host_both_go_to_the_next(built, tmp_path):
    built[1]["broken"] = (f"keras==3.0.5+{HOST}",)
    both = sides(wanted("keras==3.0.5"), wanted("keras==3.15.1"), options(tmp_path))
    assert pythons(both) == ["keras==3.0.5+on tensorflow==2.16.2", "keras==3.15.1+on tensorflow==2.16.2"]
    built[1]["broken"] += ("keras==3.0.5+on tensorflow==2.16.2",)
    with pytest.raises(NotInstalled, match=r"does not work on its host\. keras.*Name another host with --host\."):
        sides(wanted("keras==3.0.5"), wanted("keras==3.15.1"), options(tmp_path))


def test_a_host_of_ones_own_is_the_only_one_tried(built, tmp_path):
    one = options(tmp_path, host="tensorflow==2.18.0")
    both = sides(wanted("keras==3.8.0"), wanted("keras==3.15.1"), one)
    assert pythons(both) == ["keras==3.8.0+on tensorflow==2.18.0", "keras==3.15.1+on tensorflow==2.18.0"]


def test_keras_on_torch_stands_on_one_torch(built, tmp_path):
    both = sides(wanted("keras==3.10.0"), wanted("keras==3.15.1"), options(tmp_path, "keras-torch:eager"))
    assert pythons(both) == ["keras==3.10.0+on torch==2.13.0+keras", "keras==3.15.1+on torch==2.13.0+keras"]
    assert both[0].targets == ("keras-torch:eager",)


def test_keras_after_tf_keras_stands_on_the_tensorflow_that_tf_keras_brings(built, tmp_path):
    both = sides(wanted("tf_keras==2.21.0"), wanted("keras==3.15.1"), options(tmp_path))
    assert pythons(both) == ["tf_keras==2.21.0", "keras==3.15.1+on tf_keras==2.21.0"]
    assert [side.targets for side in both] == [("tf_keras",), ("keras",)]


def test_the_keras_that_comes_with_a_tensorflow_is_judged(built, tmp_path):
    built[1]["versions"] = {"tensorflow==2.15.*": {"keras": "2.15.0"}, "tensorflow==2.21.*": {"keras": "3.15.1"}}
    both = sides(wanted("tensorflow==2.15.*"), wanted("tensorflow==2.21.*"), options(tmp_path))
    assert [side.targets for side in both] == [("tf.keras",), ("keras",)]


def test_what_goes_with_a_framework_comes_too_unless_it_is_named(built, tmp_path):
    both = sides(wanted("torch==2.2.* numpy<2"), wanted("torch==2.13.0"), options(tmp_path))
    assert pythons(both) == ["torch==2.2.*+numpy<2", "torch==2.13.0+numpy"]


def test_an_interpreter_is_taken_as_it_is_and_is_the_host_of_the_other_side(built, tmp_path):
    both = sides(wanted(f"@{sys.executable}"), wanted("keras==3.15.1"), options(tmp_path))
    assert pythons(both) == [sys.executable, f"keras==3.15.1+on {sys.executable}"]
    assert both[0].targets == ("keras",)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("=3.8.0", "keras==3.15.1", "'=3.8.0' is no requirement. Write keras==3.8.0"),
        ("", "keras==3.15.1", "'' is no requirement."),
        ("@/nowhere", "keras==3.15.1", "there is no Python interpreter at /nowhere."),
        ("mine==1", "mine==2", "nothing tells what to judge of mine: name it with --target"),
        (f"@{sys.executable}", f"@{sys.executable}", "nothing tells what to judge of an interpreter: name it"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(built, tmp_path, before, after, sentence):
    with pytest.raises(Wrong, match=re.escape(sentence)):
        sides(wanted(before), wanted(after), options(tmp_path))


@pytest.fixture
def upgrade(tmp_path, monkeypatch):
    """The command, on a package of which version 2.0 divides by another number."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "clone").mkdir()
    (tmp_path / "clone" / "normcheck").symlink_to(CLONE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path)
    for version, spread in (("1.0", "mean"), ("2.0", "sum")):
        wheel(tmp_path / "links", "mylayers", version, LAYER.format(spread=spread))
    (tmp_path / "my_adapter.py").write_text(ADAPTER)
    usual = ["--find-links", "links", "--cache", "cache", "--host", f"@{sys.executable}", "-o", "found"]
    return lambda *words: CliRunner().invoke(main, ["upgrade", *words, *usual, "--target", "my_adapter.py"])


CASE = "layer_normalization/documentation-example"


def test_the_tests_of_the_folder_in_which_it_is_typed_have_no_part_in_it(upgrade, tmp_path):
    (tmp_path / "conftest.py").write_text("raise SystemExit('loaded')")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    assert upgrade("mylayers==1.0", "mylayers==1.0", "--case", CASE).exit_code == 0


def test_an_upgrade_of_ones_own_package_says_what_changed(upgrade, tmp_path):
    result = upgrade("mylayers==1.0", "mylayers==2.0", "--case", CASE)
    assert result.exit_code == 1, result.output
    folder = tmp_path / "found"
    record = read(folder / "record.jsonl")
    assert record.complete
    titles = {target.id: target.title.partition(" · ")[0] for target in record.targets}
    outcomes = {titles[one.target][-4:-1]: one.outcome for one in record.checks if one.aspect == "output"}
    assert outcomes == {"1.0": "pass", "2.0": "fail"}
    assert {line.target for line in record.seen} == set(titles)
    assert "mylayers 1.0  →  mylayers 2.0" in result.output
    assert "Broken (1)" in result.output
    (entry,) = [one for one in json.loads((folder / "upgrade.json").read_text())["entries"] if one["class"] == "broken"]
    # Scripts are written for frameworks; of one's own adapter the suite is asked again.
    assert entry["commands"]["after"].startswith(
        f"pytest --pyargs normcheck.cases --target my_adapter.py@{tmp_path}/cache"
    )
    for name in ("upgrade.html", "upgrade.xml", "upgrade.md", "record.html"):
        assert (folder / name).stat().st_size > 100


def test_a_version_against_itself_is_asked_in_two_processes_and_shows_no_difference(upgrade, tmp_path):
    result = upgrade("mylayers==1.0", "mylayers==1.0", "--layer", "layer_normalization", "-k", "saved or example")
    assert result.exit_code == 0, result.output
    assert "two processes of it are compared" in result.output
    assert "No difference" in result.output
    record = read(tmp_path / "found" / "record.jsonl")
    assert [one.id for one in record.targets] == ["mine-1.0-cpu-eager", "mine-1.0-process-2-cpu-eager"]
    told = json.loads((tmp_path / "found" / "upgrade.json").read_text())
    assert told["compared"]["arrays"] == told["compared"]["alike"] > 0


def test_what_is_not_to_fail_does_not(upgrade):
    assert upgrade("mylayers==1.0", "mylayers==2.0", "--case", CASE, "--fail-on", "files").exit_code == 0
    result = upgrade("mylayers==1.0", "mylayers==2.0", "--fail-on", "no-such-class")
    assert result.exit_code == 2
    assert "no-such-class" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_entries_have_a_script_for_both_sides_or_one_each(tmp_path):
    (torch,) = [
        replace(discover(["reference"]).targets[0], id="torch-1", name="torch", dialect="torch", python="/one/python")
    ]
    newer = replace(torch, id="torch-2", python="/two/python")
    other = replace(newer, id="flax-2", name="flax", requested="flax:eager")
    lines = {one.id: record_lines.target(one.id) for one in (torch, newer, other)}
    example = Difference(
        "broken",
        "layer_normalization",
        CASE,
        Pair(lines["torch-1"], lines["torch-2"]),
        "output",
        "",
        "1",
        "2",
        (),
        'It is "2".',
    )
    entry = Entry("broken", "", example, (example,), {}, (), (), (), 1, (), ("", ""))
    targets = {one.id: one for one in (torch, newer, other)}
    same = repeated(entry, 7, targets, tmp_path)
    assert same.commands == (f"/one/python {tmp_path}/07.py", f"/two/python {tmp_path}/07.py")
    text = (tmp_path / "07.py").read_text()
    assert ast.get_docstring(ast.parse(text)).splitlines()[0] == f"{CASE}: It is '2'."
    assert same.commands[1] in text
    apart = replace(example, pair=Pair(lines["torch-1"], lines["flax-2"]))
    commands = repeated(replace(entry, example=apart, differences=(apart,)), 8, targets, tmp_path).commands
    assert commands == (f"/one/python {tmp_path}/08-before.py", reproduce(CASE, other))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["07.py", "08-before.py"]


def test_a_file_is_shown_by_a_script_that_one_side_saves_with_and_the_other_opens_with(tmp_path):
    one = replace(discover(["reference"]).targets[0], id="keras-1", name="keras", python="/one/python")
    other = replace(one, id="keras-2", python="/two/python")
    pair = Pair(*(record_lines.target(target.id) for target in (one, other)))
    case = "layer_normalization/saved-with-several-axes"
    example = Difference(
        "files", "layer_normalization", case, pair, "files", "legacy, backwards", "no", "opens", (), "It does not open."
    )
    entry = Entry("files", "", example, (example,), {}, (), (), (), 1, (), ("", ""))
    commands = repeated(entry, 3, {"keras-1": one, "keras-2": other}, tmp_path).commands
    opens, saves = (
        f"/{name}/python {tmp_path}/03.py {do} {tmp_path}/03.h5" for name, do in (("one", "open"), ("two", "save"))
    )
    assert commands == (opens, saves)
    unwritten = replace(example, case="layer_normalization/every-way", subject="configuration, backwards")
    other_form = replace(entry, example=unwritten, differences=(unwritten, example))
    assert repeated(other_form, 3, {"keras-1": one, "keras-2": other}, tmp_path).commands == commands
    text = (tmp_path / "03.py").read_text()
    assert [line.strip() for line in text.splitlines()[2:4]] == [saves, opens]
    assert "    model = keras.models.load_model(path)" in text.splitlines()
    ast.parse(text)


def test_a_signature_is_shown_by_a_script(tmp_path):
    text = signature("torch.nn.LayerNorm", "torch")
    assert text.splitlines()[-1] == "print(inspect.signature(torch.nn.LayerNorm))"
    with pytest.raises(Unwritten, match=r"keras\.layers\.Dense is no part of torch"):
        signature("keras.layers.Dense", "torch")


def test_a_version_that_does_not_exist_is_one_sentence_and_status_2(upgrade, tmp_path):
    result = upgrade("mylayers==1.0", "mylayers==3.0")
    assert result.exit_code == 2
    assert "mylayers==3.0 cannot be installed: No matching distribution found for mylayers==3.0." in result.stderr
    assert not (tmp_path / "found").exists()


def test_a_limit_that_no_case_can_keep_is_one_sentence(upgrade):
    result = upgrade("mylayers==1.0", "mylayers==2.0", "--case", CASE, "--case-timeout", "0")
    assert result.exit_code == 2
    assert "the run ended with status 4" in result.stderr


def test_a_run_in_which_nothing_is_selected_says_so(upgrade):
    result = upgrade("mylayers==1.0", "mylayers==2.0", "-k", "no-such-case")
    assert result.exit_code == 2
    assert "the run ended with status 5 and gave nothing to compare" in result.stderr
