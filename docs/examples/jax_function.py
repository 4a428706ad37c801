"""A function of JAX arrays; JAX finds its gradients, and jax.jit compiles it.

$ pytest --pyargs normcheck.cases --target docs/examples/jax_function.py --layer layer_normalization
"""

from normcheck.adapters.jax.function import JaxFunctionAdapter


def layer_norm(x, gamma=1, beta=0, *, axis, epsilon):
    import jax.numpy as jnp

    if epsilon < 0:
        raise ValueError(f"epsilon must not be negative, it is {epsilon}")
    dtype = x.dtype if jnp.issubdtype(x.dtype, jnp.floating) else "float32"
    wide = x.astype(jnp.promote_types(dtype, "float32"))  # sums of 16-bit numbers need float32
    centred = wide - wide.mean(axis, keepdims=True)
    variance = (centred**2).mean(axis, keepdims=True)
    return (centred / jnp.sqrt(variance + epsilon) * gamma + beta).astype(dtype)


class Adapter(JaxFunctionAdapter):
    name = "my-jax-function"
    broadcast = True  # gamma and beta come in a shape that broadcasts against x
    layers = {"layer_normalization": layer_norm}
