import hashlib
from typing import get_args

import numpy as np
import pytest

from normcheck.adapters.arrays import decode, encode
from normcheck.cases.requests.inputs import drawn, generate, structured
from normcheck.specs.vocabulary import Family

FAMILIES = get_args(Family)
DIGESTS = [
    ("normal", "float32", "17b2b44000de3c84"),
    ("normal", "float64", "1aa904f859946c02"),
    ("scaled-to-epsilon", "float32", "1bb7600a8790c145"),
    ("large-mean", "float16", "7673655fafc20262"),
    ("huge-mean", "float32", "9421011cdebbbad5"),
    ("heavy-tails", "bfloat16", "50e174db9b17589f"),
    ("outlier", "float64", "e05d70bfa34046d2"),
    ("integers", "int32", "fe75334c140dcae5"),
    ("ramp", "float32", "e2e397ee2ff06ef8"),
]
DRAWN = [
    ("gamma", "float32", "54fca3eb25dcff59"),
    ("upstream", "bfloat16", "a7a23bfc262d6403"),
    ("moving_variance", "float64", "2fbd5d70fab2db8c"),
]
FLOATING = ("float32", "float64", "float16", "bfloat16")


def made(family, shape=(4, 12), dtype="float32", epsilon=1e-3):
    return decode(generate(family, shape, dtype, "seed", epsilon)).astype(np.float64)


@pytest.mark.parametrize("dtype", [*FLOATING, "int32", "int64", "bool"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_exists_in_every_dtype_that_can_hold_it(family, dtype):
    if family.endswith(("nan-row", "inf-row")) and dtype in ("int32", "int64"):
        with pytest.raises(ValueError, match="holds no NaN"):
            generate(family, (4, 12), dtype, "seed", 1e-3)
        return
    for shape in ((4, 12), (8,), (2, 3, 4), (0, 4), (1, 4)):
        array = generate(family, shape, dtype, "seed", 1e-3)
        assert (array.shape, array.dtype) == (shape, dtype)
        if not family.endswith(("nan-row", "inf-row")):
            assert np.isfinite(decode(array).astype(np.float64)).all()


def digest(array):
    return hashlib.sha256(array.data).hexdigest()[:16]


@pytest.mark.parametrize(("family", "dtype", "expected"), DIGESTS)
def test_the_bits_of_an_input_never_change(family, dtype, expected):
    assert digest(generate(family, (3, 8), dtype, "layer/case", 1e-3)) == expected


@pytest.mark.parametrize(("role", "dtype", "expected"), DRAWN)
def test_the_bits_of_a_drawn_weight_never_change(role, dtype, expected):
    assert digest(drawn(role, (7,), dtype, "layer/case")) == expected


def test_another_seed_gives_other_bits_and_so_does_another_family():
    arrays = {generate("normal", (3, 8), "float32", seed, 1e-3).data for seed in ("a", "b", "c")}
    arrays.add(generate("heavy-tails", (3, 8), "float32", "a", 1e-3).data)
    assert len(arrays) == 4


def test_normal_numbers_have_mean_0_variance_1_and_the_tails_of_twelve_uniforms():
    values = made("normal", (1 << 16,), "float64")
    assert abs(values.mean()) < 0.02
    assert abs(values.var() - 1) < 0.03
    assert 3.5 < np.abs(values).max() <= 6
    assert (values * 2.0**32 % 1 != 0).mean() > 0.9


def test_scaled_to_epsilon_has_epsilon_for_variance():
    assert made("scaled-to-epsilon", (4096,), epsilon=1e-3).var() == pytest.approx(1e-3, rel=0.1)


@pytest.mark.parametrize("axis", [0, 1])
def test_exact_groups_have_mean_3_and_variance_5_in_rows_and_channels(axis):
    values = made("exact", (8, 12))
    np.testing.assert_array_equal(values.mean(axis=axis), 3)
    np.testing.assert_array_equal(values.var(axis=axis), 5)


def test_exact_needs_an_axis_of_a_multiple_of_4():
    with pytest.raises(ValueError, match="multiple of 4"):
        generate("exact", (3, 5), "float32", "seed", 4.0)


def test_an_outlier_comes_first_in_every_row_and_every_channel():
    values = np.abs(made("outlier", (2, 1026), "float64"))
    assert values[1, 0] > 20 * np.median(values[1])
    assert (np.median(values[0]) > 1e3).all()
    image = np.abs(made("outlier", (2, 3, 3, 4), "float64"))
    assert (image[:, 0, 0, :] > 20 * np.median(image[:, 1:, 1:, 1:])).mean() > 0.9


@pytest.mark.parametrize(
    ("family", "check"), [("nan-row", np.isnan), ("inf-row", np.isposinf), ("minus-inf-row", np.isneginf)]
)
def test_one_element_of_one_example_is_not_finite(family, check):
    values = made(family, (4, 3, 5))
    assert check(values).sum() == 1
    assert check(values[2]).any()


@pytest.mark.parametrize("dtype", FLOATING)
def test_near_overflow_stays_within_the_domain_and_subnormals_below_the_normals(dtype):
    accumulated = np.finfo(np.float64 if dtype == "float64" else np.float32)
    values = made("near-overflow", (16, 32), dtype)
    assert np.isfinite(values).all()
    assert np.sum(values**2) <= float(accumulated.max) / 4
    tiny = {"float16": 2.0**-14, "float64": 2.0**-1022}.get(dtype, 2.0**-126)
    small = np.abs(made("subnormal", (16, 32), dtype))
    assert (small < tiny).all()
    assert small.any()


@pytest.mark.parametrize(
    ("family", "mean"), [("mean-1e5", 1e5), ("mean-1e6", 1e6), ("mean-1e7", 1e7), ("mean-1e8", 1e8)]
)
def test_a_far_mean_leaves_the_deviation_at_1(family, mean):
    values = made(family, (64, 64), "float64")
    assert values.mean() == pytest.approx(mean, abs=0.1)
    assert values.std() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("dtype", "most"), [("float16", 65504.0), ("float32", float(np.float32(1e38))), ("float64", 1e38)]
)
def test_the_largest_numbers_have_both_signs_and_two_sizes(dtype, most):
    values = made("largest", (16, 16), dtype)
    assert set(np.abs(values).ravel()) == {most, most / 2}
    assert (values < 0).any()
    assert (values > 0).any()


def test_sorted_numbers_ascend_and_repeated_rows_repeat():
    assert (np.diff(made("sorted", (4, 12)).ravel()) >= 0).all()
    rows = made("repeated-rows", (4, 12))
    assert (rows == rows[0]).all()
    assert rows.std(axis=1).all()
    assert 1e-9 < np.abs(made("tiny", (4, 12), "float64")).max() < 1e-7


def test_integers_are_small_whole_numbers_and_constants_are_constant():
    values = made("integers", (64, 8))
    np.testing.assert_array_equal(values, np.rint(values))
    assert set(values.ravel()) == set(range(-8, 8))
    assert made("zero-variance").std() == 0
    assert (made("constant-rows").std(axis=1) == 0).all()
    assert made("constant-rows").std(axis=0).all()


@pytest.mark.parametrize("role", ["gamma", "beta", "scale", "upstream", "moving_mean", "mean"])
def test_drawn_values_are_exact_in_16_bits_of_mixed_sign_and_of_moderate_size(role):
    values = decode(drawn(role, (2, 50), "float64", "seed"))
    for narrow in ("float16", "bfloat16"):
        np.testing.assert_array_equal(decode(encode(values, narrow)).astype(np.float64), values)
    assert (np.abs(values) >= 0.25).all()
    assert (np.abs(values) < 2).all()
    assert len(np.sign(np.unique(values)).tolist()) > 10


def test_two_values_have_two_signs_for_any_seed():
    for seed in range(20):
        assert set(np.sign(decode(drawn("gamma", (2,), "float32", str(seed))))) == {-1.0, 1.0}


@pytest.mark.parametrize("role", ["moving_variance", "variance"])
def test_drawn_variances_are_positive(role):
    values = decode(drawn(role, (100,), "bfloat16", "seed"))
    assert (values >= 0.25).all()
    assert (values < 4).all()


def test_a_count_is_zero():
    count = drawn("num_batches_tracked", (), "int64", "seed")
    assert (count.dtype, count.shape, decode(count).item()) == ("int64", (), 0)


def test_structured_families_are_those_whose_rounding_errors_add_up():
    assert {family for family in FAMILIES if structured(family)} == {
        "zero-variance",
        "constant-rows",
        "repeated-rows",
        "alternating",
        "ramp",
        "sorted",
        "one-hot",
        "largest",
        "integers",
        "exact",
        "mean-1e5",
        "mean-1e6",
        "mean-1e7",
        "mean-1e8",
    }
