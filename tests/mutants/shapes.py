"""Mutants that read or write a shape, or memory, in a wrong way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcheck.adapters.reference.layer import build, fold, forward, make
from normcheck.tests.mutants.mutant import ALL, GROUP, ONE, STATISTICAL, altered, mutant, on_output


def strided(layer, x):
    """Groups of every `groups`-th channel, by way of another order of the channels that is never undone."""
    axis = layer.axes[0]
    folded = x.reshape(*x.shape[:axis], x.shape[axis] // layer.groups, layer.groups, *x.shape[axis + 1 :])
    return folded, tuple(one for one in range(1, folded.ndim) if one != axis + 1)


StridedGroups = mutant(
    "strided-groups",
    "Groups are interleaved: a group is every `groups`-th channel.",
    [GROUP],
    stands_for="GroupNormalization with channels last and channels first taken for one another",
    fold=strided,
)


def sized(layer, shape):
    channels = shape[layer.axes[0] % len(shape)]
    if layer.groups > 0 and channels % layer.groups == 0:
        layer.groups = channels // layer.groups
    build(layer, shape)


SizeForNumber = mutant("size-for-number", "The number of groups is taken for the size of each.", [GROUP], build=sized)
MinusOneIsOne = mutant(
    "minus-one-is-one",
    "-1 groups are one group.",
    [GROUP],
    dtypes=ONE,
    make=altered(make, groups=lambda layer: 1 if layer.groups == -1 else layer.groups),
)
DefaultGroups = mutant(
    "default-groups",
    "Without a number there are 8 groups.",
    [GROUP],
    dtypes=ONE,
    make=lambda a: make(a) if "groups" in a.given else altered(make, groups=8)(a),
)
OneGroup = mutant("one-group", "All channels are one group.", [GROUP], make=altered(make, groups=1))


def refused(*ranks):
    def faulty(layer, shape):
        if len(shape) in ranks:
            build(layer, shape)
        else:
            raise ValueError(f"expected an input with {ranks[0]} dimensions, got {len(shape)}")

    return faulty


RankTwoOnly = mutant(
    "rank-two-only",
    "An input with more or fewer than two dimensions is refused.",
    ALL,
    stands_for="the document's own layers, written for a table",
    build=refused(2),
)
RankFourOnly = mutant("rank-four-only", "An input that is not a batch of images is refused.", [GROUP], build=refused(4))
RankFiveRefused = mutant(
    "rank-five-refused",
    "An input with five dimensions is refused.",
    ALL,
    stands_for="backends whose transpose ends at four dimensions",
    build=refused(1, 2, 3, 4),
)


def flat(change):
    def faulty(output):
        values = output.copy().ravel()
        change(values)
        return values.reshape(output.shape)

    return on_output(faulty)


def unwritten_from(limit):
    def change(values):
        values[limit:] = 0

    return flat(change)


def unwritten_tail(lanes):
    def change(values):
        n = values.size
        if n >= lanes:
            values[n - n % lanes :] = 0

    return flat(change)


GarbageAfter1000 = mutant(
    "garbage-after-1000",
    "Nothing is written from the thousandth element on.",
    ALL,
    stands_for="what ONNX's backend cases let pass",
    forward=unwritten_from(1000),
)
TailNotWritten = mutant(
    "tail-not-written", "The last n mod 8 elements are not written.", ALL, forward=unwritten_tail(8)
)


def squeezed(output):
    return output[0] if output.shape[:1] == (1,) and output.ndim > 1 else output


BatchOfOne = mutant(
    "batch-of-one",
    "A batch of one loses its axis.",
    ALL,
    stands_for="a squeeze without an axis",
    forward=on_output(squeezed),
)


def refuses_nothing(output):
    if output.size == 0:
        raise ValueError("zero-size array to reduction operation maximum which has no identity")
    return output


EmptyBatch = mutant("empty-batch", "A batch without examples is refused.", ALL, forward=on_output(refuses_nothing))


def at_least_one(layer, array, training):
    seen = forward(layer, array, training)
    output = seen.output
    shape = (1, *output.shape[1:])
    return seen if output.shape[0] else replace(seen, output=np.zeros(shape, output.dtype))


EmptyBatchIsOne = mutant(
    "empty-batch-is-one", "A batch without examples gives an output with one.", ALL, forward=at_least_one
)


def turned(output):
    return output.T.reshape(output.shape)


OutputInColumns = mutant("output-in-columns", "The output is written column by column.", ALL, forward=on_output(turned))


def one_element(layer, x):
    folded, axes = fold(layer, x)
    return folded, axes[:-1] if len(axes) > 1 else axes


LastReducedAxisForgotten = mutant(
    "last-reduced-axis-forgotten",
    "Of several reduced axes the last is left out.",
    STATISTICAL,
    fold=one_element,
    move_statistics=lambda layer, seen: None,
)
