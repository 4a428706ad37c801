"""A pytest plugin that prints which frameworks pytest's own process has imported, after collection and at the end."""

from __future__ import annotations

import sys

FRAMEWORKS = {"torch", "tensorflow", "keras", "jax", "onnx", "onnxruntime"}


def imported():
    return " ".join(sorted(FRAMEWORKS & set(sys.modules))) or "none"


def pytest_collection_finish(session):
    print(f"\nframeworks after collection: {imported()}")


def pytest_unconfigure(config):
    print(f"frameworks at the end: {imported()}")
