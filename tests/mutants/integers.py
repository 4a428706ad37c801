"""Mutants that compute in integers, or take them for other numbers than they are."""

from __future__ import annotations

import numpy as np

from normcheck.adapters.arrays import FLOATING, Array, decode, encode
from normcheck.adapters.reference import textbook
from normcheck.adapters.reference.layer import forward
from normcheck.tests.mutants.mutant import ALL, CENTRED, LAYER, RMS, STATISTICAL, mutant

BYTES = ("uint8",)
WIDTH = ["float32"]
MOMENTS, MEAN_SQUARE = textbook.moments, textbook.mean_square


def remembering(layer, array, training):
    """A forward pass whose formulas can tell what integers the input was made of."""
    WIDTH[0] = array.dtype
    return forward(layer, array, training)


def wrapped_square(x, axes):
    squares = np.square(x.astype(np.int64).astype(WIDTH[0]))
    return squares.astype(x.dtype).mean(axis=axes, keepdims=True)


def by_wrapped_squares(x, axes):
    if WIDTH[0] in FLOATING:
        return MOMENTS(x, axes)
    mean = x.mean(axis=axes, keepdims=True)
    return mean, np.maximum(wrapped_square(x, axes) - np.square(mean), 0)


def by_wrapped_sums(x, axes):
    if WIDTH[0] in FLOATING:
        return MOMENTS(x, axes)
    total = x.astype(np.int64).astype(WIDTH[0]).sum(axis=axes, keepdims=True, dtype=WIDTH[0]).astype(x.dtype)
    mean = total / x.dtype.type(max(x.size // max(total.size, 1), 1))
    return mean, np.square(x - mean).mean(axis=axes, keepdims=True)


def taken_for_signed(x):
    return x.view(f"int{8 * x.itemsize}") if x.dtype.kind == "u" else x


def as_others(change):
    """A forward pass on other numbers, in a dtype of their own, where integers are given."""

    def faulty(layer, array, training):
        return forward(layer, array if array.dtype in FLOATING else encode(change(decode(array))), training)

    return faulty


def minus(data):
    """Truth values as bytes of -1 and 0."""
    return data.replace(b"\x01", b"\xff")


SquaresWrap = mutant(
    "squares-wrap",
    "Squares of integers are taken in their own dtype.",
    STATISTICAL,
    dtypes=BYTES,
    forward=remembering,
    moments=by_wrapped_squares,
    mean_square=lambda x, axes: (MEAN_SQUARE if WIDTH[0] in FLOATING else wrapped_square)(x, axes),
)
SumsWrap = mutant(
    "sums-wrap",
    "Integers are summed in their own dtype.",
    CENTRED,
    dtypes=BYTES,
    forward=remembering,
    moments=by_wrapped_sums,
)
TakenForSigned = mutant(
    "taken-for-signed",
    "Unsigned integers are taken for signed ones.",
    ALL,
    dtypes=("uint8",),
    forward=as_others(taken_for_signed),
)
TrueAsMinusOne = mutant(
    "true-as-minus-one",
    "True is taken for -1, which has all bits set.",
    (LAYER, RMS),
    dtypes=("bool",),
    forward=lambda layer, array, training: forward(layer, Array("int8", array.shape, minus(array.data)), training),
)
TruncatedInput = mutant(
    "wide-integers-through-16-bit",
    "Integers are widened by way of float16.",
    ALL,
    dtypes=("int32",),
    forward=as_others(lambda x: x.astype(np.float16).astype(np.float32)),
)
