"""Entries chosen by a mask and then added up: `A[A > 0].sum()` is Σ 1[A > 0] ⊙ A.

How many there are no shape says, so they are read only where they become one number at once.
"""

from __future__ import annotations

import ast
from copy import deepcopy
from dataclasses import replace

from symgrad.errors import Unsupported
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.read.arrays import Array, sized
from symgrad.read.call import Call, Reading, whole
from symgrad.read.functions import ELEMENTWISE_WORDS, word_of

HOW = "entries that a mask chooses are summed or averaged at once, as in A[A > 0].sum()"
_OF_ALL_NUMBERS = {word for word, (op, _) in ELEMENTWISE_WORDS.items() if ELEMENTWISE[op].domain == "real"} | {"maximum", "minimum"}


def chooses(reader: Reading, node: ast.AST) -> bool:
    """Whether a mask stands behind an array: a comparison, its opposite, several at once, or a name that is said to be one."""
    if not isinstance(node, ast.Subscript):
        return False
    at = node.slice
    if isinstance(at, ast.Compare) or (isinstance(at, ast.UnaryOp) and isinstance(at.op, ast.Invert)):
        return True
    if isinstance(at, ast.BinOp) and isinstance(at.op, (ast.BitAnd, ast.BitOr)):
        return True
    return isinstance(at, ast.Name) and reader.is_mask(at.id)


def reduced(op: str, call: Call, node: ast.expr) -> Array | None:
    """The sum or the mean of what is made of chosen entries one by one; None where none are chosen."""
    reader, t = call.reader, call.typing
    chosen = [n for n in ast.walk(node) if isinstance(n, ast.Subscript) and chooses(reader, n)]
    if not chosen:
        return None
    if op not in ("sum", "mean") or len(call.args) > 1 or call.keywords:
        raise call.refused(HOW, kind=Unsupported)
    if len({ast.unparse(n.slice) for n in chosen}) > 1:
        raise call.refused("entries that different masks choose, side by side", chosen[1].slice, Unsupported)
    _is_one_by_one(call, node)
    mask = reader.condition(chosen[0].slice)
    body = reader.array(_Whole(reader).visit(deepcopy(node)))
    chooses_rows = t.is_vector(mask) and not body.lead and not t.is_vector(body)
    if chooses_rows:
        mask = replace(t.column(mask, mask.span), flat=False, upright=True)
    sizes = zip(mask.shape[: 1 if chooses_rows else None], body.shape, strict=not chooses_rows)
    met = t.shapes.together(*sizes) if len(mask.shape) == len(body.shape) else None
    if met is None or not mask.mask:
        raise t.clash("a mask is as large as what it chooses from", call.span, mask, body)
    t.shapes = met
    total = t.reduced("sum", t.times(mask, body, call.span), None, False, call.span)
    if op == "sum":
        return total
    count = t.reduced("sum", mask, None, False, call.span)
    return t.over(total, t.times(count, sized(body.cols, call.span), call.span) if chooses_rows else count, call.span)


class _Whole(ast.NodeTransformer):
    """Arrays without the masks behind them."""

    def __init__(self, reader: Reading) -> None:
        self.reader = reader

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return node.value if chooses(self.reader, node) else node


def _is_one_by_one(call: Call, node: ast.expr) -> None:
    """Refuses what is not made of each chosen entry by itself, and what has no value at the others, which are there all the same."""
    reader = call.reader
    if chooses(reader, node):
        return
    if not any(chooses(reader, n) for n in ast.walk(node)):
        array = reader.array(node)
        if not call.typing.is_scalar(array):
            raise call.refused("beside chosen entries stand numbers, or entries that the same mask chooses", node, Unsupported)
        return
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            _is_one_by_one(call, inner)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult(), left=left, right=right):
            _is_one_by_one(call, left)
            _is_one_by_one(call, right)
        case ast.BinOp(op=ast.Div(), left=left, right=right) if not any(chooses(reader, n) for n in ast.walk(right)):
            _is_one_by_one(call, left)
            _is_one_by_one(call, right)
        case ast.BinOp(op=ast.Pow(), left=left, right=right) if (whole(right) or 0) > 0:
            _is_one_by_one(call, left)
        case ast.Call(func=ast.Name() | ast.Attribute() as named, args=args, keywords=[]) if word_of(ast.unparse(named)) in _OF_ALL_NUMBERS:
            for arg in args:
                _is_one_by_one(call, arg)
        case _:
            said = "of chosen entries symgrad reads sums, products, whole powers and functions that all numbers have a value of"
            raise call.refused(said, node, Unsupported)
