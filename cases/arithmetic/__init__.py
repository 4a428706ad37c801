"""Arithmetic finer than float64, errors that run along with it, and what the dtypes can hold."""
