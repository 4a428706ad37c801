"""The smoke check names the fault of an adapter, and leaves right ones and faulty layers alone."""

from __future__ import annotations

import numpy as np
import pytest

from normcheck.adapters.arrays import Array, decode, encode
from normcheck.adapters.interface import Adapter, Unsupported, Weight
from normcheck.adapters.reference import ReferenceAdapter
from normcheck.adapters.smoke import FIRST, smoke


class Scaling(ReferenceAdapter):
    """The reference, with native arrays that can be written and lie in one way."""

    arrange = Adapter.arrange

    def to_native(self, array):
        return np.frombuffer(bytearray(array.data), "uint8"), array.dtype, array.shape

    def to_array(self, native):
        return Array(native[1], native[2], native[0].tobytes())

    def call(self, layer, x, training):
        return self.to_native(super().call(layer, self.to_array(x), training))

    def gradient(self, layer, x, training, upstream):
        output, found = super().gradient(layer, self.to_array(x), training, self.to_array(upstream))
        return self.to_native(output), {name: self.to_native(value) for name, value in found.items()}


class Plain(Adapter):
    """Multiplies by a weight, with NumPy arrays as native ones."""

    name = "plain"

    def construct(self, layer, arguments, shape, dtype):
        if layer != "layer_normalization":
            raise Unsupported(f"no {layer}")
        return {"gamma": np.ones(shape[-1], dtype)}

    def weights(self, layer):
        return [Weight(name, True, encode(value)) for name, value in layer.items()]

    def assign(self, layer, values):
        layer |= {name: decode(value) for name, value in values.items()}

    def to_native(self, array):
        if array.dtype == "bfloat16":
            raise TypeError("NumPy has no bfloat16")
        return decode(array).copy()

    def to_array(self, native):
        return encode(native)

    def call(self, layer, x, training):
        return x * layer["gamma"]

    def gradient(self, layer, x, training, upstream):
        return self.call(layer, x, training), {"input": upstream, "gamma": upstream.sum(0)}


SHARED = {"gamma": np.ones(4, "float32")}


@pytest.mark.parametrize("adapter", [ReferenceAdapter, Scaling, Plain])
def test_a_right_adapter_has_nothing_said_of_it(adapter):
    assert smoke(adapter()) is None


def test_an_adapter_that_offers_nothing_is_in_order():
    assert smoke(Adapter()) is None


def test_a_layer_that_computes_nonsense_is_no_fault_of_the_adapter():
    nonsense = type("Nonsense", (Plain,), {"call": lambda self, layer, x, training: x * np.nan})
    assert smoke(nonsense()) is None


def test_a_layer_that_cannot_be_saved_is_no_fault_of_the_adapter():
    failing = type("Failing", (Plain,), {"save": lambda self, layer, folder, how: 1 / 0})
    assert smoke(failing()) is None


@pytest.mark.parametrize("tiny", FIRST, ids=lambda tiny: tiny.layer)
def test_every_layer_is_looked_at_where_it_is_the_only_one(tiny):
    def construct(self, layer, arguments, shape, dtype):
        if layer != tiny.layer:
            raise Unsupported(f"no {layer}")
        return {"gamma": np.ones(shape[-1], dtype)}

    faulty = {"construct": construct, "call": lambda self, layer, x, training: x.T}
    assert f"for an input of shape {tiny.shape}" in smoke(type("Only", (Plain,), faulty)())


@pytest.mark.parametrize("method", ["to_native", "to_array", "call", "build", "assign"])
def test_a_method_that_is_not_offered_is_in_order(method):
    assert smoke(type("Without", (Plain,), {method: _refuse})()) is None


def test_an_adapter_without_weights_or_gradients_is_in_order():
    bare = type("Bare", (Plain,), {"weights": Adapter.weights, "gradient": Adapter.gradient})
    assert smoke(bare()) is None


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (
            {"to_native": lambda self, array: decode(array)[::-1].copy() if array.shape else decode(array)},
            "bits",
        ),
        ({"to_native": lambda self, array: np.abs(decode(array))}, "changed the bits of a float32"),
        ({"to_array": lambda self, native: encode(np.atleast_1d(native))}, "keep dtype and shape"),
        (
            {"to_array": lambda self, native: encode(native, "float64")},
            "made float64 of shape (2, 4) from float32",
        ),
        ({"to_array": lambda self, native: native}, "to_array gave a ndarray: it must give an Array"),
        ({"to_native": lambda self, array: 1 / 0}, "must take float32: division by zero"),
        ({"assign": lambda self, layer, values: None}, "assign set gamma, and weights then gave other bits"),
        (
            {
                "construct": lambda self, *_: SHARED,
                "assign": lambda self, layer, values: _fill(layer, values),
            },
            "assigning to one layer changed another",
        ),
        (
            {"weights": lambda self, layer: [Weight("gamma", True, encode(layer["gamma"]))] * 2},
            "the same name twice (gamma, gamma)",
        ),
        ({"weights": lambda self, layer: [("gamma", layer["gamma"])]}, "weights must give a Weight"),
        ({"arrange": lambda self, native, layout: native[:, ::2]}, "arrange changed an array"),
        (
            {
                "save": lambda self, layer, folder, how: setattr(self, "kept", layer),
                "load": lambda self, folder, request, how: self.kept,
            },
            "load gave the saved layer itself",
        ),
        ({"call": lambda self, layer, x, training: x.sum()}, "the output has no shape"),
        ({"call": lambda self, layer, x, training: x.T}, "for an input of shape (2, 4) has shape (4, 2)"),
        ({"call": lambda self, layer, x, training: x[0]}, "has shape (4,): layer_normalization keeps the shape"),
        (
            {"call": lambda self, layer, x, training: (x, x[0])},
            "call gave a tuple, of which to_array raised ValueError: it must",
        ),
        (
            {"to_array": lambda self, native: Array(native.dtype.name, native.shape, native.data.cast("B"))},
            "to_array gave its data as a memoryview: it must copy them, as bytes",
        ),
        (
            {
                "construct": lambda self, *_: {"gamma": np.ones(4, "float32"), "beta": np.zeros(4, "float32")},
                "assign": lambda self, layer, values: layer.update(
                    zip(list(layer), map(decode, values.values()), strict=True)
                ),
            },
            "assign gave gamma the value of beta: it must go by the names",
        ),
        ({"layers": {"layer_norm": None}}, "layers has a layer_norm, and no spec describes one: did you mean layer_"),
        ({"layers": {"attention": None}}, "no spec describes one"),
        (
            {"gradient": lambda self, layer, x, training, upstream: (x, {"input": upstream})},
            "gradient gave input, and not gamma, input",
        ),
        (
            {"gradient": lambda self, layer, x, training, g: (x, {"input": g, "gamma": g})},
            "gradient gave gamma in shape (2, 4): it must have the shape (4,)",
        ),
        ({"build": lambda self, layer, shape: [][0]}, "raised IndexError when asked for a tiny layer"),
    ],
)
def test_a_fault_of_the_adapter_is_named(faults, said):
    found = smoke(type("Faulty", (Plain,), faults)())
    assert said in found
    assert "\n" not in found


def _refuse(self, *given):
    raise Unsupported("not offered")


def _fill(layer, values):
    for name, value in values.items():
        layer[name][...] = decode(value)


def test_a_native_array_that_shares_the_request_s_bytes_is_noticed():
    class Sharing(Plain):
        def to_native(self, array):
            shared = np.array(decode(array))
            self.kept = getattr(self, "kept", {})
            return self.kept.setdefault((array.dtype, array.shape, array.data), shared)

    assert "to_native must copy them" in smoke(Sharing())


def test_bytes_that_do_not_fill_the_shape_are_noticed():
    class Short(Plain):
        def call(self, layer, x, training):
            return None

        def to_array(self, native):
            return Array("float32", (2, 4), b"") if native is None else encode(native)

    assert "to_array gave 0 bytes for float32" in smoke(Short())
