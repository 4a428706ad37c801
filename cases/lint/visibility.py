"""The numeric lint: a case must have an input, weights and a dtype on which what it is about shows.

A subject (epsilon, the axis, ...) shows where every kind of mistake with it (`mistakes.py`) moves a judged output, or a
moving statistic, of some step beyond its bound at grade A. Else the case passes whatever is done with it, and proves
nothing: an epsilon that the variance drowns, an axis on a cube of equal sides, a momentum of 1/2, a beta of 0, a dtype
that hides the difference.

A case is held to a subject, in every dialect that has the argument,

- if it gives the argument a value, itself or in a sweep, be it the default;
- if a name under `hunts` has the subject's word in it. Names that end in zero, zeros or ones are about first values,
  which the weights show and no output can.

It is not held

- where nothing can be seen: errors, models, a document's own cases, and calls of which no output is judged;
- where the layer is no normalization by mean and variance: these mistakes are none of its own;
- to a subject of the statistics where no group has a variance, or every gamma is 0: such a case is about just that;
- to what it merely gives, and does not hunt, where every input is of a family with a point of its own, neither literal
  nor of one in `PLAIN`: `large-mean`, `one-hot`, `exact`, `nan-row` and their like hide arguments by their size or
  their regularity, and are there for the rounding, for exactness or for NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..arithmetic.exact import Exact
from ..bounds.domain import masks
from ..bounds.normalization import Bounds
from ..case import Case
from ..oracle.expected import StepExpected, expected_steps, first_values, share
from ..oracle.moving import State, moving
from ..oracle.problems import layout_of
from ..requests.conventions import Convention, convention, layer_spec
from . import mistakes
from .mistakes import DIALECTS, Mistakes

Shown = Iterator[tuple[str, bool]]
Steps = tuple[StepExpected, ...]
Share = Callable[[Convention, int], tuple[float, float]]

PLAIN = ("normal", "scaled-to-epsilon")
FIRST_VALUES = ("-zeros", "-ones", "-zero")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a case can be about.

    shown: every kind of mistake, with whether it shows, once for each step and each form of it.
    arguments: giving one of these a value holds a case to it. words: likewise in the name of a hunt, besides the
    arguments that the layer has. statistics: it acts through mean and variance alone. trained: it acts in training
    alone, so a case in inference may give it, but cannot hunt. advice: how to make it show.
    """

    shown: Callable[[Convention, Steps], Shown]
    arguments: tuple[str, ...]
    advice: str
    words: tuple[str, ...] = ()
    statistics: bool = False
    trained: bool = False


def unseen(cases: Iterable[Case]) -> Iterator[str]:
    """A sentence for every case, dialect and subject that the case is held to and cannot show."""
    for case in cases:
        if case.raises is None and case.steps and case.exact and case.other is None:
            for dialect in case.dialects or DIALECTS:
                for name in SUBJECTS:
                    if _held(case, dialect, SUBJECTS[name]):
                        yield from _unseen(case, dialect, name)


def _unseen(case: Case, dialect: str, name: str) -> Iterator[str]:
    subject, meant, steps = SUBJECTS[name], convention(case, dialect), expected_steps(case, dialect)
    calls = [step.bounds for step in steps if isinstance(step.bounds, Bounds)]
    if not any(_telling(bounds, subject.statistics) for bounds in calls):
        return
    with np.errstate(all="ignore"):
        shown: dict[str, bool] = {}
        for mistake, shows in subject.shown(meant, steps):
            shown[mistake] = shown.get(mistake, False) or shows
    if not shown and subject.trained and _hunted(case, subject):
        shown["any other"] = False
    for mistake in (mistake for mistake, shows in shown.items() if not shows):
        sentence = f"in the {dialect} dialect {mistake} would pass, so the case cannot show a mistake with {name}"
        yield f"{case.id}: {sentence}; {subject.advice}"


def _held(case: Case, dialect: str, subject: Subject) -> bool:
    spoken = convention(case, dialect).arguments
    if subject.arguments and not any(argument in spoken for argument in subject.arguments):
        return False
    if _hunted(case, subject):
        return True
    plain = any(not isinstance(step.input, str) or step.input in PLAIN for step in case.steps)
    return plain and any(argument in case.arguments for argument in subject.arguments)


def _hunted(case: Case, subject: Subject) -> bool:
    own = [argument for argument in subject.arguments if argument in layer_spec(case).arguments]
    return any(
        word in (name, *name.split("-"))
        for name in case.hunts
        for word in (*own, *subject.words)
        if not name.endswith(FIRST_VALUES)
    )


def _telling(bounds: Bounds, statistics: bool) -> bool:
    """Whether an output is judged at all, and for the statistics' sake one with a variance and a gamma."""
    judged, terms = masks(bounds, "output").judged, bounds.answer.terms
    if statistics:
        split = bounds.answer.problem.layout.split_shape
        judged = judged & np.broadcast_to((terms.v > 0) & (terms.gamma != 0), split).reshape(judged.shape)
    return bool(judged.any())


def _in_output(wrong: Mistakes) -> Callable[[Convention, Steps], Shown]:
    def shown(meant: Convention, steps: Steps) -> Shown:
        for step in steps:
            if isinstance(step.bounds, Bounds):
                yield from ((what, _moves(step.bounds, output)) for what, output in wrong(meant, step.bounds))

    return shown


def _moves(bounds: Bounds, other: Exact) -> bool:
    """Whether a judged output of `other` is beyond its bound, or no number."""
    moved = np.abs((other - bounds.answer.output).nearest)
    return bool((~(moved <= bounds.tolerance("output", "A")))[masks(bounds, "output").judged].any())


def _in_averages(what: str, wrong: Share) -> Callable[[Convention, Steps], Shown]:
    """The moving statistics over the case's steps, with other shares of old and new; in inference nothing moves."""

    def shown(meant: Convention, steps: Steps) -> Shown:
        mistaken = first_values(meant).state
        for step in steps:
            answer = step.bounds.answer if isinstance(step.bounds, Bounds) else None
            if answer and answer.problem.statistics is None and mistaken and step.state:
                shares = wrong(meant, answer.problem.layout.group_size)
                mistaken = moving(answer, mistaken, *shares, meant.case.weight_dtype)
                yield what, _averages_move(step.state, mistaken)

    return shown


def _divisors(meant: Convention, steps: Steps) -> Shown:
    """The divisor of a batch's variance in the output, and that of the data's in what is adapted to them."""
    yield from _in_output(mistakes.divisors)(meant, steps)
    for asked, step in zip(meant.case.steps, steps, strict=True):
        if asked.do == "adapt" and step.state is not None:
            n = np.float64(layout_of(meant, asked.shape).group_size)
            yield (
                "division by n - 1",
                _averages_move(step.state, replace(step.state, variance=step.state.variance * (n / (n - 1)))),
            )


def _averages_move(right: State, wrong: State) -> bool:
    pairs = [
        ((wrong.mean - right.mean).nearest, right.mean_tolerance("A")),
        ((wrong.variance - right.variance).nearest, right.variance_tolerance("A")),
    ]
    return any(bool((~(np.abs(moved) <= bound))[right.judged].any()) for moved, bound in pairs)


def _momentum_inverted(meant: Convention, n: int) -> tuple[float, float]:
    new, factor = share(meant, n)
    return 1.0 - new, factor


def _other_divisor(meant: Convention, n: int) -> tuple[float, float]:
    new, factor = share(meant, n)
    return new, n / (n - 1) if factor == 1.0 and n > 1 else 1.0


SUBJECTS: Mapping[str, Subject] = {
    "epsilon": Subject(
        _in_output(mistakes.epsilons),
        ("epsilon",),
        "give it a larger epsilon, an input of smaller variance or a wider dtype",
        statistics=True,
    ),
    "axis": Subject(
        _in_output(mistakes.axes),
        ("axis",),
        "give it sides of different lengths, an input that differs along them, or drawn weights",
        words=("axes",),
        statistics=True,
    ),
    "groups": Subject(
        _in_output(mistakes.groups),
        ("groups",),
        "give it groups of different mean and variance",
        words=("group",),
        statistics=True,
    ),
    "momentum": Subject(
        _in_averages("one less the momentum", _momentum_inverted),
        ("momentum",),
        "give it a momentum that is not 1/2, more steps in training, or other statistics to begin with",
        trained=True,
    ),
    "the divisor of the variance": Subject(
        _divisors,
        (),
        "give it fewer elements to a group, or a wider dtype",
        words=("n-minus-one",),
        statistics=True,
    ),
    "the divisor of the moving variance": Subject(
        _in_averages("the other divisor", _other_divisor),
        (),
        "give it fewer elements to a channel, a larger share for the new value, or a wider dtype",
        words=("biased-moving-variance", "unbiased-moving-variance"),
        trained=True,
    ),
    "gamma": Subject(
        _in_output(mistakes.gammas),
        ("scale", "gamma_initializer"),
        "draw the weights, or give it a gamma that is not 1",
        words=("gamma",),
    ),
    "beta": Subject(
        _in_output(mistakes.betas),
        ("center", "beta_initializer"),
        "draw the weights, or give it a beta that is not 0",
        words=("beta",),
    ),
    "mean": Subject(_in_output(mistakes.means), ("mean", "moving_mean_initializer"), "give it a mean that is not 0"),
    "variance": Subject(
        _in_output(mistakes.variances), ("variance", "moving_variance_initializer"), "give it a variance that is not 1"
    ),
    "invert": Subject(
        _in_output(mistakes.inversions), ("invert",), "give it statistics other than mean 0 and variance 1"
    ),
}
