"""What a stopwatch is asked and what it answers, as they travel between processes."""

from __future__ import annotations

from dataclasses import dataclass

from ..interface import Observation, Request


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one call takes.

    request: what is timed, a request of one step of kind `call`, with an upstream gradient where gradients are timed
        too; the call is made once, and what came of it is observed. None for what was asked under this `case` before.
    blocks: how many to time; none are where the observation has to be judged first. seconds: of one block.
    calls: in each block; 0 for as many as take `seconds`.
    cores: the blocks are computed on these in turn; none leaves it to the system, as several threads do.
    anew: put the input elsewhere in memory first. figures: measure the peak of memory and the bandwidth of a copy too.
    forget: everything that was asked before can be forgotten.
    """

    case: str
    request: Request | None = None
    blocks: int = 0
    seconds: float = 0.01
    calls: int = 0
    cores: tuple[int, ...] = ()
    anew: bool = False
    figures: bool = False
    forget: bool = False


@dataclass(frozen=True, slots=True)
class Timed:
    """What a stopwatch found.

    observation: of the very call that is timed, where a request came with the question.
    first: seconds of the first call, in which a framework may trace, compile or choose; settled: of the next.
    wall: for each block, the seconds of one call by the wall clock; busy: those that the process computed in.
    calls: in each block. peak: the most bytes that one call needed besides what was there; None where nobody can tell.
    bandwidth: bytes per second that a large copy reads and writes, measured just before.
    cores: that the process may compute on. threads: that the framework computes with.
    """

    case: str
    observation: Observation | None = None
    first: float = 0.0
    settled: float = 0.0
    wall: tuple[float, ...] = ()
    busy: tuple[float, ...] = ()
    calls: int = 0
    peak: int | None = None
    bandwidth: float = 0.0
    cores: tuple[int, ...] = ()
    threads: int = 1
