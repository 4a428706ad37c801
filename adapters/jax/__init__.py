"""What every target on JAX shares, and plain functions on JAX arrays."""
