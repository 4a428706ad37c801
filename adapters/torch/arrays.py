"""Arrays in and out of PyTorch, and the devices that they may lie on."""

from __future__ import annotations

from typing import Any

from ..arrays import Array
from ..interface import Unsupported

NO_LAYOUT = {
    "reversed": "PyTorch has no tensors with negative strides",
    "read-only": "PyTorch has no tensors that cannot be written to",
}


def tensor(torch: Any, array: Array, device: str) -> Any:
    """A new tensor on `device`."""
    kind = getattr(torch, array.dtype)
    if not array.size:
        return torch.empty(array.shape, dtype=kind, device=device)
    return torch.frombuffer(bytearray(array.data), dtype=kind).reshape(array.shape).to(device)


def laid_out(torch: Any, native: Any, layout: str) -> Any:
    """A tensor that lies as `layout` says. Raises Unsupported for one that PyTorch does not have."""
    if layout in NO_LAYOUT:
        raise Unsupported(NO_LAYOUT[layout])
    if layout == "broadcast":
        return native[:1].expand(native.shape)
    if layout == "unaligned":
        room = torch.empty(native.numel() + 1, dtype=native.dtype, device=native.device)
        return room[1:].view(native.shape).copy_(native)
    if layout == "strided":
        return native.repeat_interleave(2, -1)[..., ::2]
    order = list(range(native.dim()))
    order = order[::-1] if layout == "transposed" else [0, *order[2:], 1]
    back = sorted(order, key=order.__getitem__)
    return native.permute(order).contiguous().permute(back)


def bits(torch: Any, native: Any) -> Array:
    """The tensor's bits."""
    flat = native.detach().cpu().contiguous().reshape(-1)
    return Array(
        str(native.dtype).removeprefix("torch."), tuple(native.shape), flat.view(torch.uint8).numpy().tobytes()
    )


def devices(torch: Any) -> tuple[str, ...]:
    """`cpu`, then every accelerator: `cuda`, `cuda:1`, … `xpu`, `mps`."""
    found = ["cpu", *_numbered("cuda", torch.cuda)]
    if hasattr(torch, "xpu"):
        found += _numbered("xpu", torch.xpu)
    if torch.backends.mps.is_available():
        found.append("mps")
    return tuple(found)


def _numbered(kind: str, room: Any) -> list[str]:
    """`cuda`, `cuda:1`, … for the devices that `torch.cuda` (or its like) counts."""
    count = room.device_count() if room.is_available() else 0
    return [kind if index == 0 else f"{kind}:{index}" for index in range(count)]
