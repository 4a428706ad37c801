"""Targets whose ids are alike, told apart by what they are made of: Keras 3.15 on two versions of TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .loading import TargetError

if TYPE_CHECKING:
    from .targets import Target


def distinct(targets: Iterable[Target]) -> list[Target]:
    """The targets, each once. Where several share an id, it is lengthened by the versions in which they differ.

    Raises TargetError where they differ in none.
    """
    unique = list({(one.id, place(one)): one for one in targets}.values())
    by_id: dict[str, list[Target]] = {}
    for one in unique:
        by_id.setdefault(one.id, []).append(one)
    return [_told(one, by_id[one.id]) for one in unique]


def place(target: Target) -> tuple[str, str | None, str | None, int, int]:
    """What makes two targets of one id the same."""
    return target.adapter, target.python, target.host, target.threads, target.again


def _told(target: Target, alike: Sequence[Target]) -> Target:
    if len(alike) == 1:
        return target
    names = [name for name in target.versions if len({one.versions.get(name) for one in alike}) > 1]
    if len({tuple(one.versions.get(name) for name in names) for one in alike}) < len(alike):
        raise TargetError(
            f"two targets would both be called {target.id}: {alike[0].requested} and {alike[1].requested}. Give one "
            "adapter another `name`, name in its `requires` the package whose version is another, or leave one out."
        )
    versions = [f"{name} {target.versions[name].partition('+')[0]}" for name in names]
    start = target.id.removesuffix(f"-{target.device}-{target.mode}")
    title = f"{target.title.partition(' · ')[0]} ({', '.join(versions)}) · {target.device} · {target.mode}"
    made = "-".join([start, *versions, target.device, target.mode]).replace(" ", "-")
    return replace(target, id=made.replace(":", "-"), title=title)
