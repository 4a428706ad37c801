"""Makes an environment with venv and pip, keeps it, and gives it again.

An environment is finished when the file FINISHED stands in it, which is written last: what a build that was cut short
left behind is removed by the next one. While one run builds, another that wants the same waits.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from .overlay import complete, places
from .plan import Plan

FINISHED = "normcheck.json"
VERSIONS = """if True:
    import json
    from importlib.metadata import distributions
    print(json.dumps([(one.metadata["Name"], one.version) for one in distributions()]))
"""
BESIDE = 'Name what it works with too, in quotes: "flax==0.10.* jax==0.6.*".'
# With uv the reason stands below the line that says that there is one.
BELOW, TREE, LONGEST = ("error:", "×"), "╰├│─▶ ", 500
PERHAPS = ("ERROR:", *BELOW)


class NotInstalled(Exception):  # noqa: N818 - a statement, not an error
    """An environment cannot be had; the message is a sentence that says which and why."""


class DoesNotWork(NotInstalled):
    """What was installed does not work on its host."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One that is there. python: its interpreter. versions: of every distribution in it, and in its host.

    seconds: what building it took, 0 where it was there already.
    """

    python: str
    versions: dict[str, str]
    seconds: float = 0.0


def environment(plan: Plan, cache: Path, tell: Callable[[str], None], *, anew: bool = False) -> Environment:
    """The environment of `plan`, from `cache` or built now; `anew` builds it again. Raises NotInstalled.

    tell: is given a line before and after what takes long.
    """
    folder = cache / plan.folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with alone(
            folder.with_name(f"{folder.name}.lock"), lambda: tell(f"{plan.title}: another run builds it; waiting")
        ):
            if not anew and (found := _kept(folder)):
                tell(f"{plan.title}: {folder}")
                return found
            tell(f"{plan.title}: installing into {folder}")
            began = time.monotonic()
            versions = _built(plan, folder)
            seconds = time.monotonic() - began
    except OSError as error:
        raise NotInstalled(f"{folder} cannot be written: {error.strerror or error}.") from None
    tell(f"{plan.title}: installed in {seconds:.0f} s")
    return Environment(str(python_in(folder)), versions, seconds)


def python_in(folder: Path) -> Path:
    """The interpreter of the environment in `folder`."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


@contextlib.contextmanager
def alone(path: Path, wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock `path` inside; `wait` is called where another process holds it. Without locks nothing is held."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _kept(folder: Path) -> Environment | None:
    """What stands finished in `folder`; None where nothing does, or the interpreter it was made of is gone.

    Raises DoesNotWork where that was found when it was built.
    """
    python = python_in(folder)
    try:
        told = json.loads((folder / FINISHED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not python.exists() or (told["host"] and not Path(told["host"]).exists()):
        return None
    if told["fault"]:
        raise DoesNotWork(told["fault"])
    return Environment(str(python), told["versions"])


def _built(plan: Plan, folder: Path) -> dict[str, str]:
    """Build `plan` in `folder`, which is empty afterwards if that fails; the versions in it. Raises NotInstalled."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _make(plan, folder)
        versions = _filled(plan, str(python_in(folder)))
        fault = _fault(plan, str(python_in(folder)))
        told = {"requirements": plan.requirements, "host": plan.host, "versions": versions, "fault": fault}
        (folder / FINISHED).write_text(json.dumps(told, indent=1), encoding="utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if fault:
        raise DoesNotWork(fault)
    return versions


def _fault(plan: Plan, python: str) -> str:
    """Why the requirements do not work, as a sentence; empty where they do."""
    done = _run([python, "-c", plan.works]) if plan.works else None
    if done is None or not done.returncode:
        return ""
    if plan.host:
        return f"{plan.title} does not work on its host: {_reason(done)}"
    return f"{plan.title} does not work with what was installed beside it: {_reason(done)} {BESIDE}"


def _make(plan: Plan, folder: Path) -> None:
    """An empty environment. Where our own pip can install into it, it needs none."""
    without = ["--without-pip"] if plan.installer == "uv" or has_pip() else []
    done = _run([plan.python, "-m", "venv", *without, str(folder)])
    if done.returncode:
        raise NotInstalled(f"{plan.python} makes no environment for {plan.title}: {_reason(done)}")


def _filled(plan: Plan, python: str) -> dict[str, str]:
    """Install; the versions that are there afterwards, in the host too."""
    if plan.host is None:
        _install(plan, python, plan.requirements)
        return versions(python)
    own = places(python)
    behind = places(plan.host)
    _install(plan, python, plan.requirements, alone=True)
    tried: set[str] = set()
    while lacking := [one for one in complete(python, own, behind) if one not in tried]:
        _install(plan, python, lacking, alone=True)
        tried.update(lacking)
    # Written last: pip would take what the host has for installed, and put nothing in front of it.
    Path(own[0], "normcheck-host.pth").write_text("".join(f"{place}\n" for place in behind), encoding="utf-8")
    return versions(python)


def versions(python: str) -> dict[str, str]:
    """The version of every distribution that `python` finds, by its name as it writes it."""
    done = _run([python, "-c", VERSIONS])
    if done.returncode:
        raise NotInstalled(f"{python} does not work as a Python interpreter: {_reason(done)}")
    return dict(reversed(json.loads(done.stdout.splitlines()[-1])))  # of two, the first is the one imported


def _install(plan: Plan, python: str, requirements: Sequence[str], *, alone: bool = False) -> None:
    """Install `requirements`, `alone` without what they require. Raises NotInstalled with the installer's reason."""
    links = [word for place in plan.find_links for word in ("--find-links", place)]
    rest = [*(["--no-deps"] if alone else []), *links, *requirements]
    done = _run([*_installer(plan, python), *rest])
    if done.returncode:
        raise NotInstalled(f"{' '.join(requirements)} cannot be installed: {_reason(done)}")


def _installer(plan: Plan, python: str) -> list[str]:
    if plan.installer == "uv":
        return ["uv", "pip", "install", "--quiet", "--python", python]
    words = ["install", "--quiet", "--no-input", "--disable-pip-version-check"]
    return [sys.executable, "-m", "pip", "--python", python, *words] if has_pip() else [python, "-m", "pip", *words]


def has_pip() -> bool:
    """Whether pip is installed beside normcheck.

    Asked of what is installed, and not of the importers: setuptools takes a search for pip as a sign that this process
    is pip, and lets nothing be compiled in it afterwards.
    """
    return any(distributions(name="pip"))


def _run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A finished command, in which no package of this process' own path is found."""
    clean = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    }
    try:
        return subprocess.run(
            words, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL, env=clean
        )
    except FileNotFoundError as error:
        raise NotInstalled(f"there is no {words[0]} here.") from error


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """What an installer says is wrong, in its last line about it or in uv's lines from there on, as a sentence."""
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(PERHAPS)] or lines or [f"exit status {done.returncode}"]
    said = telling[-1]
    if said.startswith(BELOW):
        said = " ".join(line.lstrip(TREE).removeprefix("cause: ") for line in lines[lines.index(said) :])[:LONGEST]
    for word in PERHAPS:
        said = said.removeprefix(word).strip()
    return said if said.endswith(".") else f"{said}."
