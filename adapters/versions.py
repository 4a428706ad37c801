"""The versions of distributions: of this interpreter, or of another one, which runs this very file.

Nothing is imported for it but what Python itself brings.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata

LONGEST = 60.0


def version(distribution: str) -> str:
    """The version of a distribution, or of the one that provides a package of this name; else empty."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        if importlib.util.find_spec(distribution) is None:
            return ""
    providers = metadata.packages_distributions().get(distribution, [])
    return metadata.version(providers[0]) if providers else "unknown"


def versions(distributions: Iterable[str], python: str | None = None) -> dict[str, str]:
    """The `version` of each, in the interpreter `python` where one is named. Raises OSError where it does not tell."""
    names = list(distributions)
    if python is None:
        return {name: version(name) for name in names}
    # Without -P the folder of this file, with its packages called jax and torch, would be looked into.
    words = [python, "-P", __file__, *names]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=LONGEST)
    except subprocess.SubprocessError as error:
        raise OSError(f"{python} does not tell what is installed: {error}") from error
    return dict[str, str](json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    print(json.dumps(versions(sys.argv[1:])))
