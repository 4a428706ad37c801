"""Is the adapter itself in order? Asked before any verdict, so that its faults are not charged to the layers.

What a layer computes is no concern here: only that arrays and weights travel unchanged, that what comes back
has the right form, and that two instances are two.
"""

from __future__ import annotations

import difflib
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arguments import KerasArguments
from .arrays import Array, encode, storage
from .interface import Adapter, Request, Unsupported, Weight
from .observe import folders_of

TINY = (2, 4)


@dataclass(frozen=True, slots=True)
class Tiny:
    """A layer that is quickly made."""

    layer: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = TINY

    @property
    def input(self) -> Array:
        """0, 1, 2 and so on."""
        return encode(np.arange(float(np.prod(self.shape))).reshape(self.shape), "float32")


FIRST = (
    Tiny("layer_normalization"),
    Tiny("rms_normalization"),
    Tiny("batch_normalization"),
    Tiny("group_normalization", {"groups": 2}),
    Tiny("feature_normalization"),
    Tiny("instance_normalization", shape=(2, 3, 4)),
    Tiny("unit_normalization"),
    Tiny("local_response_normalization", {"size": 3}, (2, 3, 4)),
    Tiny("filter_response_normalization", shape=(1, 2, 3, 4)),
)
DTYPES = ("float32", "float64", "float16", "bfloat16", "int32", "int64", "bool")


def smoke(adapter: Adapter) -> str | None:
    """One sentence that says what `adapter` does wrong and how to mend it, or None.

    An adapter that offers no layer passes: a run that judges nothing fails elsewhere.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            misspelt = _misspelt(adapter)
            tiny = None if misspelt else _first(adapter)
            return misspelt or (next(_faults(adapter, tiny), None) if tiny else None)
    except Exception as error:
        return f"the adapter raised {type(error).__name__} when asked for a tiny layer: {error}"


def _misspelt(adapter: Adapter) -> str:
    """A layer of the adapter's own table that no spec describes: no case would ever ask for it."""
    known = [*KerasArguments.defaults, "dense"]
    for name in getattr(adapter, "layers", ()):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.4)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            return f"layers has a {name}, and no spec describes one: {hint}"
    return ""


def _first(adapter: Adapter) -> Tiny | None:
    """The first layer that the adapter constructs."""
    for tiny in FIRST:
        try:
            adapter.construct(tiny.layer, tiny.arguments, tiny.shape, "float32")
        except Unsupported:
            continue
        return tiny
    return None


def _faults(adapter: Adapter, tiny: Tiny) -> Iterator[str]:
    """What is found wrong; what is not offered is left out."""
    for dtype in DTYPES:
        yield from _arrays(adapter, dtype)
    yield from _layouts(adapter)
    try:
        first, second = (_built(adapter, tiny) for _ in range(2))
        yield from _weights(adapter, first, second)
        yield from _output(adapter, first, tiny)
        yield from _gradient(adapter, first, tiny)
        yield from _file(adapter, first, Request("smoke", tiny.layer, tiny.arguments, tiny.shape, "float32"))
    except Unsupported:
        return


def _built(adapter: Adapter, tiny: Tiny) -> Any:
    layer = adapter.construct(tiny.layer, tiny.arguments, tiny.shape, "float32")
    adapter.build(layer, tiny.shape)
    return layer


def sample(dtype: str, shape: tuple[int, ...]) -> Array:
    """Values whose bits are easily lost: negative zero, a subnormal, infinity, NaN; or 0, 1, 2 and so on."""
    size = int(np.prod(shape))
    if dtype == "bool" or dtype.startswith("int"):
        return encode(np.arange(size).reshape(shape), dtype)
    smallest = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149, "float64": 2.0**-1074}[dtype]
    odd = np.array([-0.0, smallest, np.inf, np.nan, 1.0, -2.5, 3.25, -1.0])
    return encode(np.resize(odd, size).reshape(shape), dtype)


def _arrays(adapter: Adapter, dtype: str) -> Iterator[str]:
    """Bits survive the round trip, and writing into a native array does not reach the request."""
    for shape in (TINY, ()):
        sent = sample(dtype, shape)
        kept = bytes(bytearray(sent.data))
        try:
            native = adapter.to_native(sent)
            back = adapter.to_array(native)
        except Unsupported:
            return
        except Exception as error:
            if dtype == "float32":
                yield f"to_native or to_array raised {type(error).__name__}, and must take float32: {error}"
            return  # a framework or a device need not have every dtype
        if not isinstance(back, Array):
            yield f"to_array gave a {type(back).__name__}: it must give an Array"
        elif not isinstance(back.data, bytes):
            yield f"to_array gave its data as a {type(back.data).__name__}: it must copy them, as bytes"
        elif (back.dtype, back.shape) != (dtype, shape):
            yield (
                f"to_native and to_array made {back.dtype} of shape {back.shape} from {dtype} of shape "
                f"{shape}: they must keep dtype and shape"
            )
        elif back.data != kept:
            yield f"to_native and to_array changed the bits of a {dtype} array: they must copy its bytes"
        elif _shares_memory(adapter, native, sent, kept):
            yield "writing into what to_native gave changed the request's bytes: to_native must copy them"


def _layouts(adapter: Adapter) -> Iterator[str]:
    """An array that lies otherwise in memory has the values it had."""
    sent = sample("float32", TINY)
    for layout in ("transposed", "strided"):
        try:
            back = adapter.to_array(adapter.arrange(adapter.to_native(sent), layout))
        except Unsupported:
            return
        if back != sent:
            yield f"arrange changed an array that it was to lay out {layout}: values, shape and dtype must stay"


def _shares_memory(adapter: Adapter, native: Any, sent: Array, kept: bytes) -> bool:
    try:
        native[...] = 1
    except Exception:
        return False  # native arrays that cannot be written cannot be shared to any harm
    return sent.data != kept or adapter.to_array(adapter.to_native(sent)).data != kept


def _other(weight: Weight, start: int) -> Array:
    """Values for `weight` that it is unlikely to hold already."""
    values = np.arange(start, start + weight.value.size) % 7 + 2
    return encode(values.reshape(weight.value.shape), weight.value.dtype)


def _weights(adapter: Adapter, first: Any, second: Any) -> Iterator[str]:
    """What `weights` lists, `assign` sets, to the bit, and in one instance only."""
    try:
        listed, untouched = list(adapter.weights(first)), list(adapter.weights(second))
    except Unsupported:
        return
    if not all(isinstance(one, Weight) and isinstance(one.value, Array) for one in listed):
        yield "weights must give a Weight for each weight, with an Array as its value"
        return
    names = [one.name for one in listed]
    if len(set(names)) != len(names):
        yield f"weights gives the same name twice ({', '.join(names)}): each weight needs a name of its own"
    values = {one.name: _other(one, index) for index, one in reversed(list(enumerate(listed)))}
    try:
        adapter.assign(first, values)
    except Unsupported:
        return
    given = {value: name for name, value in values.items()}
    for one in adapter.weights(first):
        if (other := given.get(one.value)) not in (None, one.name):
            yield f"assign gave {one.name} the value of {other}: it must go by the names, whatever their order"
        elif one.value != values.get(one.name):
            yield f"assign set {one.name}, and weights then gave other bits: both must mean the same weight"
    if list(adapter.weights(second)) != untouched:
        yield "assigning to one layer changed another: construct must make a new layer each time"


def _output(adapter: Adapter, layer: Any, tiny: Tiny) -> Iterator[str]:
    """One array, of the input's shape; what is in it is for the cases to judge."""
    native = adapter.call(layer, adapter.to_native(tiny.input), False)
    try:
        output = adapter.to_array(native)
    except Unsupported:
        raise
    except Exception as error:
        yield (
            f"call gave a {type(native).__name__}, of which to_array raised {type(error).__name__}: it must return the "
            f"output, and nothing else: {error}"
        )
        return
    if not isinstance(output, Array):
        yield f"the output came back as a {type(output).__name__}: to_array must give an Array"
        return
    if len(output.data) != output.size * storage(output.dtype).itemsize:
        yield f"to_array gave {len(output.data)} bytes for {output.dtype} {output.shape}: they must agree"
    if not output.shape:
        yield "the output has no shape: call must give the whole output, not one number"
    elif output.shape != tiny.shape:
        yield (
            f"the output for an input of shape {tiny.shape} has shape {output.shape}: {tiny.layer} keeps the shape, so "
            "call, to_native or to_array must have changed it"
        )


def _gradient(adapter: Adapter, layer: Any, tiny: Tiny) -> Iterator[str]:
    """`input` with the input's shape, and one gradient for each trainable weight with its shape."""
    x = tiny.input
    try:
        _, gradients = adapter.gradient(layer, adapter.to_native(x), False, adapter.to_native(x))
        listed = adapter.weights(layer)
    except Unsupported:
        return
    expected = {"input": tiny.shape} | {one.name: one.value.shape for one in listed if one.trainable}
    found = {name: adapter.to_array(value).shape for name, value in gradients.items()}
    # A gradient of a weight that is not trainable is no fault of the adapter; the cases judge which weights are.
    if not expected.keys() <= found.keys():
        yield (
            f"gradient gave {', '.join(sorted(found)) or 'nothing'}, and not {', '.join(sorted(expected))}: "
            "it must give `input` and each trainable weight under the name that weights gives it"
        )
        return
    for name, shape in expected.items():
        if found[name] != shape:
            yield f"gradient gave {name} in shape {found[name]}: it must have the shape {shape}"


def _file(adapter: Adapter, layer: Any, request: Request) -> Iterator[str]:
    """Loading makes a layer; whether saving and loading succeed, and what comes back, is judged case by case."""
    try:
        with tempfile.TemporaryDirectory(prefix=folders_of(os.getpid())) as folder:
            adapter.save(layer, folder, "file")
            loaded = adapter.load(folder, request, "file")
    except Exception:
        return
    if loaded is layer or loaded is None:
        yield "load gave the saved layer itself, or none: it must give a new layer, made from what is in the folder"
