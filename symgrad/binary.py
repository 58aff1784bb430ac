r"""The cross-entropy of one example with its label put in: `L = -\log a` where y = 1 is given, and then `\partial L/\partial z = a - y`.

The loss is written for any label, so that the gradient is true of every one and not of this one.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.meaning import is_loss
from symgrad.naming import plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_LABELS = ("y", "t")
_LOGARITHMS = frozenset({"log", "ln", "\\log", "\\ln"})


def for_any_label(sheet: Sheet) -> Sheet:
    """The sheet with such a loss written by its label, where a gradient speaks of the label."""
    given = {(name, constant_of(value)) for s in sheet.statements for name, value in heads(s) if name in _LABELS}
    formulas = [formula for s in sheet.statements for _, formula in heads(s) if constant_of(formula) is None]
    for label, value in sorted(given, key=str):
        others = [v for name, v in given if name == label]
        if value not in (0, 1) or len(others) > 1 or any(label in mentions(formula) for formula in formulas):
            continue
        if not any(label in mentions(s.node) for s in sheet.statements if not heads(s)):
            continue
        return replace(sheet, statements=[_for_any(s, label, value) for s in sheet.statements])
    return sheet


def _for_any(statement: Statement, label: str, value: Fraction) -> Statement:
    node = statement.node
    if not isinstance(node, sx.Relation) or not any(is_loss(name) for name, _ in heads(statement)):
        return statement
    inside = _logarithm(node.sides[1])
    output = inside if value else _complement(inside)
    if output is None or plain_name(output) is None or not isinstance(node.sides[1], sx.Prefix):
        return statement
    span, call = node.sides[1].span, node.sides[1].body
    assert isinstance(call, sx.Call)
    y: Node = sx.Name(span, label)
    one = sx.Number(span, "1")

    def less(what: Node) -> Node:
        return sx.Group(span, "(", ")", sx.Sum(span, (one, what), ("", "-")))

    terms = (
        sx.Product(span, (y, replace(call, args=(output,))), ("",)),
        sx.Product(span, (less(y), replace(call, args=(less(output),))), ("",)),
    )
    entropy = sx.Prefix(span, "-", sx.Group(span, "(", ")", sx.Sum(span, terms, ("", "+"))))
    return replace(statement, node=replace(node, sides=(node.sides[0], entropy, *node.sides[2:])))


def _logarithm(node: Node) -> Node | None:
    r"""The a of `-\log a`."""
    match node:
        case sx.Prefix(sign="-", body=sx.Call(function=sx.Name(base=word), args=(inside,))) if word in _LOGARITHMS:
            return inside.body if isinstance(inside, sx.Group) else inside
    return None


def _complement(node: Node | None) -> Node | None:
    """The a of `1 - a`."""
    match node:
        case sx.Sum(terms=(sx.Number(text="1"), output), signs=(_, "-")):
            return output
    return None
