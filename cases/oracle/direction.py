"""The derivatives of one call in a direction t, and how far from them a right implementation may be, for every layer.

A normalization by mean and variance has formulas and bounds of its own (`derivatives`, `derivative_bounds`). Two other
layers are one of them in another guise, where x is divided by the root of a sum of its squares:

    unit normalization of order 2 over n elements
        y = x / sqrt(sum x^2) = gamma x / sqrt(mean x^2),                gamma = n^-1/2
    local response normalization of n channels with beta 1/2 and windows that hold all of them
        y = x / sqrt(k + alpha / size sum x^2) = gamma x / sqrt(mean x^2 + epsilon)
        gamma = (size / (alpha n))^1/2,  epsilon = k size / (alpha n)

so the formulas and bounds of root mean square normalization hold, where gamma and epsilon are exact in float64; other
cases of these layers cannot be asked for derivatives. Filter response normalization is one over the positions, with a
gamma and a beta for every channel; with a threshold or a learned epsilon it cannot be asked either. A dense layer is
linear in x, and so is the gradient of each of its weights: their derivatives are the output and the gradients at t in
place of x, and all else is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from normcheck.specs.vocabulary import Grade

from ..arithmetic.exact import Exact, Floats, as_exact
from ..bounds.derivatives import DerivativeBounds
from ..bounds.normalization import Bounds
from .answered import Answered, Call, Masks, numbers
from .derivatives import derivatives
from .normalization import Layout, Problem, solve, solve_finely

FILTER = "filter_response_normalization"
DENSE = ("spectral_normalization", "weight_normalization")
UNKNOWN = "no derivatives in a direction are known of {layer} with these arguments and this input"


@dataclass(frozen=True, slots=True, eq=False)
class Along:
    """Derivatives by name: `output`, `output_twice`, `gradient_input`, `gradient_ROLE`; in `dtype`."""

    dtype: str
    exact: Callable[[str], Exact]
    tolerance: Callable[[str, Grade], Floats]
    masks: Callable[[str], Masks]


def of_mean_and_variance(bounds: Bounds, tangent: Floats, finely: bool = False) -> Along:
    """The derivatives of a normalization by mean and variance."""
    found = DerivativeBounds(bounds, derivatives(bounds.answer, tangent, finely))
    return Along(bounds.answer.problem.dtype, found.found.exact, found.tolerance, found.masks)  # type: ignore[arg-type]


def of_formula(call: Call, tangent: Floats, at_tangent: Answered) -> Along:
    """The derivatives of another layer. at_tangent: its answer for the tangent as the input.

    Raises TypeError where there are none.
    """
    if call.meant.case.layer in DENSE:
        return _linear(call.x.shape, at_tangent)
    filtered = call.meant.case.layer == FILTER
    answer = (solve_finely if call.finely else solve)((_filtered if filtered else as_root_mean_square)(call))
    found = of_mean_and_variance(Bounds(answer), tangent, call.finely)
    return _laid(found, {f"gradient_{role}": held.value.shape for role, held in call.weights.items()})


def _laid(along: Along, shapes: Mapping[str, tuple[int, ...]]) -> Along:
    """The same derivatives, those of weights in the shapes that the layer has them in."""

    def shape(which: str, values: tuple[int, ...]) -> tuple[int, ...]:
        return shapes.get(which, values)

    def exact(which: str) -> Exact:
        found = along.exact(which)
        return found.reshape(shape(which, found.shape))

    def tolerance(which: str, grade: Grade) -> Floats:
        found = along.tolerance(which, grade)
        return found.reshape(shape(which, found.shape))

    def masks(which: str) -> Masks:
        found = along.masks(which)
        each = (found.judged, found.required_nan, found.required_not_finite)
        return Masks(*(one.reshape(shape(which, one.shape)) for one in each))

    return Along(along.dtype, exact, tolerance, masks)


def _filtered(call: Call) -> Problem:
    """A filter response normalization as a root mean square normalization. Raises TypeError for one that is none."""
    options, shape = call.meant.arguments, call.x.shape
    if options["threshold"] or options["learned_epsilon"]:
        raise TypeError(UNKNOWN.format(layer=FILTER))
    layout = Layout(shape, None, options["axis"], (len(shape) - 1,))
    gamma, beta = (call.weights[role].value.nearest.reshape(layout.parameter_shape) for role in ("gamma", "beta"))
    return Problem(
        x=call.x,
        dtype=call.meant.case.output_dtype,
        layout=layout,
        epsilon=float(options["epsilon"]),
        gamma=gamma,
        beta=beta,
        upstream=call.upstream,
        centred=False,
        structured=call.structured,
    )


def _linear(shape: tuple[int, ...], at_tangent: Answered) -> Along:
    zeros = {"gradient_input": np.zeros(shape), "output_twice": np.zeros(at_tangent.exact("output").shape)}

    def exact(which: str) -> Exact:
        return as_exact(zeros[which]) if which in zeros else at_tangent.exact(which)

    def tolerance(which: str, grade: Grade) -> Floats:
        return zeros[which] if which in zeros else at_tangent.tolerance(which, grade)

    def masks(which: str) -> Masks:
        return numbers(zeros[which] == 0) if which in zeros else at_tangent.masks(which)

    return Along(at_tangent.dtype, exact, tolerance, masks)


def as_root_mean_square(call: Call) -> Problem:
    """A call of unit or of local response normalization as one of root mean square normalization.

    Raises TypeError for a call that is none.
    """
    options, layer, shape = call.meant.arguments, call.meant.case.layer, call.x.shape
    if layer == "unit_normalization":
        axes = options["axis"] if isinstance(options["axis"], tuple) else (options["axis"],)
        n, share, epsilon = math.prod(shape[axis] for axis in axes), 1.0, 0.0
        norms = np.sqrt(np.square(call.x).sum(axis=axes))
        known = float(options["order"]) == 2.0 and bool((norms > 2 * float(options["epsilon"])).all())
    else:
        size, alpha, k = int(options["size"]), float(options["alpha"]), float(options["k"])
        axes, n, share = (1,), shape[1], size / alpha if alpha else 0.0
        epsilon = k * share / n
        known = float(options["beta"]) == 0.5 and size >= 2 * n - 1 and share > 0
    gamma = math.sqrt(share / n)
    if not (known and gamma * gamma * n == share):
        raise TypeError(UNKNOWN.format(layer=layer))
    layout = Layout(shape, None, axes, axes)
    return Problem(
        x=call.x,
        dtype=call.meant.case.output_dtype,
        layout=layout,
        epsilon=epsilon,
        gamma=np.full(layout.parameter_shape, gamma),
        upstream=call.upstream,
        centred=False,
        structured=call.structured,
    )
