"""A target on another machine: what is said to it with ssh, and what it is sent.

Everything a target needs of normcheck goes there as source, into a folder that is removed when the target ends.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..loading import TargetError, is_file, split

OLDEST = (3, 11)
# Nobody can be asked for a password: a question would be put into the middle of the protocol.
OPTIONS = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
PATIENCE = 30.0
USUAL = "python3"
PLACE = re.compile(r"((?:[\w.-]+@)?(?:\w[\w.-]*|\[[0-9A-Fa-f:.]+\]))(?::(.+))?", re.ASCII)
FIND = (
    'for one in "$1/bin/python" "$1"; do if [ ! -d "$one" ] && command -v "$one" > /dev/null; '
    'then exec "$one" -c "$2"; fi; done; exit 127'
)
LOOK = """if True:
    import sys
    from importlib.util import find_spec
    print(sys.executable, *sys.version_info[:2], int(find_spec("numpy") is not None), sep="\\n")
"""
END = """if True:
    import os, shutil, signal, sys, tempfile, time
    folder = os.path.join(tempfile.gettempdir(), sys.argv[1])
    with open(os.path.join(folder, "pid")) as file:
        pid = int(file.read())
    try:
        os.kill(pid, signal.SIGABRT)
        for _ in range(50):
            time.sleep(0.1)
            os.kill(pid, 0)
    except OSError:
        pass
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
    with open(os.path.join(folder, "log"), "rb") as file:
        sys.stdout.buffer.write(file.read()[-16384:])
    shutil.rmtree(folder, ignore_errors=True)
"""


class Unreachable(Exception):  # noqa: N818 - a statement, not an error
    """There is no target to be had on a host; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Far:
    """One process on a host. folder: the name of its own folder there, in that host's place for temporary files."""

    host: str
    python: str
    folder: str = field(default_factory=lambda: f"normcheck-{uuid.uuid4().hex}")

    @property
    def spec(self) -> str:
        """What execnet is given to start the process."""
        return f"ssh=-q {' '.join(OPTIONS)} {self.host}//execmodel=main_thread_only//python={shlex.quote(self.python)}"

    def end(self) -> str:
        """End the process, which writes its Python frames where it hangs; what it printed last."""
        try:
            return _asked(self.host, [self.python, "-c", END, self.folder]).stdout
        except Unreachable:
            return ""


def address(place: str, text: str) -> tuple[str, str | None]:
    """The host as ssh takes it, and the interpreter where one is named. Raises TargetError.

    place: what stands behind `ssh:`, such as `host`, `user@host`, `host:path/to/python`. text: all that was written.
    """
    found = PLACE.fullmatch(place)
    if not found or (found[2] or "").isdigit():
        raise TargetError(
            f"'{text}' names no host. Write ssh:host, ssh:user@host or ssh:host:path/to/python; a port goes into ssh's "
            "own configuration."
        )
    return found[1].replace("[", "").replace("]", ""), found[2]


def interpreter(host: str, python: str | None) -> str:
    """The path of an interpreter on `host`, or of that of the environment `python`. Raises Unreachable."""
    asked = python or USUAL
    done = _asked(host, ["sh", "-c", FIND, "sh", asked, LOOK])
    if done.returncode == 127:
        raise Unreachable(f"there is no Python interpreter {asked} on {host}. Name one: ssh:{host}:path/to/python.")
    try:
        path, *figures = done.stdout.splitlines()[-4:]
        major, minor, numpy = map(int, figures)
    except ValueError:
        raise Unreachable(f"{asked} on {host} does not work as a Python interpreter.") from None
    if (major, minor) < OLDEST:
        raise Unreachable(f"{asked} on {host} is Python {major}.{minor}; a target needs 3.11 or newer.")
    if not numpy:
        raise Unreachable(f"{asked} on {host} has no NumPy, which every target needs.")
    return path


def parcel(adapter: str) -> dict[str, str]:
    """The files that a target is sent, by their places in its folder. Raises OSError for what cannot be read.

    These are the adapters, and with an adapter in a file of the user's that file and what it imports beside it.
    """
    room = Path(__file__).resolve().parents[1]
    paths = {path.relative_to(room.parent).as_posix(): path for path in sorted(room.rglob("*.py"))}
    files = {place: path.read_text(encoding="utf-8") for place, path in paths.items()}
    place = split(adapter)[0]
    return files | ({f"own/{name}": text for name, text in beside(Path(place)).items()} if is_file(place) else {})


def beside(path: Path) -> dict[str, str]:
    """The source of a file, and of what it imports of the modules and packages beside it."""
    found: dict[str, str] = {}
    waiting = [path]
    while waiting:
        one = waiting.pop()
        name = one.relative_to(path.parent).as_posix()
        if name not in found:
            found[name] = one.read_text(encoding="utf-8")
            waiting += [file for module in _imported(found[name]) for file in _files(path.parent / module)]
    return found


def _imported(source: str) -> Iterator[str]:
    """The names of the modules at the top that `source` imports; none of what is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _files(module: Path) -> list[Path]:
    """The files of a module or package, none where there is no such."""
    if (module / "__init__.py").is_file():
        return sorted(module.rglob("*.py"))
    alone = module.with_name(f"{module.name}.py")
    return [alone] if alone.is_file() else []


def _asked(host: str, words: list[str]) -> subprocess.CompletedProcess[str]:
    """What a command on `host` printed. Raises Unreachable."""
    command = ["ssh", *OPTIONS, host, shlex.join(words)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except FileNotFoundError:
        raise Unreachable("there is no ssh here to reach another host with; install OpenSSH's client.") from None
    except subprocess.TimeoutExpired:
        raise Unreachable(f"{host} cannot be reached: it gave no answer within {PATIENCE:g} s.") from None
    if done.returncode == 255:
        said = done.stderr.strip().splitlines() or ["ssh gives no reason"]
        raise Unreachable(
            f"{host} cannot be reached: {said[-1].strip().rstrip('.')}. `ssh {host}` has to work without a password."
        )
    return done
