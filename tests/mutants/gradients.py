"""Mutants whose output is right and whose gradients are not."""

from __future__ import annotations

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference.layer import backward, others, scale_of
from normcheck.adapters.reference.textbook import normalized_gradient
from normcheck.tests.mutants.mutant import ALL, CENTRED, LAYER, MOVING, NARROW, RMS, STATISTICAL, mutant, rounded


def means(a, z, axes, centred):
    along = (a * z).mean(axis=axes, keepdims=True)
    return (a.mean(axis=axes, keepdims=True) if centred else np.zeros_like(along)), along


def of_input(formula):
    """The change that takes the gradient of the input by `formula` of a, z, r, mean(a) and mean(a z)."""
    return lambda a, z, r, axes, centred: formula(a, z, r, *means(a, z, axes, centred))


def of_weights(change):
    """The change that alters the gradients of the weights: change(layer, name, gradient, seen, g)."""

    def faulty(layer, seen, upstream):
        found = backward(layer, seen, upstream)
        g = decode(upstream).astype(layer.working)
        return {n: v if n == "input" else change(layer, n, v, seen, g) for n, v in found.items()}

    return faulty


GradientWithoutMeanTerm = mutant(
    "gradient-without-mean-term",
    "The mean is held constant.",
    CENTRED,
    normalized_gradient=of_input(lambda a, z, r, mean, along: r * (a - z * along)),
)
GradientWithoutVarianceTerm = mutant(
    "gradient-without-variance-term",
    "The variance is held constant.",
    STATISTICAL,
    normalized_gradient=of_input(lambda a, z, r, mean, along: r * (a - mean)),
)
GradientDetached = mutant(
    "gradient-detached",
    "Mean and variance are held constant.",
    STATISTICAL,
    stands_for="statistics computed under stop_gradient or no_grad",
    normalized_gradient=of_input(lambda a, z, r, mean, along: r * a),
)
GradientWithAMeanTerm = mutant(
    "gradient-with-a-mean-term",
    "The gradient is layer normalization's.",
    [RMS],
    normalized_gradient=lambda a, z, r, axes, centred: normalized_gradient(a, z, r, axes, True),
)
GradientOverNMinusOne = mutant(
    "gradient-over-n-minus-one",
    "The term of the variance divides by n - 1.",
    STATISTICAL,
    normalized_gradient=lambda a, z, r, axes, centred: _over_less(a, z, r, axes, centred),
)


def _over_less(a, z, r, axes, centred):
    mean, along = means(a, z, axes, centred)
    n = np.prod([z.shape[axis] for axis in axes])
    return r * (a - mean - z * along * z.dtype.type(n / max(n - 1, 1)))


GradientIgnoresGamma = mutant(
    "gradient-ignores-gamma",
    "The gradient of the input forgets that gamma multiplies.",
    STATISTICAL,
    backward=lambda layer, seen, upstream: _without_gamma(layer, seen, upstream),
)


def _without_gamma(layer, seen, upstream):
    found = backward(layer, seen, upstream)
    name = scale_of(layer)
    if name not in layer.weights:
        return found
    kept = layer.weights[name]
    layer.weights[name] = encode(np.ones(kept.shape), kept.dtype)
    found["input"] = backward(layer, seen, upstream)["input"]
    layer.weights[name] = kept
    return found


GradientReversed = mutant(
    "gradient-reversed",
    "The gradient of the input has the other sign.",
    ALL,
    backward=lambda layer, seen, upstream: {
        name: -value if name == "input" else value for name, value in backward(layer, seen, upstream).items()
    },
)


def through_statistics(layer, seen, upstream):
    if seen.axes:
        return backward(layer, seen, upstream)
    found = backward(layer, seen, upstream)
    inside = found["input"] / seen.r
    found["input"] = normalized_gradient(inside, seen.z, seen.r, others(layer), True)
    return found


GradientOfTrainingInInference = mutant(
    "gradient-of-training-in-inference",
    "In inference the gradient takes the moving statistics for the batch's.",
    MOVING,
    backward=through_statistics,
)
WeightGradientsAveraged = mutant(
    "weight-gradients-averaged",
    "The gradients of gamma and beta are means and no sums.",
    STATISTICAL,
    backward=of_weights(lambda layer, name, value, seen, g: value / max(g.size // max(value.size, 1), 1)),
)
WeightGradientsOfTheFirstExample = mutant(
    "weight-gradients-of-the-first-example",
    "The gradients of gamma and beta are those of the first example.",
    (LAYER, RMS),
    backward=of_weights(lambda layer, name, value, seen, g: _first(layer, name, seen, g)),
)


def _first(layer, name, seen, g):
    values = g if name == "beta" else g * seen.z.reshape(g.shape)
    return values[:1].sum(axis=others(layer))


GammaGradientOfTheOutput = mutant(
    "gamma-gradient-of-the-output",
    "The gradient of gamma sums over the output in place of z.",
    STATISTICAL,
    backward=of_weights(
        lambda layer, name, value, seen, g: value if name == "beta" else (g * seen.output).sum(axis=others(layer))
    ),
)
GammaAndBetaGradientsSwapped = mutant(
    "weight-gradients-swapped",
    "Gamma's gradient is beta's, and beta's gamma's.",
    CENTRED,
    backward=lambda layer, seen, upstream: _swapped(backward(layer, seen, upstream)),
)


def _swapped(found):
    both = "gamma" in found and "beta" in found
    return found | ({"gamma": found["beta"], "beta": found["gamma"]} if both else {})


def of_one_element(layer, name, value, seen, g):
    n = np.prod([seen.z.shape[axis] for axis in seen.axes])
    return g.sum(axis=others(layer)) if name != "beta" and n == 1 else value


GammaGradientOfOneElement = mutant(
    "gamma-gradient-of-one-element",
    "The gradient of gamma over a single element is not zero.",
    [LAYER],
    dtypes=["float32", "float64"],
    stands_for="pytorch 188372",
    backward=of_weights(of_one_element),
)


def summed_narrowly(layer, name, value, seen, g):
    values = g if name == "beta" else g * seen.z.reshape(g.shape)
    total = np.zeros(value.shape, values.dtype)
    kept = tuple(axis for axis in range(values.ndim) if axis not in others(layer))
    ordered = values.transpose(*others(layer), *kept).reshape(-1, *value.shape)
    for one in ordered:
        total = rounded(total + one, layer.dtype)
    return total


WeightGradientsSummedIn16Bit = mutant(
    "weight-gradients-summed-in-16-bit",
    "The gradients of gamma and beta are summed in the layer's dtype.",
    STATISTICAL,
    dtypes=NARROW,
    stands_for="PyTorch on a CPU: LayerNorm in bfloat16",
    backward=of_weights(summed_narrowly),
)
UpstreamIgnored = mutant(
    "upstream-ignored",
    "The gradients are those of the output's plain sum.",
    ALL,
    backward=lambda layer, seen, upstream: backward(layer, seen, encode(np.ones(seen.output.shape), layer.dtype)),
)
