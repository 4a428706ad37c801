"""How PyTorch is timed: calls as a user's loop makes them, on a device that is asked whether it has finished."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..timing.timeable import in_turn


def repeated(
    torch: Any, run: Callable[[Any], Any], trainable: Mapping[str, Any], x: Any, training: bool, upstream: Any
) -> Callable[[int], Any]:
    """What makes so many calls; an inference is without a graph, a call of training records one."""

    def infer(calls: int) -> Any:
        with torch.no_grad():
            return in_turn(lambda: run(x), calls)

    def train(calls: int) -> Any:
        return in_turn(lambda: run(x), calls)

    def differentiated() -> Any:
        output = run(x)
        found = torch.autograd.grad(output, sources, upstream, materialize_grads=True)
        return output, dict(zip(names, found, strict=True))

    def differentiate(calls: int) -> Any:
        return in_turn(differentiated, calls)

    if upstream is None and not training:
        return infer
    names, sources = ["input", *trainable], [x.requires_grad_(), *trainable.values()]
    return train if upstream is None else differentiate


def wait(torch: Any, device: str) -> None:
    """Until the device has finished."""
    kind = device.partition(":")[0]
    if kind != "cpu":
        getattr(torch, kind).synchronize(*[device] * (kind != "mps"))  # Apple's has one device, and no argument


def copying(torch: Any, device: str, count: int) -> Callable[[], Any] | None:
    """A copy on the device."""
    if device == "cpu":
        return None
    source, room = (torch.ones(count, dtype=torch.uint8, device=device) for _ in range(2))
    return lambda: room.copy_(source)


def device_memory(torch: Any, device: str) -> tuple[int, Callable[[], int]] | None:
    """What CUDA's allocator counts; None for other devices."""
    if not device.startswith("cuda"):
        return None
    torch.cuda.reset_peak_memory_stats(device)
    return int(torch.cuda.memory_allocated(device)), lambda: int(torch.cuda.max_memory_allocated(device))


def accelerator(torch: Any, device: str) -> str:
    """The device's model, as CUDA, ROCm or XPU name it; empty for other devices."""
    named = getattr(getattr(torch, device.partition(":")[0]), "get_device_name", None)
    return str(named(device)) if named else ""
