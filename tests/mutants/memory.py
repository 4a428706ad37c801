"""Mutants that misread an input which does not lie in memory in the order of its indices."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from normcheck.adapters.arrays import View
from normcheck.adapters.reference.formulas import formula_forward
from normcheck.adapters.reference.layer import forward
from normcheck.tests.mutants.mutant import ALL, BATCH, LAYER, ONE, RESPONSE, STATISTICAL, UNIT, mutant


def misread(change, right=forward):
    """A forward pass on other bits, of an input that is a view of memory."""

    def faulty(layer, array, *training):
        if isinstance(array, View) and array.bits.size:
            array = View(array.dtype, change(array.bits))
        return right(layer, array, *training)

    return faulty


def upwards(bits):
    """The same memory with every stride positive."""
    return bits[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in bits.strides)]


def gapless(bits):
    """The elements as they lie, from the lowest address on: what lies in gaps is taken for elements."""
    strides = [bits.itemsize * int(np.prod(bits.shape[axis + 1 :])) for axis in range(bits.ndim)]
    return as_strided(upwards(bits), bits.shape, strides)


def permuted(bits):
    """Whether axes lie in another order than their own."""
    strides = [abs(stride) for stride, size in zip(bits.strides, bits.shape, strict=True) if size > 1]
    return strides != sorted(strides, reverse=True)


def channels_last(bits):
    inner = bits.ndim > 2 and bits.shape[1] > 1 and bits.strides[1] == min(bits.strides)
    return gapless(bits) if inner and bits.strides[-1] != bits.itemsize else bits


def first_slice_alone(bits):
    """A stride of 0 taken for that of an array: what lies behind the first slice is not there, and zeros are read."""
    if bits.strides[0] or len(bits) < 2:
        return bits
    read = np.zeros(bits.shape, bits.dtype)
    read[0] = bits[0]
    return read


def from_the_boundary(bits):
    """Elements read from the aligned address before the first byte."""
    if bits.flags.aligned:
        return bits
    return np.roll(bits.copy().reshape(-1).view(np.uint8), 1).view(bits.dtype).reshape(bits.shape)


def rewritten(layer, array, training):
    """A forward pass that leaves its input as it was, and has written to it all the same."""
    if isinstance(array, View):
        array.bits[...] = array.bits
    return forward(layer, array, training)


BroadcastMisread = mutant(
    "broadcast-misread",
    "An input with a stride of 0 is read as if its first slice were followed by others.",
    ALL,
    dtypes=ONE,
    stands_for="kernels that compute strides from the shape",
    forward=misread(first_slice_alone),
)
OffsetIgnored = mutant(
    "offset-ignored",
    "An input that begins at an odd address is read from the boundary before it.",
    ALL,
    dtypes=ONE,
    stands_for="aligned vector loads of unaligned memory",
    forward=misread(from_the_boundary),
)
WrittenInPlace = mutant(
    "written-in-place",
    "The input's memory is written to, and left with what it held.",
    (LAYER, BATCH),
    dtypes=ONE,
    forward=rewritten,
)
TakenAsContiguous = mutant(
    "taken-as-contiguous",
    "The input is read from its lowest address on, as if it were contiguous.",
    (*STATISTICAL, UNIT, RESPONSE),
    dtypes=ONE,
    stands_for="kernels that are handed a data pointer and a shape",
    forward=misread(gapless),
    formula_forward=misread(gapless, formula_forward),
)
TransposedMisread = mutant(
    "transposed-misread",
    "An input whose axes lie in another order is read in the order in which they lie.",
    STATISTICAL,
    dtypes=ONE,
    forward=misread(lambda bits: gapless(bits) if permuted(bits) else bits),
)
GapsRead = mutant(
    "gaps-read",
    "Gaps along the last axis are read as elements.",
    STATISTICAL,
    dtypes=ONE,
    forward=misread(lambda bits: gapless(bits) if bits.strides[-1] == 2 * bits.itemsize else bits),
)
NegativeStridesMisread = mutant(
    "negative-strides-misread",
    "An input that runs from its last element to its first is read the other way round.",
    STATISTICAL,
    dtypes=ONE,
    forward=misread(upwards),
)
ChannelsLastMisread = mutant(
    "channels-last-misread",
    "An input with its second axis innermost is read as if the last were.",
    STATISTICAL,
    dtypes=ONE,
    stands_for="images in channels-last memory",
    forward=misread(channels_last),
)
