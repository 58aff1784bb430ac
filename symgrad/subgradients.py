r"""Subgradients as slopes: `\partial_w P \ni \lambda w - …` and `g \in \partial_w P` are equalities wherever there is a slope."""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def with_slopes(sheet: Sheet) -> Sheet:
    """The sheet with what is said to be one of the subgradients as the gradient; that zero is one tells of an optimum."""
    return replace(sheet, statements=[replace(s, node=_as_slope(s.node)) for s in sheet.statements])


def _as_slope(node: Node) -> Node:
    match node:
        case sx.Relation(sides=(sx.Derivative(), other), operators=("ni",)) if not is_numeric(other):
            return replace(node, operators=("=",))
        case sx.Relation(sides=(other, sx.Derivative() as slope), operators=("in",)) if not is_numeric(other):
            return replace(node, sides=(slope, other), operators=("=",))
    return node
