"""Mutants that, when sizes are unknown, take those of the first input for those of all."""

from __future__ import annotations

from normcheck.adapters.reference import ReferenceAdapter
from normcheck.tests.mutants.mutant import ALL, BATCH, GROUP, LAYER, ONE, averaging, mutant

FIRST: dict[str, int] = {}


def construct(self, *given):
    """A layer that has seen no input yet."""
    FIRST.clear()
    if self.dynamic:
        FIRST["unknown"] = 1
    return ReferenceAdapter.construct(self, *given)


def first(name, size):
    """`size`; where sizes are unknown, the first one that there was."""
    return FIRST.setdefault(name, size) if FIRST else size


def _limited(method):
    """A method on an input, which must have as many examples as the first input had."""

    def faulty(self, layer, x, *given):
        batch = x.shape[0] if x.shape else 1
        if batch != first("batch", batch):
            raise ValueError(f"cannot reshape {batch} examples into {FIRST['batch']}")
        return method(self, layer, x, *given)

    return faulty


SizeOfFirstInput = mutant(
    "size-of-first-input",
    "With sizes unknown, sums are divided by the number of elements that the first input had.",
    (LAYER, BATCH, GROUP, "instance_normalization"),
    dtypes=ONE,
    construct=construct,
    **averaging(lambda rows: rows.sum(-1) / first("n", rows.shape[-1])),
)
BatchOfFirstInput = mutant(
    "batch-of-first-input",
    "With sizes unknown, the first batch's size is built into a reshape.",
    (
        *ALL,
        "instance_normalization",
        "unit_normalization",
        "local_response_normalization",
        "filter_response_normalization",
    ),
    dtypes=ONE,
    construct=construct,
    call=_limited(ReferenceAdapter.call),
    gradient=_limited(ReferenceAdapter.gradient),
)
