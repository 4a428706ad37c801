"""What is installed: the wheel's content, a run from it, and what pytest loads because of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

from normcheck.reports.reading import read

CLONE = Path(__file__).resolve().parents[1]
ROOMS = ("adapters", "cases", "commands", "reports", "specs")
DATA = (".yaml", ".json", ".html", ".css", ".js", ".typed")
EXAMPLE = "layer_normalization/documentation-example"
PROJECT = tomllib.loads((CLONE / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def python(*words, cwd, path=()):
    """A finished Python process that finds packages in `path` as well."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONPATH"))}
    env = kept | {"PYTHONPATH": os.pathsep.join(map(str, path))}
    words = [sys.executable, *map(str, words)]
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def tox():
    found = ConfigParser(interpolation=None)
    found.read(CLONE / "tox.ini", encoding="utf-8")
    return found


def names(text):
    return sorted(re.split(r"[<>=!~; ]", line.strip())[0] for line in text if line.strip())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of the clone."""
    source, place = tmp_path_factory.mktemp("source") / "normcheck", tmp_path_factory.mktemp("wheel")
    kept_out = shutil.ignore_patterns(".*", "__pycache__", "normcheck-report", "build", "dist", "*.egg-info")
    shutil.copytree(CLONE, source, ignore=kept_out)
    done = python("-m", "build", "--wheel", "--no-isolation", "--outdir", place, source, cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = place.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the wheel's content, as `pip install --target` leaves it."""
    place = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(place)
    return place


def test_the_wheel_has_every_file_of_every_room(wheel):
    there = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("normcheck/")}
    wanted = {
        f"normcheck/{path.relative_to(CLONE).as_posix()}"
        for room in ROOMS
        for path in (CLONE / room).rglob("*")
        if path.suffix in (".py", *DATA) and "__pycache__" not in path.parts
    }
    assert there == wanted


def test_the_wheel_has_the_data_that_a_run_and_a_page_need(wheel):
    there = set(zipfile.ZipFile(wheel).namelist())
    needed = [
        "cases/ledger.yaml",
        "specs/layers/layer_normalization.yaml",
        "specs/models/batch_normalization_9.yaml",
        "specs/claims/document-000.yaml",
        "specs/layer.schema.json",
        "reports/record.schema.json",
        "reports/page/templates/page.html",
        *(f"{room}/py.typed" for room in ROOMS),
    ]
    assert {f"normcheck/{name}" for name in needed} <= there


def test_the_entry_points_are_the_command_and_the_plugins_of_the_clone_under_their_modules_names(installed):
    (path,) = installed.glob("*.dist-info/entry_points.txt")
    points = ConfigParser()
    points.read(path, encoding="utf-8")
    assert dict(points["console_scripts"]) == {"normcheck": "normcheck.commands:main"}
    plugins = dict(points["pytest11"])
    assert list(plugins) == list(plugins.values())
    assert sorted(plugins) == sorted(
        re.findall(r'"(normcheck[.\w]+)"', (CLONE / "conftest.py").read_text(encoding="utf-8"))
    )


def test_the_suite_runs_from_an_installed_wheel_in_any_folder(installed, tmp_path):
    run = ["-m", "pytest", "--pyargs", "normcheck.cases", "--target", "reference", "--case", EXAMPLE, "-q"]
    done = python(*run, "--record", "record.jsonl", cwd=tmp_path, path=[installed])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    found = read(tmp_path / "record.jsonl")
    assert (found.complete, found.header.normcheck) == (True, PROJECT["version"])
    assert "<!DOCTYPE html>" in (tmp_path / "record.html").read_text(encoding="utf-8")


def test_the_command_runs_from_an_installed_wheel(installed, tmp_path):
    done = python("-c", "from normcheck.commands import main; main()", "--help", cwd=tmp_path, path=[installed])
    assert done.returncode == 0
    assert "targets" in done.stdout


def test_a_clone_and_an_installed_wheel_do_not_mix(installed):
    done = python("-m", "pytest", "cases", "--collect-only", "-q", cwd=CLONE, path=[installed])
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "two copies would be mixed" in done.stdout + done.stderr


def test_the_plugin_costs_a_strangers_run_next_to_nothing(installed, tmp_path):
    (tmp_path / "test_own.py").write_text(
        "import sys\n\n\n"
        "def test_what_is_imported():\n"
        "    assert 'normcheck.cases.plugin' in sys.modules\n"
        "    heavy = {'numpy', 'pydantic', 'yaml', 'jinja2', 'torch', 'tensorflow', 'keras'}\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    plain = ["-p", "no:xdist", "-p", "no:benchmark", "-p", "no:cacheprovider"]
    done = python("-m", "pytest", "-q", *plain, "test_own.py", cwd=tmp_path, path=[installed])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "normcheck" not in done.stdout
    assert not (tmp_path / "normcheck-report").exists()


def test_tox_installs_what_the_package_depends_on():
    assert names(tox()["base"]["deps"].splitlines()) == names(PROJECT["dependencies"])
    assert [line.strip() for line in tox()["base"]["deps"].splitlines() if line.strip()] == PROJECT["dependencies"]


def test_the_readmes_commands_are_those_of_tox():
    text = (CLONE / "README.md").read_text(encoding="utf-8")
    asked = re.findall(r"tox run -e ([\w-]+)", text)
    listed = [name.strip() for name in tox()["tox"]["env_list"].split(",")]
    assert asked[:2] == ["conformance", "selftest"]
    assert all(tox().has_section(f"testenv:{name}") for name in (*asked, *listed))


def test_the_readmes_options_are_pytests(tmp_path):
    text = (CLONE / "README.md").read_text(encoding="utf-8")
    options = set(re.findall(r"(?<=\s)(--[a-z-]+)", text)) - {"--pyargs"}
    shown = python("-m", "pytest", "--help", "-c", CLONE / "pyproject.toml", cwd=CLONE).stdout
    assert options
    assert all(option in shown for option in options)
