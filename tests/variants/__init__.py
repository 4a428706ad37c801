"""Right implementations that differ in method: whatever normcheck asks, none of them may ever fail."""

from __future__ import annotations

from collections.abc import Mapping

from . import gradients, moments, scaling, sums
from .flushing import flushed
from .fused import fused_dot
from .method import Method

VARIANTS: Mapping[str, Method] = {
    "two-pass": Method(),
    "serial-sums": Method(total=sums.serial, each_moves=True),
    "reversed-sums": Method(total=sums.backwards),
    "shuffled-sums": Method(total=sums.shuffled, each_moves=True),
    "ascending-sums": Method(total=sums.ascending),
    "pairwise-sums": Method(total=sums.tree),
    "kahan-sums": Method(total=sums.kahan),
    "float64-sums": Method(total=sums.wide),
    "lanes-of-4": Method(total=sums.lanes(4)),
    "lanes-of-8": Method(total=sums.lanes(8)),
    "lanes-of-16": Method(total=sums.lanes(16)),
    "corrected-two-pass": Method(total=sums.serial, moments=moments.corrected),
    "by-reciprocal-of-n": Method(moments=moments.by_reciprocal),
    "welford": Method(total=sums.serial, moments=moments.welford),
    "blocks-of-32": Method(moments=moments.blocks(32)),
    "fused-multiply-add": Method(
        total=sums.serial, place=scaling.fused_folded, update=scaling.fused_weighted, fused_dot=fused_dot
    ),
    "newton-reciprocal-root": Method(reciprocal=scaling.refined),
    "folded-scale-and-shift": Method(place=scaling.folded, update=scaling.by_difference),
    "division-by-deviation": Method(place=scaling.by_deviation, backward=gradients.divided),
    "grouped-gradient": Method(backward=gradients.grouped),
    "folded-gradient": Method(total=sums.serial, backward=gradients.folded),
    "reverse-mode": Method(place=scaling.by_deviation, backward=gradients.reverse_mode),
    "stored-gradients": Method(backward=gradients.stored),
    "flushed-subnormals": Method(total=sums.tree, prepared=flushed),
}
