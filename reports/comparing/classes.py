"""The classes of difference, most serious first, each defined in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Kind = Literal[
    "broken",
    "silently-different",
    "accuracy-lost",
    "files",
    "interface",
    "bits",
    "newly-unsupported",
    "newly-supported",
    "accuracy-gained",
    "fixed",
    "added",
    "removed",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
TITLES: Mapping[str, str] = {
    "broken": "Broken",
    "silently-different": "Silently different",
    "accuracy-lost": "Accuracy lost",
    "files": "Files no longer open",
    "interface": "Interface changed",
    "bits": "Different bits, within rounding",
    "newly-unsupported": "Newly unsupported",
    "newly-supported": "Newly supported",
    "accuracy-gained": "Accuracy gained",
    "fixed": "Fixed",
    "added": "Added",
    "removed": "Removed",
}
WORDS: Mapping[str, str] = {
    "broken": "A requirement held and no longer does, or what worked raises, crashes or runs out of time.",
    "silently-different": "Nothing is raised and no verdict is lost, but numbers moved further than rounding explains.",
    "accuracy-lost": "The answer is off by over four times as much of its bound as before, or its grade fell.",
    "files": "What one version saved does not open in the other, or opens as a layer that answers otherwise.",
    "interface": "Signature, weights, counts, configuration, exceptions or warnings are not what they were.",
    "bits": "Other bits, and no further apart than two right answers may be.",
    "newly-unsupported": "Offered before, and no longer.",
    "newly-supported": "Not offered before, and offered now.",
    "accuracy-gained": "The answer is off by less than a quarter of what it was, or its grade rose.",
    "fixed": "A requirement did not hold, and does now.",
    "added": "Asked after, and not before: nothing to compare with.",
    "removed": "Asked before, and not after: no regression, only a question less.",
}
FAILING: tuple[Kind, ...] = ("broken", "silently-different", "files")


def gravity(kind: str) -> int:
    """The place of a class in the order, the most serious first."""
    return KINDS.index(kind)


def chosen(text: str) -> tuple[Kind, ...]:
    """The classes of a list with commas; none for `none`. Raises ValueError with a sentence for an unknown one."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == ["none"]:
        return ()
    unknown = [name for name in names if name not in KINDS]
    if unknown or not names:
        stands = f"{unknown[0]!r} stands there" if unknown else "nothing stands there"
        raise ValueError(f"--fail-on: {stands}; give `none`, or classes of {', '.join(KINDS)}, with commas.")
    return tuple(kind for kind in KINDS if kind in names)
