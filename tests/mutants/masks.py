"""Mutants that lose a mask, or take it for what it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcheck.adapters.arrays import decode, encode
from normcheck.adapters.reference import ReferenceAdapter, textbook
from normcheck.adapters.reference.layer import forward, move_statistics
from normcheck.tests.mutants.mutant import ALL, BATCH, INSTANCE, ONE, mutant

MASKED = tuple(layer for layer in ALL if layer != INSTANCE)  # a framework that has masks has no such layer


def coming_out(change):
    """A call under a mask whose own mask is changed before it comes out."""

    def masked(self, layer, x, training, mask):
        output, found = ReferenceAdapter.masked(self, layer, x, training, mask)
        return output, change(found)

    return masked


def ignoring(self, layer, x, training, mask):
    return self.call(layer, x, training), mask


def ignoring_gradient(self, layer, x, training, mask, upstream):
    return self.gradient(layer, x, training, upstream)


def by_zeros(x, axes, mask):
    return textbook.moments(np.where(mask, x, 0), axes)


def over_all(x, axes, mask):
    """Sums over what counts, divided by how many elements there are."""
    mean = np.where(mask, x, 0).mean(axis=axes, keepdims=True)
    return mean, np.square(np.where(mask, x - mean, 0)).mean(axis=axes, keepdims=True)


def by_products(x, axes, mask):
    w = mask.astype(x.dtype)
    n = np.maximum(w.sum(axis=axes, keepdims=True), 1)
    mean = (w * x).sum(axis=axes, keepdims=True) / n
    return mean, (w * np.square(x - mean)).sum(axis=axes, keepdims=True) / n


def unguarded(x, axes, mask):
    n = mask.sum(axis=axes, keepdims=True).astype(x.dtype)
    mean = np.where(mask, x, 0).sum(axis=axes, keepdims=True) / n
    return mean, np.square(np.where(mask, x - mean, 0)).sum(axis=axes, keepdims=True) / n


def zeroing(layer, array, training):
    seen = forward(layer, array, training)
    return seen if layer.mask is None else replace(seen, output=np.where(layer.mask, seen.output, 0))


def passing(layer, array, training):
    """What does not count comes out as it went in."""
    seen = forward(layer, array, training)
    x = decode(array).astype(seen.output.dtype)
    return seen if layer.mask is None else replace(seen, output=np.where(layer.mask, seen.output, x))


def moving_by_all(layer, seen):
    if layer.mask is not None:
        mean, r = seen.moments[0], seen.r
        seen = replace(seen, moments=textbook.moments(seen.z / r + mean, seen.axes))
    move_statistics(layer, seen)


MASKED_MOMENTS = textbook.masked_moments
Consumed = mutant(
    "mask-consumed",
    "No mask comes out.",
    MASKED,
    dtypes=ONE,
    stands_for="Keras 3.15 RMSNormalization",
    masked=coming_out(lambda mask: None),
)
InvertedOnTheWay = mutant(
    "mask-inverted-on-the-way",
    "The mask that comes out is true where the one that went in is false.",
    MASKED,
    dtypes=ONE,
    masked=coming_out(lambda mask: encode(~decode(mask))),
)
Ignored = mutant(
    "mask-ignored",
    "Statistics are those of all elements.",
    (BATCH,),
    dtypes=ONE,
    masked=ignoring,
    masked_gradient=ignoring_gradient,
)
Inverted = mutant(
    "mask-inverted",
    "Statistics are those of the elements that do not count.",
    (BATCH,),
    dtypes=ONE,
    stands_for="a padding mask, which is true where PyTorch's attention looks away",
    masked_moments=lambda x, axes, mask: MASKED_MOMENTS(x, axes, ~mask),
)
Zeroed = mutant(
    "masked-positions-zeroed",
    "What does not count is taken for 0, and counts.",
    (BATCH,),
    dtypes=ONE,
    masked_moments=by_zeros,
)
AllDivide = mutant(
    "masked-elements-divide",
    "Sums over what counts are divided by the number of all elements.",
    (BATCH,),
    dtypes=ONE,
    masked_moments=over_all,
)
ByMultiplication = mutant(
    "masked-by-multiplication",
    "What does not count is multiplied by 0, so that NaN stays NaN.",
    (BATCH,),
    dtypes=ONE,
    masked_moments=by_products,
)
NothingByNothing = mutant(
    "nothing-divided-by-nothing",
    "A batch of which nothing counts divides 0 by 0.",
    (BATCH,),
    dtypes=ONE,
    masked_moments=unguarded,
)
OutputsZeroed = mutant(
    "masked-outputs-zeroed",
    "The output is 0 where the mask is false.",
    MASKED,
    dtypes=ONE,
    forward=zeroing,
)
OutputsPassed = mutant(
    "masked-inputs-passed",
    "The output is the input where the mask is false.",
    MASKED,
    dtypes=ONE,
    forward=passing,
)
AveragesOfAll = mutant(
    "masked-averages-of-all",
    "The averages move by the mean and variance of all elements, whatever counts.",
    (BATCH,),
    dtypes=ONE,
    move_statistics=moving_by_all,
)
GradientOfAll = mutant(
    "masked-gradient-of-all",
    "The gradient reaches every element through mean and variance, whatever counts.",
    (BATCH,),
    dtypes=ONE,
    gradient_under_mask=lambda a, z, r, axes, mask: textbook.normalized_gradient(a, z, r, axes, True),
)
