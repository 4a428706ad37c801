"""Flax on JAX: the layers of nnx and of linen."""
