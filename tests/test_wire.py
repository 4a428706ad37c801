"""Requests and observations come out of the wire as they went in."""

from __future__ import annotations

import execnet
import numpy as np
import pytest

from normcheck.adapters.arrays import encode
from normcheck.adapters.interface import Observation, Raised, Request, Snapshot, Step, StepSeen, Weight
from normcheck.adapters.process.wire import pack, unpack

X = encode(np.array([[1.0, np.nan], [-0.0, 3.0]]), "bfloat16")

REQUEST = Request(
    case="layer_normalization/axes/axis=[1,2]",
    layer="sequential",
    arguments={
        "axis": [1, 2],
        "gamma_regularizer": {"kind": "l2", "factor": 0.01},
        "name": None,
        "scale": True,
    },
    shape=(2, 2),
    dtype="bfloat16",
    weights={"gamma": X, "0.weight": X},
    steps=(Step("call", X, True, X), Step("update", X, None, X, 0.5, "strided")),
    repeat=True,
    restore=("file", "copy"),
    layers=(("layer_normalization", {}), ("dense", {"units": 3, "activation": "relu"})),
)

OBSERVATION = Observation(
    case="a/b",
    weights=(Weight("gamma", True, X), Weight("count", False, encode(np.zeros((), np.int64)))),
    parameters=(2, 1),
    steps=(StepSeen(X, {"input": X}, {"count": X}, 0.25, False), StepSeen()),
    raised=Raised(("ValueError", "Exception"), "axis “5”\n", "call", 1, "a.py:1 in f: g()"),
    unsupported={"adapt": "there is nothing to adapt"},
    repeats=False,
    restored={
        "file": (
            Snapshot({"axis": [1], "dtype": {"name": "float32"}}, (Weight("gamma", True, X),), StepSeen(X)),
            Snapshot({}, (), StepSeen()),
        )
    },
    refused={"pickle": Raised(("TypeError",), "cannot pickle", "save", None, "")},
    seconds=0.125,
)


def carried(value):
    return unpack(execnet.loads(execnet.dumps(pack(value))))


@pytest.mark.parametrize("value", [REQUEST, OBSERVATION, Observation("empty"), X], ids=lambda one: type(one).__name__)
def test_what_goes_in_comes_out(value):
    assert carried(value) == value


@pytest.mark.parametrize("value", [None, True, 1, -2.5, "ü", b"\x00\xff", [1, [2]], (1, ()), {"a": {"b": ()}}])
def test_builtin_values_keep_value_and_type(value):
    assert carried(value) == value
    assert type(carried(value)) is type(value)


def test_a_number_that_is_not_python_s_is_refused():
    with pytest.raises(TypeError, match=r"numpy\.float64 cannot travel"):
        pack({"epsilon": np.float64(1.0)})


def test_a_key_that_is_no_string_is_refused():
    with pytest.raises(TypeError, match="a key must be a string"):
        pack({1: "one"})


def test_an_empty_key_is_refused_for_it_marks_a_class():
    with pytest.raises(ValueError, match="an empty key"):
        pack({"": "Array"})


def test_an_unknown_class_is_refused():
    with pytest.raises(KeyError, match="Popen"):
        unpack({"": "Popen", "args": ()})
