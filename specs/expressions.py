"""The small arithmetic of the specs: parsed with a list of what is allowed, never run as Python.

Allowed: names, numbers, `None`, `True`, `False`; `+ - * //` and unary minus; comparisons; `and or not`;
tuples, which `+` joins; `a if condition else b`; and indexing: by a number, a list of numbers (giving a tuple) or
a slice.
`True` and `False` count as 1 and 0; `and`, `or` and `not` give `True` or `False`.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

MAXIMUM_LENGTH = 200
MAXIMUM_DEPTH = 20
LARGEST = 2**53

ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
ALLOWED = (
    ast.Expression,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.BinOp,
    ast.UnaryOp,
    ast.USub,
    ast.Not,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.Compare,
    ast.IfExp,
    ast.Subscript,
    ast.Slice,
    ast.Tuple,
    *ARITHMETIC,
    *COMPARISONS,
)
REFUSED = {
    ast.Call: "a call",
    ast.Attribute: "an attribute",
    ast.Lambda: "a lambda",
    ast.Pow: "a power",
    ast.Div: "a true division",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.JoinedStr: "a string",
    ast.NamedExpr: "an assignment",
    ast.List: "a list",
}
HINT = "use names, numbers, + - * //, comparisons, and, or, not, [ ], tuples and if-else"


class ExpressionError(Exception):
    """An expression that is not allowed, or that does not fit the values given; the message says why."""


def evaluate(expression: str, names: Mapping[str, Any]) -> Any:
    """The value of `expression`: a number, a truth value, None or a tuple.

    names: numbers, truth values, None, and lists or tuples of numbers.
    Raises ExpressionError for what is not allowed and for what does not fit.
    """
    try:
        return _value(_parsed(expression), names)
    except ExpressionError as error:
        raise _error(expression, str(error)) from None
    except ZeroDivisionError:
        raise _error(expression, "it divides by zero") from None
    except (IndexError, TypeError, OverflowError) as error:
        raise _error(expression, f"it does not fit the values: {error}") from None


def names_in(expression: str) -> frozenset[str]:
    """The names an expression uses. Raises ExpressionError for what is not allowed."""
    try:
        tree = _parsed(expression)
    except ExpressionError as error:
        raise _error(expression, str(error)) from None
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _error(expression: str, reason: str) -> ExpressionError:
    text = repr(expression)
    return ExpressionError(f"{text if len(text) <= 80 else text[:77] + '...'}: {reason}")


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> ast.expr:
    if len(expression) > MAXIMUM_LENGTH:
        raise ExpressionError(f"it is longer than {MAXIMUM_LENGTH} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        column = f" at column {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise ExpressionError(f"it cannot be read{column}; {HINT}") from None
    _check(tree.body, 1)
    return tree.body


def _check(node: ast.AST, depth: int) -> None:
    if depth > MAXIMUM_DEPTH:
        raise ExpressionError(f"it is nested more than {MAXIMUM_DEPTH} levels deep")
    if isinstance(node, ast.Constant):
        _check_constant(node)
    if isinstance(node, ast.Name) and not node.id.isascii():
        raise ExpressionError(f"the name {node.id!r} is not plain ASCII")
    if not isinstance(node, ALLOWED):
        what = REFUSED.get(type(node), f"{type(node).__name__}")
        raise ExpressionError(f"{what} is not allowed; {HINT}")
    for child in ast.iter_child_nodes(node):
        _check(child, depth + 1)


def _check_constant(node: ast.Constant) -> None:
    value = node.value
    if isinstance(value, str | bytes):
        raise ExpressionError(f"a string is not allowed; {HINT}")
    if value is not None and not isinstance(value, int | float):
        raise ExpressionError(f"{value!r} is not allowed; {HINT}")
    if value is not None and abs(value) > LARGEST:
        raise ExpressionError(f"a number may be at most 2**53; {HINT}")


def _value(node: ast.AST | None, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return _named(node.id, names)
        case ast.Tuple():
            return tuple(_value(part, names) for part in node.elts)
        case ast.BinOp():
            return _arithmetic(node, names)
        case ast.UnaryOp():
            operand = _value(node.operand, names)
            return not operand if isinstance(node.op, ast.Not) else -_number(operand)
        case ast.BoolOp():
            parts = (bool(_value(part, names)) for part in node.values)
            return all(parts) if isinstance(node.op, ast.And) else any(parts)
        case ast.Compare():
            return _comparison(node, names)
        case ast.IfExp():
            return _value(node.body if _value(node.test, names) else node.orelse, names)
        case ast.Subscript():
            return _item(_value(node.value, names), node.slice, names)
    return None


def _named(name: str, names: Mapping[str, Any]) -> Any:
    if name not in names:
        raise ExpressionError(f"there is no {name!r} here")
    value = names[name]
    return tuple(value) if isinstance(value, list) else value


def _number(value: Any) -> Any:
    if not isinstance(value, int | float):
        raise ExpressionError(f"{value!r} is not a number")
    return value


def _arithmetic(node: ast.BinOp, names: Mapping[str, Any]) -> Any:
    left, right = _value(node.left, names), _value(node.right, names)
    if isinstance(node.op, ast.Add) and isinstance(left, tuple) and isinstance(right, tuple):
        return left + right
    left, right = _number(left), _number(right)
    result = ARITHMETIC[type(node.op)](left, right)
    if abs(result) > 2**63:
        raise ExpressionError("the result is too large")
    return result


def _comparison(node: ast.Compare, names: Mapping[str, Any]) -> bool:
    left = _value(node.left, names)
    for compare, right_node in zip(node.ops, node.comparators, strict=True):
        right = _value(right_node, names)
        if not COMPARISONS[type(compare)](left, right):
            return False
        left = right
    return True


def _item(container: Any, index: ast.expr, names: Mapping[str, Any]) -> Any:
    if not isinstance(container, tuple):
        raise ExpressionError(f"{container!r} cannot be indexed")
    if isinstance(index, ast.Slice):
        bounds = [_value(bound, names) for bound in (index.lower, index.upper, index.step)]
        if bounds[2] == 0:
            raise ExpressionError("the step of a slice is zero")
        return container[slice(*bounds)]
    position = _value(index, names)
    if isinstance(position, tuple):
        return tuple(container[part] for part in position)
    return container[position]
