"""Flax 0.12: normalization by default takes the variance as mean(x^2) - mean(x)^2, which a large mean cancels.

Right: the variance about the mean, as with use_fast_variance=False.
"""

import flax
import jax.numpy as jnp
import numpy as np
from flax import nnx

x = 1e4 + np.random.default_rng(0).standard_normal((1, 64))
right = (x - x.mean()) / x.std()
got, slow = (
    np.asarray(nnx.LayerNorm(64, use_fast_variance=fast, rngs=nnx.Rngs(0))(jnp.asarray(x, jnp.float32)))
    for fast in (True, False)
)
off = [float(abs(y - right).max()) for y in (got, slow)]
print(f"flax {flax.__version__}: LayerNorm at mean 1e4 is off by {off[0]:.3g}, about the mean by {off[1]:.3g}")
raise SystemExit(0 if off[0] > 100 * off[1] else 1)
