"""What the dialects of Flax and ONNX mean, and what their adapters cannot express; without a framework."""

from __future__ import annotations

import numpy as np
import pytest

from normcheck.adapters.arguments import build_with
from normcheck.adapters.flax.layers import LAYERS as FLAX
from normcheck.adapters.flax.layers import FlaxArguments
from normcheck.adapters.interface import Unsupported
from normcheck.adapters.onnx.operators import LAYERS as ONNX
from normcheck.adapters.onnx.operators import OnnxArguments, Operator
from normcheck.cases.oracle.expected import in_training
from normcheck.cases.requests.conventions import convention
from normcheck.cases.suite import suite

BATCH = suite().by_id["batch_normalization/initial-weights/dtype=float32"]


def test_flax_weighs_the_old_average_counts_its_statistics_and_begins_in_training():
    meant = convention(BATCH, "flax")
    assert (meant.arguments["momentum"], meant.arguments["epsilon"]) == (0.99, 1e-5)
    assert [weight.name for weight in meant.weights] == ["scale", "bias", "mean", "var"]
    between = next(
        case for case in suite().cases if case.layer == "batch_normalization" and case.steps[0].training is None
    )
    assert in_training(convention(between, "flax"), 0)
    assert not in_training(convention(between, "onnx"), 0)


def test_a_weight_that_a_dialect_gives_no_shape_is_not_there():
    case = next(case for case in suite().cases if case.layer == "spectral_normalization" and case.dialects is None)
    assert convention(case, "flax").weights == ()


def test_onnx_holds_real_numbers_in_float32():
    assert convention(BATCH, "onnx").arguments["epsilon"] == float(np.float32(1e-5)) != 1e-5


def test_flax_moves_the_channels_of_groups_behind_the_others():
    recipe = FLAX["group_normalization"](FlaxArguments("group_normalization", {"axis": 1}, (2, 32, 5), "float32"))
    assert (recipe.moved, recipe.sizes) == (-2, (32,))


def test_onnx_names_the_first_axis_of_those_it_normalizes():
    given = OnnxArguments("layer_normalization", {"axis": [-1, 1], "center": False}, (2, 3, 5), "float32")
    assert ONNX["layer_normalization"](given) == Operator("LayerNormalization", {"axis": -2}, {"Scale": (3, 5)})


@pytest.mark.parametrize(
    ("layer", "given", "shape"),
    [
        ("layer_normalization", {"axis": 1}, (2, 3, 5)),
        ("batch_normalization", {"center": False}, (2, 3)),
        ("instance_normalization", {"track_running_stats": True}, (2, 3, 5)),
        ("group_normalization", {}, (2, 3)),
        ("unit_normalization", {"epsilon": 1e-3}, (2, 3)),
        ("local_response_normalization", {"size": 2}, (2, 3, 5, 5)),
        ("rms_normalization", {"trainable": False}, (2, 3)),
    ],
)
def test_onnx_does_not_express_what_its_operators_have_no_attribute_for(layer, given, shape):
    with pytest.raises(Unsupported):
        build_with(ONNX[layer], OnnxArguments(layer, given, shape, "float32"), "onnxruntime")
