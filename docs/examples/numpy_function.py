"""A function of NumPy arrays, with the gradients that go with it.

$ pytest --pyargs normcheck.cases --target docs/examples/numpy_function.py --layer layer_normalization
"""

import numpy as np

from normcheck.adapters.function import FunctionAdapter


def normalized(x, axis, epsilon):
    """The input, centred and scaled, and what it was divided by; computed in float64."""
    centred = x - x.mean(axis, keepdims=True, dtype="float64")
    deviation = np.sqrt((centred**2).mean(axis, keepdims=True) + epsilon)
    return centred / deviation, deviation


def layer_norm(x, gamma=1, beta=0, *, axis, epsilon):
    if epsilon < 0:
        raise ValueError(f"epsilon must not be negative, it is {epsilon}")
    y, _ = normalized(x, axis, epsilon)
    return (y * gamma + beta).astype(x.dtype if x.dtype.kind == "f" else "float32")


def layer_norm_gradients(x, upstream, gamma=None, beta=None, *, axis, epsilon):
    y, deviation = normalized(x, axis, epsilon)
    g = upstream.astype("float64")
    at_y = g if gamma is None else g * gamma
    at_x = (at_y - at_y.mean(axis, keepdims=True) - y * (at_y * y).mean(axis, keepdims=True)) / deviation
    found = {"input": at_x.astype(x.dtype)}
    if gamma is not None:
        found["gamma"] = gathered(g * y, gamma)
    if beta is not None:
        found["beta"] = gathered(g, beta)
    return found


def gathered(values, weight):
    """`values` added up over every axis that the weight does not have."""
    others = tuple(axis for axis, size in enumerate(weight.shape) if size != values.shape[axis])
    return values.sum(others, keepdims=True).astype(weight.dtype)


class Adapter(FunctionAdapter):
    name = "my-numpy-function"
    broadcast = True  # gamma and beta come in a shape that broadcasts against x
    layers = {"layer_normalization": layer_norm}
    gradients = {"layer_normalization": layer_norm_gradients}
