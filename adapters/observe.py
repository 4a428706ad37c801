"""Drives an adapter through one request: construct, build, read the weights, assign, then the steps.

Whatever comes out of the framework on the way is part of the observation; `observe` itself lets only
KeyboardInterrupt through.
"""

from __future__ import annotations

import os
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, cast

from .arrays import Array
from .interface import (
    Adapter,
    Derived,
    Observation,
    Phase,
    Raised,
    Request,
    Snapshot,
    Step,
    StepSeen,
    Unsupported,
    Weight,
)
from .warned import listening

MESSAGE = 2000
FRAMES = 6
MODELS = ("sequential", "functional")


@dataclass(slots=True)
class Notes:
    """What has been seen so far, and where in the request the adapter is."""

    phase: Phase = "construct"
    step: int | None = None
    weights: tuple[Weight, ...] = ()
    parameters: tuple[int, int] | None = None
    steps: list[StepSeen] = field(default_factory=list)
    unsupported: dict[str, str] = field(default_factory=dict)
    restored: dict[str, tuple[Snapshot, Snapshot]] = field(default_factory=dict)
    refused: dict[str, Raised] = field(default_factory=dict)
    carried: tuple[Weight, ...] = ()
    configuration: tuple[str, ...] = ()


class Stopped(Exception):  # noqa: N818 - ends a request early, is no error
    """What follows depends on something unsupported that has been noted already."""


def observe(adapter: Adapter, request: Request) -> Observation:
    """What `adapter` is seen to do with `request`."""
    started = time.perf_counter()
    repeats = None
    with listening(request.describe) as heard:
        seen = _once(adapter, request)
        seen = replace(seen, warnings=heard())
        if request.repeat and "layer" not in seen.unsupported:
            repeats = _fingerprint(seen) == _fingerprint(_once(adapter, request))
    return replace(seen, repeats=repeats, seconds=time.perf_counter() - started)


def _once(adapter: Adapter, request: Request) -> Observation:
    notes = Notes()
    raised = None
    try:
        with adapter.settings(request):
            drive(adapter, request, notes)
    except KeyboardInterrupt:
        raise
    except Unsupported as reason:
        return Observation(request.case, unsupported={"layer": str(reason)})
    except Stopped:
        raised = None
    except BaseException as error:  # a framework may raise anything, SystemExit too
        raised = describe(error, notes.phase, notes.step)
    return Observation(
        case=request.case,
        weights=notes.weights,
        parameters=notes.parameters,
        steps=tuple(notes.steps),
        raised=raised,
        unsupported=notes.unsupported,
        restored=notes.restored,
        refused=notes.refused,
        carried=notes.carried,
        configuration=notes.configuration,
    )


def drive(adapter: Adapter, request: Request, notes: Notes) -> Any:
    """Do all that a request says, noting what is seen; the layer as it is then. Lets everything through."""
    if request.layer in MODELS:
        layer = adapter.construct_model(request.layer, request.layers, request.shape, request.dtype)
    else:
        layer = adapter.construct(request.layer, request.arguments, request.shape, request.dtype)
    notes.phase = "build"
    adapter.build(layer, request.shape)
    _read_weights(adapter, layer, notes)
    if request.describe:
        notes.configuration = _configuration(adapter, layer)
    if request.weights:
        notes.phase = "assign"
        _assign(adapter, layer, request, notes)
    if request.carry and "weights" not in notes.unsupported:
        notes.carried = tuple(adapter.weights(layer))
    for index, step in enumerate(request.steps):
        notes.step = index
        notes.steps.append(_step(adapter, layer, step, notes))
    if request.restore:
        notes.step = None
        _restore(adapter, layer, request, notes)
    return layer


def _restore(adapter: Adapter, layer: Any, request: Request, notes: Notes) -> None:
    """Save and load `layer`, then compare by doing: the saved one goes first, and must not be felt by the others."""
    loaded: dict[str, Any] = {}
    for how in request.restore:
        with _charged_to(how, notes):
            loaded[how] = _loaded(adapter, layer, request, how, notes)
    if loaded:
        saved = _snapshot(adapter, layer, request, notes)
    for how, one in loaded.items():
        with _charged_to(how, notes):
            seen = _snapshot(adapter, one, request, notes)
            notes.restored[how] = saved, replace(seen, apart=_apart(adapter, layer, one, request, notes))


@contextmanager
def _charged_to(how: str, notes: Notes) -> Iterator[None]:
    """What is raised inside costs this way of saving, and none of the others."""
    try:
        yield
    except (KeyboardInterrupt, Stopped):
        raise
    except Unsupported as reason:
        notes.unsupported[f"persistence {how}"] = str(reason)
    except BaseException as error:
        notes.refused[how] = describe(error, notes.phase, None)


def _loaded(adapter: Adapter, layer: Any, request: Request, how: str, notes: Notes) -> Any:
    """What comes back of `layer`."""
    with tempfile.TemporaryDirectory(prefix=folders_of(os.getpid())) as folder:
        notes.phase = "save"
        adapter.save(layer, folder, how)
        notes.phase = "load"
        return adapter.load(folder, request, how)


def _snapshot(adapter: Adapter, layer: Any, request: Request, notes: Notes) -> Snapshot:
    weights = tuple(adapter.weights(layer))
    return Snapshot(dict(adapter.arguments(layer)), weights, _step(adapter, layer, request.steps[-1], notes))


def _apart(adapter: Adapter, layer: Any, loaded: Any, request: Request, notes: Notes) -> bool:
    """Whether one step more, to where the saved layer has not been, leaves the saved one where it is."""
    before = tuple(adapter.weights(layer))
    _step(adapter, loaded, request.steps[-1], notes)
    return tuple(adapter.weights(layer)) == before


def folders_of(pid: int) -> str:
    """How the names of a process' temporary folders begin, so that they can be removed when it was killed."""
    return f"normcheck-{pid}-"


def _read_weights(adapter: Adapter, layer: Any, notes: Notes) -> None:
    try:
        notes.weights = tuple(adapter.weights(layer))
    except Unsupported as reason:
        notes.unsupported["weights"] = str(reason)
    try:
        notes.parameters = adapter.parameters(layer)
    except Unsupported:
        notes.parameters = None


def _configuration(adapter: Adapter, layer: Any) -> tuple[str, ...]:
    """The keys, in alphabetical order. What cannot be told is none: that it raises is for what is saved to show."""
    try:
        return tuple(sorted(adapter.arguments(layer)))
    except Exception:
        return ()


def _assign(adapter: Adapter, layer: Any, request: Request, notes: Notes) -> None:
    try:
        adapter.assign(layer, request.weights)
    except Unsupported as reason:
        notes.unsupported["weights"] = str(reason)
        raise Stopped from reason


def _step(adapter: Adapter, layer: Any, step: Step, notes: Notes) -> StepSeen:
    notes.phase = step.kind
    if step.kind == "call":
        return _call(adapter, layer, step, notes)
    x = _native(adapter, step.input, step.layout)
    seen = _change(adapter, layer, x, step, notes)
    return replace(seen, weights=_weights_after(adapter, layer, notes), input_kept=_kept(adapter, x, step))


def _kept(adapter: Adapter, x: Any, step: Step) -> bool:
    return adapter.to_array(x) == step.input


def _native(adapter: Adapter, array: Array, layout: str) -> Any:
    native = adapter.to_native(array)
    return native if layout == "contiguous" else adapter.arrange(native, layout)


def _call(adapter: Adapter, layer: Any, step: Step, notes: Notes) -> StepSeen:
    """The plain call, which is what users run; then, where it is asked for, the same call differentiated.

    The second starts from the weights that the first started from, so that what a layer keeps moves once.
    """
    before = _weights_after(adapter, layer, notes)
    x = _native(adapter, step.input, step.layout)
    seen = _called(adapter, layer, x, step, notes)
    after = _weights_after(adapter, layer, notes)
    trainable = {weight.name for weight in notes.weights if weight.trainable}
    kept = all(before[name] == after[name] for name in trainable)
    seen = replace(seen, weights=after, input_kept=_kept(adapter, x, step), weights_kept=kept)
    if step.derived:
        derived, failed = _derived(adapter, layer, step, before, notes)
        seen = replace(seen, derived=derived, failed=failed)
    if step.upstream is None or "gradient" in notes.unsupported:
        return seen
    notes.phase = "gradient"
    try:
        if before != after:
            adapter.assign(layer, before)
    except Unsupported as reason:
        notes.unsupported["gradient"] = str(reason)
        return seen
    try:
        return _differentiated(adapter, layer, step, seen)
    except Unsupported as reason:
        notes.unsupported["gradient"] = str(reason)
        if before != after:
            adapter.assign(layer, after)
        return seen


def _called(adapter: Adapter, layer: Any, x: Any, step: Step, notes: Notes) -> StepSeen:
    """The output of the plain call, and the mask that comes out where one goes in."""
    if step.mask is None:
        return StepSeen(output=adapter.to_array(adapter.call(layer, x, step.training)))
    try:
        output, mask = adapter.masked(layer, x, step.training, adapter.to_native(step.mask))
    except Unsupported as reason:
        notes.unsupported["mask"] = str(reason)
        raise Stopped from reason
    return StepSeen(output=adapter.to_array(output), mask=None if mask is None else adapter.to_array(mask))


def _derived(
    adapter: Adapter, layer: Any, step: Step, before: Mapping[str, Array], notes: Notes
) -> tuple[dict[str, Array], dict[str, Raised]]:
    """Everything asked for under `derived`, each from the weights that the step started from, and what was raised.

    What one kind raises says nothing of the others.
    """
    found: dict[str, Array] = {}
    failed: dict[str, Raised] = {}
    for kind in step.derived:
        notes.phase = "gradient"
        if before:
            adapter.assign(layer, before)
        try:
            found |= {name: adapter.to_array(one) for name, one in _derive(adapter, layer, step, kind).items()}
        except Unsupported as reason:
            notes.unsupported[kind] = str(reason)
        except Exception as error:
            failed[kind] = describe(error, notes.phase, notes.step)
    return found, failed


def _derive(adapter: Adapter, layer: Any, step: Step, kind: Derived) -> dict[str, Any]:
    assert step.tangent is not None
    if kind == "vectorized":
        stack = Array(step.input.dtype, (2, *step.input.shape), step.input.data + step.tangent.data)
        return {kind: adapter.vectorized(layer, _native(adapter, stack, step.layout), step.training)}
    x, tangent = (_native(adapter, one, step.layout) for one in (step.input, step.tangent))
    if kind == "forward":
        return {kind: adapter.forward(layer, x, step.training, tangent)}
    upstream = _native(adapter, cast(Array, step.upstream), step.layout)
    found = adapter.second_order(layer, x, step.training, upstream, tangent, kind)
    return {f"{kind} {name}": one for name, one in found.items()}


def _differentiated(adapter: Adapter, layer: Any, step: Step, seen: StepSeen) -> StepSeen:
    """`seen` with the gradients, and with the output of the call that gave them."""
    x = _native(adapter, step.input, step.layout)
    upstream = _native(adapter, cast(Array, step.upstream), step.layout)
    if step.mask is None:
        output, gradients = adapter.gradient(layer, x, step.training, upstream)
    else:
        mask = adapter.to_native(step.mask)
        output, gradients = adapter.masked_gradient(layer, x, step.training, mask, upstream)
    return replace(
        seen,
        differentiated=adapter.to_array(output),
        gradients={name: adapter.to_array(value) for name, value in gradients.items()},
        input_kept=seen.input_kept and _kept(adapter, x, step),
    )


def _change(adapter: Adapter, layer: Any, x: Any, step: Step, notes: Notes) -> StepSeen:
    """An `adapt` or an `update`; without it the later steps would start from another state."""
    try:
        if step.kind == "adapt":
            adapter.adapt(layer, x)
            return StepSeen()
        if step.upstream is None:
            raise ValueError("an update step needs an upstream gradient")
        upstream = _native(adapter, step.upstream, step.layout)
        output, loss = adapter.update(layer, x, upstream, step.learning_rate)
        return StepSeen(output=adapter.to_array(output), loss=float(loss))
    except Unsupported as reason:
        notes.unsupported[step.kind] = str(reason)
        raise Stopped from reason


def _weights_after(adapter: Adapter, layer: Any, notes: Notes) -> dict[str, Array]:
    """Every weight by name. Not read where there can be none."""
    return {weight.name: weight.value for weight in adapter.weights(layer)} if notes.weights else {}


def describe(error: BaseException, phase: Phase, step: int | None) -> Raised:
    """`error` as it travels: class names over the MRO, a trimmed message, the innermost frames."""
    types = tuple(kind.__name__ for kind in type(error).__mro__ if kind is not object)
    return Raised(types, _message(error), phase, step, _frames(error))


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception as second:  # the message of a framework's exception is code of the framework
        text = f"(the message could not be read: {type(second).__name__})"
    return text if len(text) <= MESSAGE else f"{text[:MESSAGE]}…"


def _frames(error: BaseException) -> str:
    """One line per frame, innermost last; paths cut to their last three parts, so that machines agree."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return "\n".join(
        f"{'/'.join(PurePath(frame.filename).parts[-3:])}:{frame.lineno} in {frame.name}: {frame.line}"
        for frame in frames
    )


def _fingerprint(seen: Observation) -> tuple[Any, ...]:
    """All that must agree, bit for bit, between two instances; not a message, which may hold an address."""
    losses = [repr(step.loss) for step in seen.steps]  # repr: a NaN equals itself
    steps = [replace(step, loss=None) for step in seen.steps]
    raised = seen.raised and (seen.raised.types, seen.raised.phase, seen.raised.step)
    return seen.weights, seen.parameters, steps, losses, raised, dict(seen.unsupported)
