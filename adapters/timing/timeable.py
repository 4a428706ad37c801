"""What an adapter may say of how its framework is timed; what is left as it is here is right on a cpu."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def in_turn(once: Callable[[], Any], calls: int) -> Any:
    """The last result of so many calls, at least one, each of which finds what the one before it took given back.

    Held for the length of the next call, as by a loop that assigns it to a name, two large outputs take turns in the
    caches, and how they get on there differs from process to process by a factor of two.
    """
    for _ in range(calls - 1):
        once()
    return once()


class Timeable:
    """The part of an adapter that speaks of time; see `stopwatch` for who asks."""

    def repeated(self, layer: Any, x: Any, training: bool, upstream: Any) -> Callable[[int], Any] | None:
        """What makes `n` calls of `layer`, one after the other, and gives the last result as `call` does.

        upstream: where it is not None every call is one of `gradient`, and so is the result. training: of a call
        without `upstream`, it says that gradients could be asked for afterwards.
        None for the adapter's own `call` and `gradient`, which is right unless they do more than a user's loop would.
        """
        return None

    def wait(self, result: Any) -> None:
        """Return when the device has done all that it was asked; `result` is what was asked last."""

    def copying(self, count: int) -> Callable[[], Any] | None:
        """What reads and writes `count` bytes on the device once; None where the device is the cpu."""
        return None

    def device_memory(self) -> tuple[int, Callable[[], int]] | None:
        """The bytes in use on the device, and what tells the most that were in use since; None on the cpu."""
        return None

    def accelerator(self) -> str:
        """The model of the device, on which times depend; empty where it is the cpu, or the framework does not tell."""
        return ""
