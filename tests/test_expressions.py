"""The arithmetic of the specs, and what it refuses."""

from __future__ import annotations

import pytest

from normcheck.specs.expressions import ExpressionError, evaluate, names_in

NAMES = {
    "input": (5, 20, 30, 40),
    "axis": -1,
    "axes": [1, 3],
    "features": 40,
    "scale": True,
    "center": False,
    "nothing": None,
    "kind": {"kind": "constant"},
    "epsilon": 0.5,
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("features", 40),
        ("2 * features + 1", 81),
        ("2 + 3 * 4 - 5", 9),
        ("(2 + 3) * 4", 20),
        ("7 // 2", 3),
        ("-features", -40),
        ("-7 // 2", -4),
        ("1e-3", 0.001),
        ("epsilon * 4", 2.0),
        ("features * (center + scale)", 40),
        ("features * (1 - scale)", 0),
        ("input[axis]", 40),
        ("input[1]", 20),
        ("input[-2]", 30),
        ("input[axes]", (20, 40)),
        ("input[1, -1]", (20, 40)),
        ("input[1:]", (20, 30, 40)),
        ("input[:-1]", (5, 20, 30)),
        ("input[::2]", (5, 30)),
        ("(features,)", (40,)),
        ("()", ()),
        ("(1, features // 4)", (1, 10)),
        ("axes", (1, 3)),
        ("1 if scale else 2", 1),
        ("1 if center else 2", 2),
        ("input[nothing] if nothing != None else ()", ()),
        ("nothing is None", True),
        ("nothing is not None", False),
        ("features == 40 and axis < 0", True),
        ("0 < axis < 3", False),
        ("1 <= features <= 40", True),
        ("center or scale", True),
        ("features and 7", True),
        ("not scale", False),
        ("center and input[99]", False),
        ("True", True),
        (" features ", 40),
    ],
)
def test_an_expression_has_a_value(expression, expected):
    value = evaluate(expression, NAMES)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("print(1)", "a call is not allowed"),
        ("__import__('os').system('touch was-run')", "a call is not allowed"),
        ("().__class__", "an attribute is not allowed"),
        ("input.count", "an attribute is not allowed"),
        ("lambda: 1", "a lambda is not allowed"),
        ("[x for x in input]", "a comprehension is not allowed"),
        ("(x for x in input)", "a comprehension is not allowed"),
        ("{x: x for x in input}", "a comprehension is not allowed"),
        ("[1, 2]", "a list is not allowed"),
        ("(x := 1)", "an assignment is not allowed"),
        ("9 ** 9 ** 9", "a power is not allowed"),
        ("1 / 2", "a true division is not allowed"),
        ("1 << 99", "LShift is not allowed"),
        ("~1", "Invert is not allowed"),
        ("+1", "UAdd is not allowed"),
        ("1 in input", "In is not allowed"),
        ("(*input,)", "Starred is not allowed"),
        ("await features", "Await is not allowed"),
        ("'text'", "a string is not allowed"),
        ("b'text'", "a string is not allowed"),
        ("f'{features}'", "a string is not allowed"),
        ("2j", "2j is not allowed"),
        ("...", "Ellipsis is not allowed"),
        ("9007199254740993", "a number may be at most 2**53"),
        ("1e999", "a number may be at most 2**53"),
        ("features; features", "it cannot be read at column 9"),
        ("x = 1", "it cannot be read"),
        ("import os", "it cannot be read"),
        ("input[", "it cannot be read"),
        ("", "it cannot be read"),
        ("1if scale else 2", "it cannot be read"),
        ("\0", "it cannot be read"),
        ("-" * 99 + "1", "it is nested more than 20 levels deep"),
        ("1" + " + 1" * 60, "it is longer than 200 characters"),
        ("1" + "+1" * 60, "it is nested more than 20 levels deep"),
        ("größe", "the name 'größe' is not plain ASCII"),
    ],
)
def test_what_is_not_arithmetic_is_refused_unread(expression, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for read in (names_in, lambda text: evaluate(text, NAMES)):
        with pytest.raises(ExpressionError) as caught:
            read(expression)
        assert reason in str(caught.value)
        assert str(caught.value).isprintable()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("heads", "'heads': there is no 'heads' here"),
        ("features // center", "'features // center': it divides by zero"),
        ("input[9]", "'input[9]': it does not fit the values: tuple index out of range"),
        ("input * 2", "'input * 2': (5, 20, 30, 40) is not a number"),
        ("-input", "'-input': (5, 20, 30, 40) is not a number"),
        ("features + nothing", "'features + nothing': None is not a number"),
        ("features + kind", "'features + kind': {'kind': 'constant'} is not a number"),
        ("features[0]", "'features[0]': 40 cannot be indexed"),
        ("kind[0]", "'kind[0]': {'kind': 'constant'} cannot be indexed"),
        ("input[::0]", "'input[::0]': the step of a slice is zero"),
        ("8589934592 * 8589934592", "'8589934592 * 8589934592': the result is too large"),
    ],
)
def test_what_does_not_fit_the_values_is_an_error(expression, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, NAMES)
    assert str(caught.value) == message


def test_values_that_cannot_be_compared_are_an_error():
    with pytest.raises(ExpressionError, match="it does not fit the values"):
        evaluate("nothing < 1", NAMES)


def test_the_names_of_an_expression_are_known():
    assert names_in("input[axis] * (center + 1) if scale else 0") == {"input", "axis", "center", "scale"}
