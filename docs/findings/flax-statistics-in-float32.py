"""Flax 0.12: BatchNorm in float64 keeps its mean and variance in float32, and in inference its output is no better.

Right: statistics in param_dtype, so that a layer in float64 answers in float64.
"""

import flax
import jax
import numpy as np
from flax import nnx

jax.config.update("jax_enable_x64", True)
layer = nnx.BatchNorm(1, dtype=np.float64, param_dtype=np.float64, momentum=0.0, rngs=nnx.Rngs(0))
x = jax.numpy.asarray([[0.1], [0.7]], np.float64)
layer(x)
layer.eval()
got, right = float(layer(x)[0, 0]), -0.3 / np.sqrt(0.09 + 1e-5)
print(f"flax {flax.__version__}: mean is {layer.mean[...].dtype}, the output {got:.12g}, right is {right:.12g}")
raise SystemExit(0 if abs(got - right) > 1e-12 else 1)
