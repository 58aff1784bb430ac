r"""Subgradients as slopes: `\partial_w P \ni \lambda w - …` and `g \in \partial_w P` are equalities wherever there is a slope.

So are cases with a set of slopes where there is a kink.
"""

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
        case sx.Relation(sides=(sx.Derivative(), *others)):
            return replace(node, sides=(node.sides[0], *map(_without_sets, others)))
    return node


def _without_sets(node: Node) -> Node:
    r"""Cases without those of which there are many slopes, `[0, 1]` or `\{\theta x: \theta \in [0, 1]\}` at a kink."""
    match node:
        case sx.Cases(rows=rows):
            kept = tuple(row for row in rows if not _is_a_set(row.value))
            return replace(node, rows=kept) if kept else node
    return node


def _is_a_set(node: Node) -> bool:
    """Whether it is an interval, or a set in braces."""
    return isinstance(node, sx.List) or (isinstance(node, sx.Group) and (node.open in ("\\{", "{") or isinstance(node.body, sx.Listing)))
