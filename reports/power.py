"""The suite's own power, as measured when its specs were last changed: what it catches, and that it never cries wolf.

The two files beside this one are written by `tox run -e power`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

CAUGHT = Path(__file__).parent / "power.json"
SPARED = Path(__file__).parent / "false_alarms.json"


class Figures(BaseModel):
    """Counts of mutants and of their trials. trials: [killed, all] that are no equivalents."""

    mutants: int
    mutants_killed: int
    trials: tuple[int, int]
    equivalent: int
    by_layer: dict[str, tuple[int, int]]
    by_dtype: dict[str, tuple[int, int]]


class Mutant(BaseModel):
    """A faulty implementation, and the real bug it stands for where there is one.

    trials: [killed, all], of a layer and a dtype each. killers: how many cases kill it. first: the one that stands
    first in its layer's spec, at `position`, and the requirements that it shows not to hold. first_by_trial: the first
    killer of every trial. equivalent: why it is none, by trial.
    """

    id: str
    description: str
    stands_for: str
    trials: tuple[int, int]
    killers: int
    first: str
    position: int
    requirements: list[str]
    first_by_trial: dict[str, str]
    equivalent: dict[str, str]

    @property
    def others(self) -> list[str]:
        """The first killers of its other trials."""
        return sorted(set(self.first_by_trial.values()) - {self.first})


class Variant(BaseModel):
    """A right implementation. headroom: median, 99 % quantile and largest, in float32 and float64."""

    id: str
    arrays: int
    numbers: int
    alarms: int
    headroom: tuple[float, float, float]


class Caught(BaseModel):
    """What the suite catches. spec_digest: of the specs that were measured."""

    model_config = ConfigDict(extra="ignore")

    spec_digest: str
    figures: Figures
    mutants: list[Mutant]


class Spared(BaseModel):
    """What the suite lets pass, as it must: right implementations over random problems."""

    problems: int
    variants: list[Variant]

    @property
    def numbers(self) -> int:
        """How many numbers were judged."""
        return sum(variant.numbers for variant in self.variants)

    @property
    def alarms(self) -> int:
        """How many arrays of right implementations failed."""
        return sum(variant.alarms for variant in self.variants)


@lru_cache(maxsize=1)
def caught() -> Caught:
    """The packaged measurement of what the suite catches."""
    return Caught.model_validate_json(CAUGHT.read_bytes())


@lru_cache(maxsize=1)
def spared() -> Spared:
    """The packaged measurement of what it lets pass."""
    return Spared.model_validate_json(SPARED.read_bytes())


def share(killed: int, of: int) -> int:
    """A percentage, rounded down, so that 100 means all."""
    return 100 * killed // of if of else 0
