"""A test file of one's own judges a layer: every case an item, with failures that are expected."""

from __future__ import annotations

import subprocess
import sys

import pytest

from normcheck.tests.suite_runs import CLONE, environment

HEAD = """
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.cases.judging import parametrize_with_cases


class Adapter(ReferenceAdapter):
    name = "mine"
    layers = {"layer_normalization": None}

    def call(self, layer, x, training):
        output = super().call(layer, x, training)
        return type(output)("float32", x.shape, bytes(len(output.data))) if x.shape == (3, 7) else output


RANKS = "layer_normalization/ranks/*"
WRONG = "layer_normalization/ranks/shape=3x7"
"""


@pytest.fixture
def own(tmp_path):
    """The output and the status of pytest on a file with HEAD and one decorated test."""

    def run(decorator, *words, head=HEAD):
        file = tmp_path / "test_mine.py"
        file.write_text(f"{head}\n\n@{decorator}\ndef test_mine(judge):\n    judge()\n")
        quiet = ["-q", "-rxXsf", "-p", "no:cacheprovider", "--import-mode=importlib", "-c", CLONE / "pyproject.toml"]
        place = ["--rootdir", tmp_path, "--confcutdir", tmp_path]
        command = [sys.executable, "-m", "pytest", file, *quiet, *place, "-p", "normcheck.cases.plugin", *words]
        package = tmp_path / "path"
        package.mkdir(exist_ok=True)
        if not (package / "normcheck").exists():
            (package / "normcheck").symlink_to(CLONE)
        env = environment() | {"PYTHONPATH": str(package)}
        words = [str(word) for word in command]
        return subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    return run


def test_every_case_is_an_item_and_a_wrong_one_fails_with_the_suites_text(own):
    done = own("parametrize_with_cases(Adapter, cases=[RANKS])")
    assert done.returncode == 1
    assert "1 failed, 4 passed" in done.stdout
    assert "asked: layer_normalization(axis=-1" in done.stdout
    assert "LN-1: Every output is the exact answer" in done.stdout
    assert "test_mine.py:Adapter --case 'layer_normalization/ranks/shape=3x7'" in done.stdout


@pytest.mark.parametrize("more", ["", ", in_process=True"])
def test_a_failure_that_is_expected_has_its_reason_and_fails_nothing(own, more):
    done = own(f"parametrize_with_cases(Adapter, cases=[RANKS], expected_failures={{WRONG: 'zeros there'}}{more})")
    assert done.returncode == 0, done.stdout
    assert "4 passed, 1 xfailed" in done.stdout
    assert "shape=3x7] - zeros there" in done.stdout


def test_an_expected_failure_that_passes_fails(own):
    done = own("parametrize_with_cases(Adapter, cases=[RANKS], expected_failures={'*/ranks/*': 'all of them'})")
    assert done.returncode == 1
    assert "[XPASS(strict)] all of them" in done.stdout
    assert "4 failed, 1 xfailed" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("cases=[RANKS], expected_failures={'batch*': 'why'}", "expected_failures names batch*"),
        ("cases=['nothing/*']", "no case is asked"),
        ("layers=['layer_norm']", "there is no layer of this name"),
    ],
)
def test_what_names_nothing_is_said_at_collection(own, options, said):
    done = own(f"parametrize_with_cases(Adapter, {options})")
    assert done.returncode == 2
    assert said in done.stdout
    assert "Traceback" not in done.stdout


def test_a_class_that_no_process_could_find_is_refused(own):
    done = own("parametrize_with_cases(type('Inner', (Adapter,), {}))")
    assert "Inner must stand at the top of its file" in done.stdout


def test_an_adapter_is_asked_for_the_layers_that_it_names(own):
    done = own("parametrize_with_cases(Adapter)", "--collect-only")
    items = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(items) > 100
    assert all("mine-cpu-eager:layer_normalization/" in line for line in items)


def test_what_is_not_supported_is_skipped_with_the_reason(own):
    done = own("parametrize_with_cases(Adapter, cases=[RANKS])", head=HEAD + EMPTY)
    assert done.returncode == 0
    assert "mine offers no layer_normalization" in done.stdout
    assert "passed" not in done.stdout


def test_a_name_is_taken_as_the_option_takes_it(own):
    done = own("parametrize_with_cases('reference', cases=['layer_normalization/documentation-example'])")
    assert "1 passed" in done.stdout


def test_several_processes_share_the_items(own):
    done = own("parametrize_with_cases(Adapter, cases=[RANKS], expected_failures={WRONG: 'zeros there'})", "-n", "2")
    assert "4 passed, 1 xfailed" in done.stdout


EMPTY = """
from normcheck.adapters.interface import Adapter as Base


class Adapter(Base):
    name = "mine"
"""
