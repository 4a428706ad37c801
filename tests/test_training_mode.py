"""What a call means that says nothing of training: the exact answer follows the dialect, and a mistake shows."""

from __future__ import annotations

import pytest

from normcheck.adapters.reference import ReferenceAdapter
from normcheck.cases.judgement.judge import judge
from normcheck.cases.oracle.expected import in_training
from normcheck.cases.requests.conventions import convention
from normcheck.tests.small_suite import case, seen

BETWEEN = "batch_normalization/nothing-said-between-modes"
SILENT = [
    "batch_normalization/nothing-said-of-training/dtype=float32",
    "batch_normalization/nothing-said-after-training",
    BETWEEN,
]


class Training(ReferenceAdapter):
    """The reference, but for calls that say nothing of training, which train."""

    def _forward(self, layer, x, training):
        return super()._forward(layer, x, True if training is None else training)


def modes(name, dialect):
    meant = convention(case(name), dialect)
    return [in_training(meant, index) for index in range(len(meant.case.steps))]


def test_keras_takes_silence_for_inference_and_pytorch_keeps_the_mode_it_is_in():
    assert [step.training for step in case(BETWEEN).steps] == [None, False, None, True, None]
    assert modes(BETWEEN, "keras") == [False, False, False, True, False]
    assert modes(BETWEEN, "torch") == [True, False, False, True, True]


def test_a_frozen_layer_is_never_in_training():
    assert modes("batch_normalization/not-trainable-in-training", "keras") == [False, False, False]


@pytest.mark.parametrize("name", SILENT)
def test_silence_taken_as_training_shows_in_output_and_state(name):
    asked = case(name)
    assert {one.result for one in judge(asked, "keras", seen(asked))} == {"right"}
    wrong = {one.aspect for one in judge(asked, "keras", seen(asked, Training())) if one.result == "wrong"}
    assert {"output", "state"} <= wrong
