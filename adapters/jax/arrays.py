"""Arrays to JAX and back, bit for bit."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from ..arrays import Array


def to_jax(array: Array, device: Any = None) -> Any:
    """A new jax.Array on `device` (default: JAX's own)."""
    jax = importlib.import_module("jax")
    kind = jax.numpy.dtype(array.dtype)
    return jax.device_put(np.frombuffer(bytearray(array.data), kind).reshape(array.shape), device)


def to_array(native: Any) -> Array:
    """The bits of a jax.Array."""
    values = np.asarray(native)
    return Array(values.dtype.name, values.shape, values.tobytes())
