"""Flax 0.12: nnx's LayerNorm with dtype=bfloat16 rounds its float32 weights to bfloat16 before it uses them.

Right: weights kept in float32, as in linen, and one rounding of the output. The exact output here is -1.0078125 / 2.
"""

import flax
import flax.linen as nn
import jax.numpy as jnp
from flax import nnx

x, scale = jnp.asarray([[-1.0, 1.0]], jnp.bfloat16), jnp.asarray([1.00585, 1.00585], jnp.float32)
layer = nnx.LayerNorm(2, epsilon=0.0, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
layer.scale[...] = scale
layer.bias[...] = -scale * 0.996
got = layer(x)[0, 1]
variables = {"params": {"scale": scale, "bias": -scale * 0.996}}
right = nn.LayerNorm(epsilon=0.0, dtype=jnp.bfloat16).apply(variables, x)[0, 1]
print(f"flax {flax.__version__}: nnx gives {float(got):.6g}, linen {float(right):.6g}, exact is {1.00585 * 0.004:.6g}")
raise SystemExit(0 if abs(float(got) - 1.00585 * 0.004) > abs(float(right) - 1.00585 * 0.004) else 1)
