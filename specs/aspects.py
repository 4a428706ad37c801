"""What can be looked at. Nothing heavy is imported here, so that pytest's marks can be named in any of its runs."""

from __future__ import annotations

from typing import Literal, get_args

Aspect = Literal[
    "output",
    "gradient",
    "forward_mode",
    "second_order",
    "vectorized",
    "weights",
    "parameters",
    "state",
    "training_agreement",
    "dtype",
    "input_kept",
    "weights_kept",
    "error",
    "determinism",
    "repetition",
    "persistence",
    "mask",
    "invariance",
    "relation",
    "transplant",
    "process_agreement",
    "device_agreement",
    "regularization",
    "constraint",
]
ASPECTS: tuple[str, ...] = get_args(Aspect)
