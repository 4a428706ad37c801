"""Mutants whose every number is within its bound, and that only a second observation gives away."""

from __future__ import annotations

import os

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.reference.textbook import reciprocal_deviation
from normcheck.tests.mutants.mutant import ALL, FILTER, ONE, STATISTICAL, mutant

INSTANCE, UNIT, RESPONSE = "instance_normalization", "unit_normalization", "local_response_normalization"
EVERY = tuple(dict.fromkeys((*ALL, INSTANCE, UNIT, RESPONSE)))
KERNEL = 4


def on_call(change):
    """The methods that give an output, which is changed: of the plain call and of the differentiated one."""

    def call(self, layer, x, training):
        output = ReferenceAdapter.call(self, layer, x, training)
        return encode(change(decode(output)), output.dtype)

    def gradient(self, layer, x, training, upstream):
        output, found = ReferenceAdapter.gradient(self, layer, x, training, upstream)
        return encode(change(decode(output)), output.dtype), found

    return {"call": call, "gradient": gradient}


def one_more(output, where):
    """The next larger number where `where`, which is a truth for every example, says so."""
    up = np.nextafter(output, np.inf, dtype=output.dtype)
    return np.where(where.reshape((-1,) + (1,) * (output.ndim - 1)), up, output) if output.ndim else output


def by_place(output):
    return one_more(output, np.arange(len(output)) >= KERNEL)


def by_size(output):
    return one_more(output, np.full(len(output), len(output) > 2 * KERNEL))


def left_over(output):
    return one_more(output, np.arange(len(output)) >= len(output) // KERNEL * KERNEL)


def by_process(output):
    bits = np.random.default_rng(os.getpid()).integers(0, 2, output.shape, np.int8)
    return np.where(bits > 0, np.nextafter(output, np.inf, dtype=output.dtype), output)


ByPlace = mutant(
    "by-place-in-batch",
    "From the fifth example on, outputs are one unit in the last place more.",
    (*EVERY, FILTER),
    dtypes=ONE,
    stands_for="rows beyond a kernel's tile, computed by another kernel",
    **on_call(by_place),
)
BySize = mutant(
    "by-batch-size",
    "In batches of more than eight, outputs are one unit in the last place more.",
    (*EVERY, FILTER),
    dtypes=ONE,
    stands_for="kernels that are chosen by the size of the batch",
    **on_call(by_size),
)
LeftOver = mutant(
    "left-over-rounded-otherwise",
    "Examples are taken in fours, and those left over are rounded otherwise.",
    (*EVERY, FILTER),
    dtypes=ONE,
    stands_for="rsqrt in TensorFlow on the cpu",
    **on_call(left_over),
)
ByProcess = mutant(
    "by-process",
    "The last bit depends on the process.",
    (*EVERY, FILTER),
    dtypes=ONE,
    stands_for="an order of summation that follows hashes or addresses",
    **on_call(by_process),
)


def by_magnitude(variance, epsilon):
    r = reciprocal_deviation(variance, epsilon)
    return np.where(variance > KERNEL * KERNEL, np.nextafter(r, np.inf, dtype=r.dtype), r)


ByMagnitude = mutant(
    "root-by-magnitude",
    "The reciprocal root of what is larger than 16 is one unit in the last place more.",
    tuple(dict.fromkeys((*STATISTICAL, INSTANCE))),
    dtypes=ONE,
    stands_for="approximations of the root by pieces",
    reciprocal_deviation=by_magnitude,
)
