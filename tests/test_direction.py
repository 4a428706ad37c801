"""The derivatives of layers with formulas of their own, held against difference quotients of their exact answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from normcheck.cases.judgement.derived import along
from normcheck.cases.oracle.direction import as_root_mean_square
from normcheck.cases.oracle.expected import ANSWERS, asked, values_of
from normcheck.cases.requests.ask import request_for
from normcheck.cases.suite import suite

STEP = 2.0**-13
LAYERS = ("unit_normalization", "local_response_normalization", "spectral_normalization", "weight_normalization")


def case_of(layer):
    return suite().by_id[f"{layer}/derivatives-in-float64"]


@pytest.mark.parametrize("dialect", ["keras", "torch"])
@pytest.mark.parametrize("layer", LAYERS)
def test_the_derivatives_are_those_of_the_exact_answer_by_differences(layer, dialect):
    case = case_of(layer)
    call = asked(case, dialect, 0)
    tangent = values_of(request_for(case, dialect).steps[0].tangent)
    before, here, after = (ANSWERS[layer](replace(call, x=call.x + sign * STEP * tangent))[0] for sign in (-1, 0, 1))
    found = along(case, dialect, 0)
    for subject in here.subjects:
        slope = (after.exact(subject).nearest - before.exact(subject).nearest) / (2 * STEP)
        close(found.exact(subject).nearest, slope)
    outer = after.exact("output").nearest + before.exact("output").nearest
    close(found.exact("output_twice").nearest, (outer - 2 * here.exact("output").nearest) / STEP**2)


def close(got, wanted):
    assert np.abs(got - wanted).max() <= 1e-4 * max(1.0, np.abs(wanted).max())


@pytest.mark.parametrize(
    ("layer", "changes"),
    [
        ("unit_normalization", {"order": 3.0}),
        ("unit_normalization", {"epsilon": 1e6}),
        ("local_response_normalization", {"beta": 0.75}),
        ("local_response_normalization", {"size": 3}),
        ("local_response_normalization", {"alpha": 0.0}),
        ("local_response_normalization", {"alpha": 7.0}),
    ],
)
def test_what_is_no_root_mean_square_normalization_is_not_taken_for_one(layer, changes):
    call = asked(case_of(layer), "torch", 0)
    meant = replace(call.meant, arguments={**call.meant.arguments, **changes})
    with pytest.raises(TypeError, match=layer):
        as_root_mean_square(replace(call, meant=meant))
