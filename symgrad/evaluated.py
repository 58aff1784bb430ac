"""A function's value without its argument: the `σ = 0.5987` behind `s = 0.6 − 0.2 = 0.4` on the same line is that at s."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.naming import plain_name
from symgrad.read import functions as fn
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def with_what_it_is_of(sheet: Sheet) -> Sheet:
    """The sheet with the argument in `f = 0.6`, where f is a function and the value before it is what it is taken of."""
    relations = [s.node for s in sheet.statements if isinstance(s.node, sx.Relation)]
    called = {plain_name(n.function) for r in relations for n in sx.walk(r) if isinstance(n, sx.Call) and len(n.args) == 1}
    known = {name for name in called if name is not None and fn.word_of(name) in fn.ELEMENTWISE_WORDS}
    statements = list(sheet.statements)
    for i, (before, statement) in enumerate(pairwise(sheet.statements), start=1):
        argument = _argument(before.node)
        same_line = sheet.source.place(before.span.start)[0] == sheet.source.place(statement.span.start)[0]
        node = statement.node
        if argument is not None and same_line and isinstance(node, sx.Relation) and _is_a_value(node, known):
            first = node.sides[0]
            call = sx.Call(first.span, first, (argument,), "(")
            statements[i] = replace(statement, node=replace(node, sides=(call, *node.sides[1:])))
    return replace(sheet, statements=statements)


def _is_a_value(node: sx.Relation, known: set[str]) -> bool:
    return plain_name(node.sides[0]) in known and constant_of(node.sides[-1]) is not None


def _argument(node: Node) -> Node | None:
    """The s of `s = … = 0.4`."""
    if isinstance(node, sx.Relation) and plain_name(node.sides[0]) is not None and constant_of(node.sides[-1]) is not None:
        return node.sides[0]
    return None
