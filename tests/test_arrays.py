"""Arrays keep their bits, and bfloat16 is rounded once, to nearest even."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from normcheck.adapters.arrays import LAYOUTS, Array, arranged, bfloat16_bits, decode, encode

LARGEST = 0x7F7F  # the largest finite bfloat16


def value_of(bits):
    return struct.unpack("<f", struct.pack("<I", int(bits) << 16))[0]


# Every non-negative finite bfloat16 in order, and one more step where infinity is, as a number.
GRID = np.array([value_of(bits) for bits in range(LARGEST + 1)] + [2.0**128], np.float64)


def by_search(value):
    """The bits of the nearest value of the grid, the even one of two as near; every step is exact."""
    size = abs(value)
    above = int(np.searchsorted(GRID, size))
    if above == len(GRID):
        bits = LARGEST + 1
    elif above == 0 or GRID[above] == size:
        bits = above
    else:
        middle = (GRID[above - 1] + GRID[above]) / 2
        even = above if above % 2 == 0 else above - 1
        bits = above if size > middle else above - 1 if size < middle else even
    return bits | (0x8000 if np.signbit(value) else 0)


def assert_rounded(values):
    values = np.asarray(values, np.float64)
    found = bfloat16_bits(values)
    assert [hex(bits) for bits in found.ravel()] == [hex(by_search(one)) for one in values.ravel()]


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e4, 1e-39, 1e38])
def test_random_values_round_to_the_nearest(scale):
    assert_rounded(np.random.default_rng(7).normal(size=1500) * scale)


def test_ties_go_to_the_even_neighbour():
    places = np.random.default_rng(3).integers(0, LARGEST, 500)
    middles = (GRID[places] + GRID[places + 1]) / 2
    assert_rounded(np.concatenate([middles, -middles]))


def test_a_float64_beside_a_tie_is_not_rounded_twice():
    places = np.random.default_rng(4).integers(0x80, LARGEST, 500)
    middles = (GRID[places] + GRID[places + 1]) / 2
    assert_rounded(np.nextafter(middles, np.inf))
    assert_rounded(np.nextafter(middles, 0.0))


def test_subnormals_round_like_all_others():
    assert_rounded(np.arange(0, 400) * 2.0**-135)
    assert_rounded([2.0**-134, np.nextafter(2.0**-134, 1), 2.0**-140, 2.0**-149, 5e-324])


def test_what_lies_beyond_the_largest_becomes_infinite():
    limit = (GRID[-2] + GRID[-1]) / 2
    assert_rounded([GRID[-2], np.nextafter(limit, 0), limit, np.nextafter(limit, np.inf), 1e300, -1e300])


def test_infinities_stay_and_every_nan_becomes_the_quiet_one():
    assert list(bfloat16_bits(np.array([np.inf, -np.inf, np.nan, -np.nan]))) == [
        0x7F80,
        0xFF80,
        0x7FC0,
        0x7FC0,
    ]


def test_zero_keeps_its_sign():
    assert list(bfloat16_bits(np.array([0.0, -0.0]))) == [0x0000, 0x8000]


def test_every_bfloat16_survives_decoding_and_encoding():
    every = np.arange(2**16, dtype="<u2")
    numbers = every[((every & 0x7F80) != 0x7F80) | ((every & 0x7F) == 0)]
    array = Array("bfloat16", numbers.shape, numbers.tobytes())
    assert encode(decode(array), "bfloat16") == array


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64", "bool"])
@pytest.mark.parametrize("shape", [(2, 3), (), (0, 4)])
def test_values_survive_encoding_and_decoding(dtype, shape):
    values = np.ones(shape, dtype)
    array = encode(values)
    assert (array.dtype, array.shape, array.size) == (dtype, shape, values.size)
    assert np.array_equal(decode(array), values)
    assert decode(array).dtype == values.dtype


def test_elements_are_packed_in_c_order():
    assert encode(np.arange(6, dtype="int32").reshape(2, 3).T).data == struct.pack("<6i", 0, 3, 1, 4, 2, 5)


def test_a_value_too_large_for_float16_becomes_infinite_without_a_warning():
    assert np.isinf(decode(encode(np.array([70000.0]), "float16"))).all()


def test_decoded_values_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        decode(encode(np.zeros(3)))[0] = 1


def test_an_unknown_dtype_is_refused():
    with pytest.raises(TypeError, match="float8"):
        encode(np.zeros(3), "float8")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "bool"])
def test_a_layout_changes_where_values_lie_and_no_value(layout, dtype):
    values = np.broadcast_to(np.arange(20).reshape(4, 5), (3, 4, 5)) if layout == "broadcast" else np.arange(60)
    array = encode(values.reshape(3, 4, 5), dtype)
    found = decode(arranged(array, layout))
    assert np.array_equal(found, decode(array))


@pytest.mark.parametrize(
    ("layout", "strides"),
    [
        ("contiguous", (80, 20, 4)),
        ("transposed", (4, 12, 48)),
        ("strided", (160, 40, 8)),
        ("reversed", (-80, -20, -4)),
        ("channels-last", (80, 4, 16)),
        ("broadcast", (0, 20, 4)),
        ("read-only", (80, 20, 4)),
        ("unaligned", (80, 20, 4)),
    ],
)
def test_a_layout_says_how_far_apart_elements_lie(layout, strides):
    assert arranged(encode(np.zeros((3, 4, 5), "float32")), layout).bits.strides == strides


def test_memory_is_locked_or_begins_at_an_odd_address_where_that_is_asked_for():
    array = encode(np.zeros((3, 4), "float32"))
    assert [arranged(array, name).bits.flags.writeable for name in ("contiguous", "read-only")] == [True, False]
    assert [arranged(array, name).bits.flags.aligned for name in ("contiguous", "unaligned")] == [True, False]
    assert arranged(array, "unaligned").bits.ctypes.data % 2 == 1


def test_an_arranged_copy_can_be_written_and_its_source_cannot_be_reached():
    source = encode(np.arange(6.0).reshape(2, 3))
    decode(arranged(source, "strided"))[...] = 0
    assert np.array_equal(decode(source).ravel(), np.arange(6.0))
