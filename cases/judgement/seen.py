"""What a target was seen to do, as a line of the record: facts alone, by which two versions are compared.

Two runs of one version must leave the same lines on whatever machine, so texts lose what differs between processes:
folders, addresses in memory, and the numbers that frameworks add to names to tell them apart.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normcheck.adapters.arrays import Array, decode
from normcheck.adapters.interface import Observation, Raised, Request, Step, StepSeen, Weight
from normcheck.adapters.process.transport import Loss
from normcheck.reports.record import Seen, SeenArray, SeenError, SeenWeight

from ..case import Case
from ..requests.conventions import convention

OUTPUT = (32, 16)
OTHERS = (16, 8)
LONGEST = 600
SAME = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"(?<![\w.:/])/(?:[\w.+@~-]+/)+([\w.+@~-]+)"), r"\1"),
    (re.compile(r"\b[A-Za-z]:\\(?:[\w.+@~ -]+\\)+([\w.+@~-]+)"), r"\1"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "0x…"),
    (re.compile(r"__autograph_generated_file\w+"), "__autograph_generated_file"),
    (re.compile(r"\btmp\w{8}\b"), "tmp…"),
    (re.compile(r"\bnormcheck-\d+-\w+"), "normcheck-…"),
    (re.compile(r"(\.(?:py|cpp|cc|cu|h)[\"']?(?:, line |:))\d+"), r"\1…"),
    (re.compile(r"(?<=[A-Za-z])(?:_\d+)+(?![A-Za-z0-9])"), ""),
)


def seen(case: Case, dialect: str, request: Request, target: str, answer: Observation | Loss) -> Seen:
    """What `target`, which speaks `dialect`, was seen to do with `request`, which it was sent for `case`."""
    asked = Seen(case=case.id, layer=case.layer, target=target, request=digest(case, dialect, request))
    return asked.model_copy(update={"lost": answer.kind} if isinstance(answer, Loss) else _found(request, answer))


def _found(request: Request, answer: Observation) -> dict[str, Any]:
    """The fields of a line that say what came back."""
    return {
        "weights": [_weight(one) for one in answer.weights],
        "parameters": answer.parameters,
        "arrays": [*_arrays(request, answer)],
        "errors": [*_errors(answer)],
        "warnings": list(dict.fromkeys(map(_alike, answer.warnings))),
        "configuration": list(answer.configuration),
        "unsupported": {name: _alike(reason) for name, reason in answer.unsupported.items()},
    }


def digest(case: Case, dialect: str, request: Request) -> str:
    """A digest of everything that was asked, the same for the same question whoever is asked it, in whatever dialect.

    Weights stand under their roles, for their names are the dialect's.
    """
    # A case that must raise, and a model, is sent no weights, and may have no convention.
    roles = {one.name: one.role for one in convention(case, dialect).weights} if request.weights else {}
    asked = {
        "layer": request.layer,
        "arguments": request.arguments,
        "shape": request.shape,
        "dtype": request.dtype,
        "weights": {roles.get(name, name): _sent(value) for name, value in request.weights.items()},
        "steps": [_step(step) for step in request.steps],
        "layers": request.layers,
        "how": [request.repeat, request.restore, request.precision, request.threads, request.dynamic, request.carry],
    }
    return hashlib.blake2b(json.dumps(asked, sort_keys=True, default=_plain).encode(), digest_size=8).hexdigest()


def _step(step: Step) -> dict[str, Any]:
    arrays = {name: getattr(step, name) for name in ("input", "upstream", "mask", "tangent")}
    rest = (step.kind, step.training, step.learning_rate, step.layout, step.derived)
    return {name: _sent(one) for name, one in arrays.items() if one is not None} | {"rest": rest}


def _sent(array: Array) -> list[Any]:
    return [array.dtype, array.shape, hashlib.sha256(array.data).hexdigest()]


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else repr(value)


def fingerprint(array: Array) -> str:
    """Of the bits of an array."""
    return hashlib.blake2b(array.data, digest_size=6).hexdigest()


def _weight(one: Weight) -> SeenWeight:
    array = one.value
    values = decode(array).ravel()
    alike = values.size > 1 and bool((values == values[0]).all())
    return SeenWeight(
        name=one.name,
        dtype=array.dtype,
        shape=list(array.shape),
        trainable=one.trainable,
        fingerprint=fingerprint(array),
        values=_texts(values[:1] if alike else values) if alike or array.size <= OTHERS[0] else [],
    )


def _arrays(request: Request, answer: Observation) -> Iterator[SeenArray]:
    """Every array of every step; of the weights after it those that it changed. The same bits have values once.

    The output of the differentiated call is left out where it has the bits of the plain one.
    """
    held = {one.name: one.value for one in answer.weights} | dict(request.weights)
    shown: set[Array] = set()
    for index, step in enumerate(answer.steps):
        for subject, array in _given(step, held):
            line = _array(subject, index, array)
            yield line.model_copy(update={"values": [], "places": []}) if array in shown else line
            shown.add(array)
        held |= step.weights


def changed(before: Array | None, now: Array) -> bool:
    """Whether a weight has other values than it had, in whatever dtype the target holds it."""
    if before is None or before.dtype == now.dtype or before.shape != now.shape:
        return before != now
    old, new = (decode(one).astype(np.float64) for one in (before, now))
    return not np.array_equal(old, new, equal_nan=True)


def _given(step: StepSeen, held: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    again = None if step.differentiated == step.output else step.differentiated
    single = {"output": step.output, "differentiated output": again, "mask": step.mask}
    yield from ((name, one) for name, one in single.items() if one is not None)
    yield from ((f"gradient {name}", one) for name, one in step.gradients.items())
    yield from ((f"weight {name}", one) for name, one in step.weights.items() if changed(held.get(name), one))
    yield from ((f"derived {name}", one) for name, one in step.derived.items())
    if step.loss is not None:
        yield "loss", Array("float64", (), np.float64(step.loss).tobytes())


def _array(subject: str, step: int, array: Array) -> SeenArray:
    values = decode(array).ravel()
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.abs(values.astype(np.float64))
    sizes = np.where(np.isfinite(sizes), sizes, -1.0)
    largest = int(sizes.argmax()) if values.size else 0
    most, shown = OUTPUT if subject == "output" else OTHERS
    places = _places(values.size, shown, largest) if values.size > most else []
    return SeenArray(
        subject=subject,
        step=step,
        dtype=array.dtype,
        shape=list(array.shape),
        fingerprint=fingerprint(array),
        values=_texts(values[places] if places else values),
        places=places,
        largest=float(f"{sizes[largest]:.6g}") if values.size and sizes[largest] >= 0 else None,
    )


def _places(size: int, shown: int, largest: int) -> list[int]:
    """As many as are `shown`, evenly spaced from the first to the last, and `largest`."""
    return sorted({largest, *(at * (size - 1) // (shown - 1) for at in range(shown))})


def _texts(values: NDArray[Any]) -> list[str]:
    """The shortest text that is this number and no other of its dtype: `nan`, `inf` and `-inf` by name."""
    if values.dtype == np.bool_:
        return [str(int(one)) for one in values]
    return [str(one).removesuffix(".0") for one in values]


def _errors(answer: Observation) -> Iterator[SeenError]:
    if answer.raised:
        yield _error("", answer.raised)
    yield from (_error(f"persistence {how}", one) for how, one in answer.refused.items())
    for step in answer.steps:
        yield from (_error(kind, one) for kind, one in step.failed.items())


def _error(subject: str, one: Raised) -> SeenError:
    return SeenError(
        subject=subject, phase=one.phase, step=one.step, types=list(one.types), message=_alike(one.message)
    )


def _alike(text: str) -> str:
    """`text` without what differs between two processes of one version."""
    for pattern, kept in SAME:
        text = pattern.sub(kept, text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def lines_of(found: Iterable[Seen]) -> list[dict[str, Any]]:
    """Lines as builtin values, which travel between the processes of pytest-xdist."""
    return [one.model_dump(exclude_defaults=True) | {"kind": "seen"} for one in found]
