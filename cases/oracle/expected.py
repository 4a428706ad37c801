"""What a case must give, step by step: the exact answer of every call, and the exact weights after every step.

The statistics that a later step starts from carry the error that the earlier ones were allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normcheck.adapters.arrays import Array, decode, encode
from normcheck.adapters.interface import Step
from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Floats
from ..bounds.normalization import Bounds
from ..case import Case, CaseStep
from ..requests.ask import request_for
from ..requests.conventions import Convention, convention, machine_epsilon
from ..requests.inputs import structured
from . import filter_response, magnitudes, response, spectral, unit
from .answered import Answered, Call, Formula, Held, exactly
from .moving import State, first_state, moving
from .normalization import Answer, Problem, solve, solve_finely
from .problems import layout_of
from .renormed import moved_by_renorm, renormed
from .updates import updated

STATISTICS = {
    "batch_normalization": ("moving_mean", "moving_variance"),
    "instance_normalization": ("moving_mean", "moving_variance"),
    "feature_normalization": ("mean", "variance"),
}
MOVING = ("batch_normalization", "instance_normalization")
FEATURE_FLOOR = 1e-7

ANSWERS: Mapping[str, Formula] = {
    "unit_normalization": unit.answered,
    "local_response_normalization": response.answered,
    "filter_response_normalization": filter_response.answered,
    "spectral_normalization": spectral.answered,
    "weight_normalization": magnitudes.answered,
}
"""How a call is answered, by layer; a layer that is not here is a normalization by mean and variance."""


@dataclass(frozen=True, slots=True, eq=False)
class StepExpected:
    """What was done, the bounds around its exact answer (None for `adapt`), and every weight by role after it.

    state: mean and variance that are kept, None where the layer keeps none. changed: the roles of the weights that the
    call itself left other than they were, where a formula says so. inherited: what the output may be off by
    because the weights were, after an update.
    """

    do: str
    bounds: Answered | None
    weights: Mapping[str, Held]
    state: State | None
    inherited: Floats | None = None
    changed: tuple[str, ...] = ()


@lru_cache(maxsize=128)
def expected_steps(case: Case, dialect: str) -> tuple[StepExpected, ...]:
    """What each step of `case` must give in `dialect`."""
    return tuple(steps_by(case, dialect))


def steps_by(case: Case, dialect: str, finely: bool = False) -> Iterator[StepExpected]:
    """What each step must give; `finely` in double-double whatever the dtype, the same bits on every machine."""
    meant = convention(case, dialect)
    before = first_values(meant)
    for index, step in enumerate(case.steps):
        before = STEPS[step.do](meant, index, before, finely)
        yield before


def first_values(meant: Convention) -> StepExpected:
    """Every weight before the first step: as assigned, else its initial value."""
    assigned = request_for(meant.case, meant.dialect).weights
    weights = {
        weight.role: exactly(
            values_of(assigned[weight.name])
            if weight.name in assigned
            else _as_stored(np.full(weight.shape, weight.initial), weight.dtype)
        )
        for weight in meant.weights
    }
    return StepExpected("", None, weights, _first_state(meant, weights))


def _first_state(meant: Convention, weights: Mapping[str, Held]) -> State | None:
    roles = STATISTICS.get(meant.case.layer, ())
    if not roles:
        return None
    if all(role in weights for role in roles):
        return first_state(*(weights[role].value.nearest for role in roles))
    return first_state(*_given_statistics(meant)) if "mean" in roles else None


def _given_statistics(meant: Convention) -> tuple[Floats, Floats]:
    """Mean and variance given as arguments, as the layer's dtype holds them, broadcast to the kept axes."""
    shape = layout_of(meant, meant.case.shape).parameter_shape
    mean, variance = (
        _as_stored(np.broadcast_to(np.asarray(meant.arguments[name], np.float64), shape), meant.case.weight_dtype)
        for name in ("mean", "variance")
    )
    return mean, variance


def _call(meant: Convention, index: int, before: StepExpected, finely: bool) -> StepExpected:
    formula = ANSWERS.get(meant.case.layer)
    if meant.arguments.get("renorm") and in_training(meant, index):
        return _renormalized(meant, index, before, finely)
    if formula is None:
        return _normalized(meant, index, before, finely)
    answered, changed = formula(_asked(meant, index, before, finely))
    weights = {**before.weights, **changed}
    return StepExpected(meant.case.steps[index].do, answered, weights, before.state, changed=tuple(changed))


def asked(case: Case, dialect: str, index: int, finely: bool = False) -> Call:
    """The call of a step of a layer with a formula of its own, as the formula is asked for it."""
    meant = convention(case, dialect)
    before = list(steps_by(case, dialect, finely))[index - 1] if index else first_values(meant)
    return _asked(meant, index, before, finely)


def _asked(meant: Convention, index: int, before: StepExpected, finely: bool) -> Call:
    asked, step = request_for(meant.case, meant.dialect).steps[index], meant.case.steps[index]
    upstream = None if asked.upstream is None else values_of(asked.upstream)
    training = in_training(meant, index)
    return Call(meant, values_of(asked.input), upstream, before.weights, training, _structured(step), finely)


def _normalized(meant: Convention, index: int, before: StepExpected, finely: bool) -> StepExpected:
    step = meant.case.steps[index]
    answer = _solver(finely)(problem_of(meant, index, before))
    weights = _counted(meant, index, before.weights)
    after = StepExpected(step.do, Bounds(answer), weights, before.state, _inherited(answer, before.weights))
    moves = meant.case.layer in MOVING and answer.problem.statistics is None
    return _with_state(after, _moved(meant, answer, before), meant) if moves and before.state else after


def _renormalized(meant: Convention, index: int, before: StepExpected, finely: bool) -> StepExpected:
    answer = _solver(finely)(problem_of(meant, index, before))
    answered = renormed(meant, Bounds(answer), before.weights)
    weights = {**before.weights, **moved_by_renorm(meant, answered.bounds, before.weights)}
    mean, variance = (weights[role] for role in STATISTICS["batch_normalization"])
    judged = mean.judged & variance.judged
    state = State(mean.value, variance.value, mean.tolerance, variance.tolerance, judged)
    return StepExpected(meant.case.steps[index].do, answered, weights, state)


def _solver(finely: bool) -> Callable[[Problem], Answer]:
    return solve_finely if finely else solve


def _inherited(answer: Answer, weights: Mapping[str, Held]) -> Floats | None:
    """|z| times the error of gamma, plus that of beta, in the output's shape; None where both are exact."""
    layout = answer.problem.layout
    slopes = {"gamma": np.abs(answer.terms.z), "scale": np.abs(answer.terms.z), "beta": np.ones(())}
    errors = {role: weights[role].tolerance("A") for role in slopes if role in weights}
    off = [slopes[role] * layout.spread(error) for role, error in errors.items() if error.any()]
    return sum(off, np.zeros(layout.split_shape)).reshape(layout.shape) if off else None


def _update(meant: Convention, index: int, before: StepExpected, finely: bool) -> StepExpected:
    after = _call(meant, index, before, finely)
    assert after.bounds is not None
    descended = {
        role: Held(value, lambda grade, error=error: error, np.ones(value.shape, np.bool_))  # type: ignore[misc]
        for role, (value, error) in updated(
            meant,
            after.bounds,
            {role: held.value.nearest for role, held in before.weights.items()},
            meant.case.steps[index],
        ).items()
    }
    return replace(after, weights={**after.weights, **descended})


def _adapt(meant: Convention, index: int, before: StepExpected, finely: bool) -> StepExpected:
    step = meant.case.steps[index]
    assert before.state is not None
    x = values_of(request_for(meant.case, meant.dialect).steps[index].input)
    problem = Problem(x, meant.case.output_dtype, layout_of(meant, step.shape), 0.0, structured=_structured(step))
    answer = _solver(finely)(problem)
    zero = np.zeros(before.state.mean.size)
    return _with_state(
        StepExpected(step.do, None, _any_count(before.weights), before.state),
        moving(answer, first_state(zero, zero), 1.0, 1.0, meant.case.weight_dtype),
        meant,
    )


def _any_count(weights: Mapping[str, Held]) -> Mapping[str, Held]:
    """The weights, `count` among them with any value: no document says what it holds after adapt().

    Keras 2 holds the number of examples there and goes on from it when more come; Keras 3 leaves it at 0.
    """
    count = weights["count"]
    return {**weights, "count": replace(count, judged=np.zeros_like(count.judged))}


STEPS = {"call": _call, "adapt": _adapt, "update": _update}


def problem_of(meant: Convention, index: int, before: StepExpected) -> Problem:
    """The oracle's problem for one step, from what is held before it."""
    case, step, arguments = meant.case, meant.case.steps[index], meant.arguments
    asked = request_for(case, meant.dialect).steps[index]
    feature = case.layer == "feature_normalization"
    epsilon = arguments.get("epsilon")
    given = feature or (case.layer in MOVING and not in_training(meant, index))
    statistics = before.state.statistics() if given and before.state else None
    layout = layout_of(meant, step.shape)
    return Problem(
        x=values_of(asked.input),
        dtype=case.output_dtype,
        parameter_dtype=case.weight_dtype,
        layout=layout if statistics is None else layout.per_parameter,
        epsilon=0.0 if feature else machine_epsilon(case.dtype) if epsilon is None else float(epsilon),
        gamma=_nearest(before.weights, "gamma", "scale"),
        beta=_nearest(before.weights, "beta"),
        upstream=None if asked.upstream is None else values_of(asked.upstream),
        centred=case.layer != "rms_normalization",
        statistics=statistics,
        floor=FEATURE_FLOOR if feature else None,
        invert=bool(arguments.get("invert", False)),
        structured=_structured(step),
        mask=None if given or case.layer != "batch_normalization" else _mask(asked),
    )


def _mask(asked: Step) -> NDArray[np.bool_] | None:
    """The mask of a step in the shape of the input, of which it names the first axes."""
    if asked.mask is None:
        return None
    mask = decode(asked.mask)
    return np.broadcast_to(mask.reshape(*mask.shape, *(1,) * (len(asked.input.shape) - mask.ndim)), asked.input.shape)


def in_training(meant: Convention, index: int) -> bool:
    """Whether a layer that keeps statistics uses the input's at a step; a frozen one in Keras never does.

    A step that says nothing of it is inference in Keras and ONNX; a module of PyTorch or Flax stays in the mode that it
    was last put in, and begins in training.
    """
    said = [True if step.do == "update" else step.training for step in meant.case.steps[: index + 1]]
    if meant.dialect in ("torch", "flax"):
        said = [True, *(one for one in said if one is not None)]
    frozen = meant.case.layer == "batch_normalization" and not meant.arguments["trainable"]
    return bool(said[-1]) and not frozen


def _moved(meant: Convention, answer: Answer, before: StepExpected) -> State:
    """Moving statistics after a training step."""
    assert before.state is not None
    count = before.weights.get("num_batches_tracked")
    seen = 0 if count is None else int(count.value.nearest)
    shares = share(meant, answer.problem.layout.group_size, seen)
    return moving(answer, before.state, *shares, meant.case.weight_dtype)


def share(meant: Convention, n: int, seen: int = 0) -> tuple[float, float]:
    """The weight of the new value, and by what its variance is multiplied.

    Momentum weights the old value and the variance is the population's; PyTorch's weights the new one and its
    variance divides by n - 1. Without a momentum every one of the `seen` batches, and the new one, weigh the same.
    """
    given = meant.arguments["momentum"]
    momentum = 1.0 / (seen + 1) if given is None else float(given)
    if meant.dialect == "torch":
        return momentum, n / (n - 1) if n > 1 else 1.0
    return 1.0 - momentum, 1.0


def _with_state(step: StepExpected, state: State, meant: Convention) -> StepExpected:
    """`step` with the weights that hold `state` brought up to date."""
    roles = STATISTICS[meant.case.layer]
    shapes = [step.weights[role].value.shape for role in roles]
    tolerances = (state.mean_tolerance, state.variance_tolerance)
    held = {
        role: Held(value.reshape(shape), _reshaped(tolerance, shape), state.judged.reshape(shape))
        for role, value, tolerance, shape in zip(roles, (state.mean, state.variance), tolerances, shapes, strict=True)
    }
    return replace(step, weights={**step.weights, **held}, state=state)


def _reshaped(tolerance: Callable[[Grade], Floats], shape: tuple[int, ...]) -> Callable[[Grade], Floats]:
    return lambda grade: tolerance(grade).reshape(shape)


def _counted(meant: Convention, index: int, weights: Mapping[str, Held]) -> Mapping[str, Held]:
    """PyTorch's num_batches_tracked after a step: one more for each in training, but not of instances."""
    count = weights.get("num_batches_tracked")
    if count is None or meant.case.layer != "batch_normalization" or not in_training(meant, index):
        return weights
    return {**weights, "num_batches_tracked": exactly(count.value.nearest + 1)}


def values_of(array: Array) -> Floats:
    """The values of an array as float64."""
    return decode(array).astype(np.float64)


def _structured(step: CaseStep) -> bool:
    return isinstance(step.input, list) or structured(step.input)


def _nearest(weights: Mapping[str, Held], *roles: str) -> Floats | None:
    """The values of the weight that has one of these roles; RMS normalization's only one is called scale."""
    return next((weights[role].value.nearest for role in roles if role in weights), None)


def _as_stored(values: NDArray[Any], dtype: str) -> Floats:
    return values_of(encode(values, dtype))
