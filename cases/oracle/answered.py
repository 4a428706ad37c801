"""What judgement needs of one call's exact answer, whatever the layer's formula is, and what a formula is asked.

A layer whose formula is not a normalization by mean and variance gives `expected.ANSWERS` a function from `Call` to
`Answered`. Every number then goes the same way: judged against `tolerance`, where `masks` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Exact, Floats, as_exact
from ..requests.conventions import Convention

Flags = NDArray[np.bool_]
Subject: TypeAlias = str
"""`output`, `gradient_input`, or `gradient_ROLE` of a trainable weight."""


def kept(found: dict[tuple[str, str], Floats], key: tuple[str, str], made: Callable[[], Floats]) -> Floats:
    """What is in `found` under `key`: worked out once, infinities and NaN without a warning."""
    if key not in found:
        with np.errstate(all="ignore"):
            found[key] = made()
    return found[key]


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """Which elements get a verdict, in the shape of the subject.

    judged: a number is compared. required_nan: it must be NaN. required_not_finite: it must be NaN or infinite.
    Everything else is information.
    """

    judged: Flags
    required_nan: Flags
    required_not_finite: Flags

    @property
    def any(self) -> bool:
        """Whether any element gets a verdict."""
        return bool((self.judged | self.required_nan | self.required_not_finite).any())


def numbers(judged: Flags) -> Masks:
    """Numbers compared where `judged`, and information everywhere else."""
    return Masks(judged, np.zeros_like(judged), np.zeros_like(judged))


class Answered(Protocol):
    """The exact answer of one call, and how far from it a right implementation may be.

    Every method that takes a subject raises ValueError for one that is not among `subjects`.
    """

    def __hash__(self) -> int:
        """By identity: what is worked out from an answer is kept."""

    @property
    def dtype(self) -> str:
        """The dtype computed and answered in."""

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """What there is an answer for, `output` first; gradients only where they were asked for."""

    def exact(self, subject: Subject) -> Exact:
        """The exact array."""

    def tolerance(self, subject: Subject, grade: Grade) -> Floats:
        """The bound of a grade, in the shape of the subject."""

    def masks(self, subject: Subject) -> Masks:
        """Where a verdict can be given."""

    def proves_nothing(self) -> bool:
        """Whether the output's bounds are so wide that a wrong answer would pass too."""

    def cause(self, subject: Subject, got: NDArray[Any]) -> str:
        """A sentence that names the mistake which explains `got`, of the subject's shape; empty where none does."""

    def gradient_of(self, role: str) -> Subject:
        """The subject that is the gradient of the trainable weight with this role."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A weight's exact value, the error it may have by now at a grade, and where a number can be judged."""

    value: Exact
    tolerance: Callable[[Grade], Floats]
    judged: Flags


def exactly(values: NDArray[Any]) -> Held:
    """A weight that must have just these values."""
    exact = as_exact(np.asarray(values, np.float64))
    zero = np.zeros(exact.shape)
    return Held(exact, lambda grade: zero, np.ones(exact.shape, np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a case, as a formula is asked for its answer.

    x: the input, exact in float64. upstream: the gradient that comes in, None where no gradient is asked for.
    weights: all of them before the call, by role, with the errors that earlier steps have left in them.
    training: whether the call is one of training. structured: the input is constant, a ramp or the like, whose rounding
    errors do not average out. finely: answer in double-double whatever the dtype.
    """

    meant: Convention
    x: Floats
    upstream: Floats | None
    weights: Mapping[str, Held]
    training: bool
    structured: bool
    finely: bool


Formula = Callable[[Call], tuple[Answered, Mapping[str, Held]]]
"""The answer of a call, and the weights that the call itself leaves other than they were, by role."""
