"""Two targets alive at once, timed in turns of milliseconds, launched afresh until each benchmark is decided."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from normcheck.adapters.interface import Observation
from normcheck.adapters.process.process import Failed
from normcheck.adapters.process.worker import Ready
from normcheck.adapters.targets import Target
from normcheck.adapters.timing.asking import Timekeeper
from normcheck.adapters.timing.questions import Timing
from normcheck.adapters.timing.stopwatch import shorter
from normcheck.reports.record import UNEXPLAINED

from ..ledger import Entry
from .asking import judged, prepared, right
from .benchmark import Benchmark
from .decision import Decision, Floats, Rules, decide, launched

LOOKS = (4, 7, 13, 24)
PLACES = 16
SHORT, LONG = 0.002, 0.010
CALLS = 16
ORDERS = ((0, 1, 1, 0), (1, 0, 0, 1))
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a comparison is made.

    looks: after how many launches a benchmark is looked at. places: in memory, of each launch, with four blocks in turn
    at each. budget: after the first look, no launch is begun that would end after so many seconds if it took as long as
    the one before. limit: seconds for one answer.
    """

    rules: Rules = field(default_factory=Rules)
    looks: tuple[int, ...] = LOOKS
    places: int = PLACES
    budget: float = 120.0
    limit: float = 120.0
    seed: int | None = None


@dataclass(slots=True)
class Held:
    """One benchmark in the course of a comparison. blocks: by launch, the seconds by (side, place, block).

    walls: those of the wall clock, which nothing is decided by.
    refused: why it is not timed. seen: what was judged on each side, and found right.
    """

    benchmark: Benchmark
    blocks: list[Floats] = field(default_factory=list)
    walls: list[Floats] = field(default_factory=list)
    refused: str = ""
    wrong: bool = False
    seen: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))
    decision: Decision | None = None


@dataclass(slots=True)
class Comparison:
    """Two targets, base and new, and everything that is held of them.

    launches: that were made. ready: what both said of themselves. ended: why it ended early, where it did.
    """

    targets: tuple[Target, Target]
    held: list[Held]
    plan: Plan
    ledgers: tuple[Mapping[str, Entry], Mapping[str, Entry]] = ({}, {})
    launches: int = 0
    seconds: float = 0.0
    ready: list[Ready] = field(default_factory=list)
    ended: str = ""


def compare(comparison: Comparison, tell: Tell = lambda text: None) -> Comparison:
    """Launch until every benchmark is decided, or the looks or the time are at an end.

    What was measured is kept where a target starts no more. Raises Failed or OSError where it never did.
    """
    plan = comparison.plan
    chance = random.Random(plan.seed)  # noqa: S311
    started, last = time.monotonic(), 0.0
    for look in plan.looks:
        while comparison.launches < look and not comparison.ended and (waiting := undecided(comparison.held)):
            if comparison.launches >= plan.looks[0] and comparison.seconds + last > plan.budget:
                break
            try:
                launch(comparison, waiting, chance)
            except (Failed, OSError) as error:
                if not comparison.launches:
                    raise
                comparison.ended = str(error)
                break
            before, comparison.seconds = comparison.seconds, time.monotonic() - started
            last = comparison.seconds - before
            tell(f"launch {comparison.launches}: {len(waiting)} benchmarks, {comparison.seconds:.0f} s so far")
        for one in undecided(comparison.held):
            if len(one.blocks) >= plan.looks[0]:
                one.decision = decide([launched(base, new) for base, new in one.blocks], plan.rules)
    return comparison


def undecided(held: Iterable[Held]) -> list[Held]:
    """Those that another launch could tell more of."""
    return [one for one in held if not one.refused and (one.decision is None or one.decision.verdict == "undecided")]


def launch(comparison: Comparison, waiting: Sequence[Held], chance: random.Random) -> None:
    """Start both targets anew, in random order, and time every benchmark that waits, in random order."""
    left = chance.sample(waiting, len(waiting))
    while left:
        with Both(comparison.targets, chance) as sides:
            comparison.ready = [side.ready() for side in sides]
            _until_lost(comparison, left, sides, chance)
    comparison.launches += 1


def _until_lost(comparison: Comparison, left: list[Held], sides: Sequence[Timekeeper], chance: random.Random) -> None:
    """Take one benchmark after the other from `left`; the one that ends a target is refused, and ends this."""
    while left:
        one = left.pop()
        try:
            _one(comparison, one, sides, chance)
        except Failed as error:
            one.refused, one.wrong = str(error), True
            return


class Both:
    """Both targets, started in one order or the other, and ended whatever happens."""

    def __init__(self, targets: Sequence[Target], chance: random.Random) -> None:
        self.targets, self.chance = targets, chance
        self.sides: dict[int, Timekeeper] = {}

    def __enter__(self) -> list[Timekeeper]:
        try:
            for side in self.chance.sample((0, 1), 2):
                self.sides[side] = Timekeeper(self.targets[side])
            for side, keeper in self.sides.items():
                try:
                    keeper.ready()
                except Failed as error:
                    raise Failed(f"{self.targets[side].title}: {error}") from None
        except BaseException:
            self.__exit__()
            raise
        return [self.sides[0], self.sides[1]]

    def __exit__(self, *error: object) -> None:
        for keeper in self.sides.values():
            keeper.close()


def _one(comparison: Comparison, one: Held, sides: Sequence[Timekeeper], chance: random.Random) -> None:
    """One benchmark in one launch: each side judged, then both timed in turns."""
    plan = comparison.plan
    for side in chance.sample((0, 1), 2):
        _judge(comparison, one, side, sides[side])
        if one.refused:
            return
    counting = Timing(one.benchmark.id, seconds=LONG)  # asked of both, as it moves what is free in their memory
    ready = [sides[side].ask(counting, plan.limit) for side in chance.sample((0, 1), 2)]
    calls = in_a_block(max(found.calls for found in ready))
    cores = tuple(core for core in ready[0].cores if core in ready[1].cores)
    spent = np.empty((2, 2, plan.places, 2))
    for place, (order, core) in enumerate(_places(plan.places, cores, chance)):
        turns = [0, 0]
        for side, timing in _turns(one.benchmark.id, order, core, calls):
            found = sides[side].ask(timing, plan.limit)
            if timing.blocks:
                wall, busy = found.wall[0], found.busy[0]
                spent[:, side, place, turns[side]] = shorter(wall, busy, comparison.targets[side].device), wall
                turns[side] += 1
    one.blocks.append(spent[0])
    one.walls.append(spent[1])


def in_a_block(most: int) -> int:
    """How many calls make a block, of which `most` would fit into a long one.

    A short one is enough for many calls. Calls of large arrays find the caches full of the other side's, and it takes
    some until they are at home there.
    """
    return min(most, max(CALLS, round(most * SHORT / LONG)))


def _places(
    count: int, cores: Sequence[int], chance: random.Random
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Who has which turn at each place, and on which core, none if the system does not tell: every core in turn.

    Each order is taken as often as the other, and which is next is left to chance, so that neither side has a core or
    the first block to itself.
    """
    orders = chance.sample(ORDERS * (count // 2), count)
    first = chance.randrange(len(cores) or 1)
    for place, order in enumerate(orders):
        yield order, (cores[(first + place) % len(cores)],) if cores else ()


def _turns(name: str, order: Sequence[int], core: tuple[int, ...], calls: int) -> Iterator[tuple[int, Timing]]:
    """Who is asked what at one place: both sides move there, and then they are timed."""
    for side in order[:2]:
        yield side, Timing(name, calls=calls, anew=True)
    for side in order:
        yield side, Timing(name, blocks=1, calls=calls, cores=core)


def _judge(comparison: Comparison, one: Held, side: int, keeper: Timekeeper) -> None:
    """Make the call on one side; what is not right is refused, and what was seen before need not be judged again."""
    target = comparison.targets[side]
    asked = prepared(one.benchmark, target.dialect)
    answer = keeper.ask(asked, comparison.plan.limit)
    assert answer.observation is not None
    digest = _digest(answer.observation)
    if digest in one.seen[side]:
        return
    checks = judged(one.benchmark, target, answer.observation, comparison.ledgers[side])
    if right(checks):
        one.seen[side].add(digest)
        return
    worst = [check for check in checks if check.outcome in UNEXPLAINED]
    one.wrong = bool(worst)
    first = next(check for check in [*worst, *checks] if check.outcome != "pass")
    one.refused = f"{target.title}: {first.outcome}, {first.symptom}. {first.message}".strip()


def _digest(seen: Observation) -> str:
    """Of all that was seen, bit for bit."""
    found = hashlib.sha256(repr((seen.raised, dict(seen.unsupported))).encode())
    for step in seen.steps:
        for name, array in [("", step.output), *sorted(step.gradients.items())]:
            found.update(f"{name} {array.dtype} {array.shape}".encode() + array.data if array else b"none")
    return found.hexdigest()
