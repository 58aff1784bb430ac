"""Matrices of numbers as people type them on a command line: `[[8], [11]]`, `[1, 2/3]`, `0.5`."""

from __future__ import annotations

import ast
from fractions import Fraction
from typing import Any

from symgrad.errors import InvalidGiven

_LONGEST = 100_000
_DEEPEST = 3
_MOST_DIGITS = 400


def read_rows(text: str, shown: str) -> Any:
    """Nested lists of exact fractions, or one fraction; anything but numbers and brackets is refused.

    >>> read_rows("[[8], [-1/2]]", "")
    [[Fraction(8, 1)], [Fraction(-1, 2)]]
    """
    if len(text) > _LONGEST:
        raise InvalidGiven(f"a given value of {len(text)} characters is too long; {_LONGEST} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise InvalidGiven(f"{shown}: the value is not a matrix of numbers such as [[8],[11]]") from None
    return _read(tree, text, shown, 0)


def _read(tree: ast.expr, text: str, shown: str, depth: int) -> Any:
    if isinstance(tree, (ast.List, ast.Tuple)) and depth < _DEEPEST:
        return [_read(item, text, shown, depth + 1) for item in tree.elts]
    return _number(tree, text, shown, 0)


def _number(tree: ast.expr, text: str, shown: str, depth: int) -> Fraction:
    if depth < 8:
        if isinstance(tree, ast.Constant) and type(tree.value) in (int, float):
            written = ast.get_source_segment(text.strip(), tree) or str(tree.value)
            mantissa, _, exponent = written.lower().partition("e")
            if len(mantissa) <= _MOST_DIGITS and len(exponent) <= 4:
                return Fraction(str(tree.value))
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
            value = _number(tree.operand, text, shown, depth + 1)
            return -value if isinstance(tree.op, ast.USub) else value
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div):
            below = _number(tree.right, text, shown, depth + 1)
            if below:
                return _number(tree.left, text, shown, depth + 1) / below
    raise InvalidGiven(f"{shown}: {ast.unparse(tree)[:40]} is not a number")
