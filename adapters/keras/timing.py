"""How TensorFlow is timed where it computes on a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def wait(tf: Any, device: str) -> None:
    """Until the device has finished; on the cpu every call returns when it has."""
    if device != "cpu":
        tf.test.experimental.sync_devices()


def copying(tf: Any, device: str, place: Any, count: int) -> Callable[[], Any] | None:
    """What reads and writes every byte once on the device."""
    if device == "cpu":
        return None
    with place():
        source = tf.ones(count, tf.uint8)

    def copy() -> Any:
        with place():
            return tf.bitwise.invert(source)

    return copy


def device_memory(tf: Any, device: str) -> tuple[int, Callable[[], int]] | None:
    """What TensorFlow's allocator on a GPU counts; None for other devices."""
    kind, _, index = device.partition(":")
    if kind != "cuda":
        return None
    name = f"GPU:{index or 0}"
    tf.config.experimental.reset_memory_stats(name)

    def count(what: str) -> int:
        return int(tf.config.experimental.get_memory_info(name)[what])

    return count("current"), lambda: count("peak")


def accelerator(tf: Any, device: str) -> str:
    """A GPU's model; empty for other devices."""
    kind, _, index = device.partition(":")
    if kind != "cuda":
        return ""
    found = tf.config.list_physical_devices("GPU")[int(index or 0)]
    return str(tf.config.experimental.get_device_details(found).get("device_name", ""))
