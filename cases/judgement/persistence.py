"""Judgement of saving and loading: the loaded layer is the saved one, in what it holds and in what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from normcheck.adapters.arrays import Array
from normcheck.adapters.interface import Observation, Snapshot

from ..case import Case
from .finding import Finding
from .structure import compared, raised

ASPECT = "persistence"


def persistence(case: Case, seen: Observation) -> Iterator[Finding]:
    """What there is of arguments, weights and all that the last step, done once more, leaves behind, to the bit."""
    for how in case.formats:
        reason = seen.unsupported.get(f"{ASPECT} {how}")
        if reason is not None:
            yield Finding(ASPECT, "unsupported", how, message=reason)
        elif how in seen.refused:
            yield raised(ASPECT, seen.refused[how], how)
        elif how not in seen.restored:
            yield Finding(ASPECT, "error", how, "not restored", "the target gave no layer before and after")
        else:
            yield from (replace(one, subject=f"{how} {one.subject}") for one in _compared(*seen.restored[how], how))


def _compared(saved: Snapshot, loaded: Snapshot, how: str) -> Iterator[Finding]:
    # Weights alone go into a layer that is made of the case's arguments again, and only its own name may be another.
    if (saved.arguments or loaded.arguments) and how != "weights":
        yield _arguments(saved.arguments, loaded.arguments)
    if saved.weights or loaded.weights:
        yield compared(ASPECT, "weights", _described(saved), _described(loaded))
    after = _arrays(loaded)
    for subject, before in _arrays(saved).items():
        if before or after[subject]:
            yield _same(subject, before, after[subject])
    yield Finding(
        ASPECT,
        "right" if loaded.apart else "wrong",
        "the original",
        symptom="the original changed",
        message="what was done to the layer that came back changed the weights of the one that was saved",
    )
    if saved.step.loss is not None:
        yield compared(ASPECT, "loss", saved.step.loss, loaded.step.loss)


def _arguments(saved: Mapping[str, Any], loaded: Mapping[str, Any]) -> Finding:
    """Only what changed is shown: a framework's configuration is long."""
    changed = {name for name in saved.keys() | loaded.keys() if saved.get(name) != loaded.get(name)}
    before, after = ({name: side.get(name) for name in sorted(changed)} for side in (saved, loaded))
    return compared(ASPECT, "arguments", before, after)


def _described(side: Snapshot) -> list[str]:
    return [
        f"{one.name} {list(one.value.shape)} {one.value.dtype}{'' if one.trainable else ' not trainable'}"
        for one in side.weights
    ]


def _arrays(side: Snapshot) -> dict[str, Mapping[str, Array]]:
    """What must have the same bits, by what it is."""
    outputs = {"output": side.step.output, "differentiated output": side.step.differentiated}
    return {
        "values": {one.name: one.value for one in side.weights},
        "output": {name: one for name, one in outputs.items() if one is not None},
        "gradients": side.step.gradients,
        "state": side.step.weights,
    }


def _same(subject: str, saved: Mapping[str, Array], loaded: Mapping[str, Array]) -> Finding:
    names = [*saved, *(name for name in loaded if name not in saved)]
    other = [name for name in names if saved.get(name) != loaded.get(name)]
    what = ", ".join(f"{name} ({_difference(saved.get(name), loaded.get(name))})" for name in other)
    return Finding(
        ASPECT,
        "wrong" if other else "right",
        subject,
        symptom=f"{subject} differ: {', '.join(other)}",
        message=f"the loaded layer differs from the saved one in {what}",
    )


def _difference(saved: Array | None, loaded: Array | None) -> str:
    if saved is None or loaded is None:
        return "only one of them has it"
    if (saved.dtype, saved.shape) != (loaded.dtype, loaded.shape):
        return f"{loaded.dtype} {list(loaded.shape)}, and not {saved.dtype} {list(saved.shape)}"
    size = max(1, len(saved.data) // max(1, saved.size))
    before, after = (np.frombuffer(one.data, np.uint8).reshape(-1, size) for one in (saved, loaded))
    return f"{int((before != after).any(axis=1).sum())} of {saved.size} elements"
