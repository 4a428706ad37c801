"""An environment in front of another: what it needs of its own, because the one behind it has nothing of that name."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from importlib.metadata import Distribution, distributions

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PLACES = """if True:
    import site, sys, sysconfig
    print(*dict.fromkeys(sysconfig.get_path(one) for one in ("purelib", "platlib")), sep="\\n")
"""
VERSION = "import platform; print(platform.python_version())"


def places(python: str) -> list[str]:
    """The folders in which `python` finds what is installed."""
    return _told(python, PLACES)


def complete(python: str, own: Sequence[str], behind: Sequence[str]) -> list[str]:
    """What the distributions in the folders `own` require and neither they nor those `behind` provide.

    Their versions behind are not looked at: which of them stand on both sides is the point of a host.
    """
    ours = list(distributions(path=list(own)))
    there = {canonicalize_name(one.metadata["Name"]) for one in [*ours, *distributions(path=list(behind))]}
    full = _told(python, VERSION)[0]
    version = {"python_full_version": full, "python_version": ".".join(full.split(".")[:2])}
    marked = dict[str, str](**default_environment()) | version
    wanted = [one for distribution in ours for one in _required(distribution, marked)]
    return [str(one) for one in wanted if canonicalize_name(one.name) not in there]


def _required(distribution: Distribution, marked: dict[str, str]) -> list[Requirement]:
    """What a distribution requires without any of its extras."""
    every = [Requirement(text) for text in distribution.requires or ()]
    return [one for one in every if one.marker is None or one.marker.evaluate({**marked, "extra": ""})]


def _told(python: str, code: str) -> list[str]:
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
